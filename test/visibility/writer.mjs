// Random transactions: of one action or several, with savepoints, prepared, long.
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor } from './actor.mjs'
import { COLLISIONS, idOf, nextAction } from './statements.mjs'

export class Writer extends Actor {
	commits = 0
	#prepared = 0

	constructor(world, gate, random, name) {
		super(world, gate, random)
		this.name = name
	}

	async open() {
		await super.open()
		await this.connection.query(`SET deadlock_timeout = '50ms'; SET lock_timeout = '250ms'`)
	}

	expects(error) {
		return COLLISIONS.has(error.code)
	}

	async act() {
		const { random } = this
		if (this.world.prepared.length > 0 && random.oneIn(4)) return this.finishOne()
		const ending = random.weighted([[14, 'commit'], [2, 'rollback'], [1, 'prepare'], [2, 'long']])
		// What keeps readers out is ended at once, halt or not: they would wait for it.
		let exclusive = false
		await this.connection.query('BEGIN')
		for (let left = 1 + random.below(4); left > 0; left--) {
			if (!exclusive) await this.gate.pass()
			exclusive ||= await this.step()
			if (random.oneIn(3)) await sleep(random.below(15))
			if (ending === 'long' && !exclusive) await sleep(random.below(300))
		}
		if (!exclusive) await this.gate.pass()
		await this.end(ending === 'prepare' && exclusive ? 'commit' : ending)
	}

	/** Says whether it holds readers off. */
	async step() {
		const { random, world } = this
		const { table, statements, exclusive } = nextAction(random, world.era)
		const savepoint = random.oneIn(4)
		if (savepoint) await this.connection.query('SAVEPOINT s')
		for (const [sql, parameters] of statements) {
			const { rows } = await this.connection.query(sql, parameters)
			if (table !== null) for (const row of rows) world.testify(table, idOf(table, row), row)
		}
		if (savepoint) await this.connection.query(random.oneIn(2) ? 'ROLLBACK TO s' : 'RELEASE s')
		return exclusive
	}

	async end(ending) {
		if (ending === 'rollback') return this.connection.query('ROLLBACK')
		if (ending === 'prepare') {
			const gid = `${this.name} ${this.#prepared++}`
			await this.connection.query(`PREPARE TRANSACTION '${gid}'`)
			this.world.prepared.push(gid)
			return
		}
		await this.connection.query('COMMIT')
		this.commits++
	}

	async finishOne() {
		const [gid] = this.world.prepared.splice(this.random.below(this.world.prepared.length), 1)
		await this.connection.query(`${this.random.oneIn(3) ? 'ROLLBACK' : 'COMMIT'} PREPARED '${gid}'`)
	}
}

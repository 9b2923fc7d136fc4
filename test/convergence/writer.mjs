// A writer: random transactions that hold on between their writes and their end.
import { connect } from './database.mjs'
import { Random } from '../model/random.mjs'
import { COLLISIONS, STATEMENTS } from '../model/statements.mjs'
import { setTimeout as sleep } from 'node:timers/promises'

export class Writer {
	commits = 0
	unexpected = []

	constructor(seed) {
		this.random = new Random(seed)
	}

	async open() {
		this.connection = await connect()
		await this.connection.query(`SET deadlock_timeout = '50ms'`)
	}

	async close() {
		await this.connection.end()
	}

	async runUntil(until) {
		while (Date.now() < until) {
			try {
				await this.transaction()
			} catch (error) {
				if (!COLLISIONS.has(error.code)) this.unexpected.push(`${error.code} ${error.message}`)
				if (error.code === undefined || error.severity === 'FATAL') return
				await this.connection.query('ROLLBACK')
			}
		}
	}

	async transaction() {
		const { random } = this
		await this.connection.query('BEGIN')
		for (let left = 1 + random.below(4); left > 0; left--) {
			const savepoint = random.oneIn(4)
			if (savepoint) await this.connection.query('SAVEPOINT s')
			await this.connection.query(...random.weighted(STATEMENTS)(random))
			if (savepoint && random.oneIn(2)) await this.connection.query('ROLLBACK TO s')
			else if (savepoint) await this.connection.query('RELEASE s')
			if (random.oneIn(2)) await sleep(random.below(40))
		}
		await sleep(random.below(60))
		if (random.oneIn(8)) await this.connection.query('ROLLBACK')
		else {
			await this.connection.query('COMMIT')
			this.commits++
		}
	}
}

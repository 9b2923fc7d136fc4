// Changes policies, what is declared, and grants, and compacts the log.
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor } from './actor.mjs'
import { CHOICES, declaration, GRANTS, GUEST, MEMBER, POLICIES, USERS } from './schema.mjs'

const OBSTACLES = new Set(['55P03', '40P01', '40001'])
const REST_MS = 60

export class Administrator extends Actor {
	done = new Map()
	#taken = new Set()

	async open() {
		await super.open()
		await this.connection.query(`SET deadlock_timeout = '50ms'; SET lock_timeout = '250ms'`)
	}

	expects(error) {
		return OBSTACLES.has(error.code)
	}

	async act() {
		await sleep(this.random.below(REST_MS))
		await this.gate.pass()
		const deed = this.random.weighted([[4, 'alterPolicy'], [4, 'declare'], [4, 'grant'], [2, 'compact'], [1, 'promote']])
		await this[deed]()
		this.done.set(deed, (this.done.get(deed) ?? 0) + 1)
	}

	async alterPolicy() {
		const table = this.random.pick(Object.keys(POLICIES))
		await this.connection.query('BEGIN')
		await this.connection.query(`ALTER POLICY app ON ${table} USING (${this.random.pick(POLICIES[table])})`)
		await this.connection.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(declaration(this.world.chosen, this.world.ordinal))])
		await this.connection.query('COMMIT')
	}

	declare() {
		const name = this.random.pick(Object.keys(CHOICES))
		const chosen = { ...this.world.chosen, [name]: this.random.pick(CHOICES[name]) }
		return this.world.rights.alone(async () => {
			await this.connection.query('SELECT plasma.run_migrations($1)', [JSON.stringify(declaration(chosen, this.world.ordinal + 1))])
			this.world.chosen = chosen
			this.world.ordinal++
		})
	}

	grant() {
		const grant = this.random.pick(GRANTS)
		const [take, give] = grant
		return this.world.rights.alone(async () => {
			await this.connection.query(this.#taken.has(grant) ? give : take)
			if (!this.#taken.delete(grant)) this.#taken.add(grant)
		})
	}

	async compact() {
		await this.connection.query('SELECT plasma.compact_change_log()')
	}

	/** A user's token names another role from now on. */
	async promote() {
		const user = this.random.pick(USERS)
		user.role = user.role === MEMBER ? GUEST : MEMBER
	}
}

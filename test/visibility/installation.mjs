// One installation of a user's client: its cookie and its copy, and what it must never
// be told.
import { Copy } from '../model/copy.mjs'
import { become } from './truth.mjs'
import { scopeColumns, sliceOf, versionName } from './schema.mjs'

const LIMITS = [1, 2, 3, 5, 8, 13, 25, 50]
const TRACE = 4000

export class Installation {
	cookie = null
	copy = new Copy()
	findings = []
	pulls = 0
	/** Told of the end of rows that it did not have: none of a foreign slice, but perhaps of its own. */
	needless = 0
	#saved = null
	#trace = []

	constructor(world, user, name) {
		Object.assign(this, { world, user, name })
		/** Half of them are never updated. */
		this.isOld = name.endsWith('a')
	}

	/** A page, not applied; the connection is the gateway's, in a transaction or not. */
	async ask(connection, random, { cookie = this.cookie, role = this.user.role, inTransaction = false } = {}) {
		this.pulls++
		const { sub, manner } = this.user
		const request = JSON.stringify({
			protocolVersion: 1, schemaVersion: versionName(this.isOld ? 0 : this.world.ordinal), clientGroupID: this.name, clientID: this.name, cookie, limit: random.pick(LIMITS)
		})
		if (manner === 'ctx') {
			const { rows } = await connection.query('SELECT plasma.pull($1, $2) AS page', [request, JSON.stringify({ sub, role })])
			return rows[0].page
		}
		if (!inTransaction) await connection.query('BEGIN')
		await become(connection, this.user, role)
		const { rows } = await connection.query('SELECT plasma.pull($1) AS page', [request])
		await connection.query(inTransaction ? 'RESET ROLE' : 'COMMIT')
		return rows[0].page
	}

	/** truth: what the user sees in the page's snapshot, where that is known. */
	accept(page, truth = null) {
		for (const operation of page.patch) {
			this.#note(`${this.pulls}: ${JSON.stringify(operation)}`)
			this.#judge(operation, truth)
			this.copy.apply(operation)
		}
		this.cookie = page.cookie
		return page.hasMore === true
	}

	async pull(connection, random, options, truth) {
		return this.accept(await this.ask(connection, random, options), truth)
	}

	save() {
		this.#saved = { cookie: this.cookie, tables: structuredClone(this.copy.tables) }
	}

	/** As from a backup of the device. */
	restore() {
		if (this.#saved === null) return
		this.#note('restored')
		this.cookie = this.#saved.cookie
		this.copy.tables = structuredClone(this.#saved.tables)
	}

	inherit(other) {
		this.cookie = other.cookie
		this.copy.tables = structuredClone(other.copy.tables)
	}

	forget() {
		this.cookie = null
		this.#note('forgot its cookie')
	}

	/** What was told of a row, newest last. */
	story(id) {
		return this.#trace.filter((line) => line.includes(JSON.stringify(id).slice(1, -1)) || /"op":"clear"|restored|forgot/.test(line)).slice(-30)
	}

	#note(line) {
		this.#trace.push(line)
		if (this.#trace.length > TRACE) this.#trace.splice(0, TRACE / 2)
	}

	#judge({ op, table, id, value, where }, truth) {
		const fault = op === 'put' ? this.#faultOfPut(table, id, value, truth) :
			op === 'del' ? this.#faultOfDel(table, id) :
			where !== undefined && !this.user.homes.includes(sliceOf(where)) ? 'the slice was never the user\'s' : null
		if (fault !== null) this.findings.push(`${this.name}: ${op} of ${table} ${id ?? JSON.stringify(where)}: ${fault}`)
	}

	#faultOfPut(table, id, value, truth) {
		const { homes, sub } = this.user
		const scoped = scopeColumns(table).length > 0
		if (scoped && !homes.includes(sliceOf(value))) return `of a slice that never was the user's: ${JSON.stringify(value)}`
		if (table === 'tasks' && value.owner !== sub && !value.shared) return 'of another owner'
		if ((table === 'wiki' || table === 'files') && value.owner !== sub && !homes.includes(sliceOf(value))) return 'of another team'
		if (truth !== null && !truth.get(table).has(id)) return 'the user does not see it'
		return null
	}

	#faultOfDel(table, id) {
		const held = this.copy.table(table).has(id)
		if (!held) this.needless++
		if (held || scopeColumns(table).length === 0) return null
		return this.world.wasIn(table, id, this.user.homes) ? null : 'it was never in a slice of the user'
	}
}


// Clients: one with plasma's cookie, one with the documented cursor.
import { connect, DECLARATION, VERSION } from './database.mjs'
import { Copy } from '../model/copy.mjs'
import { setTimeout as sleep } from 'node:timers/promises'

class Client extends Copy {
	errors = []
	pulls = 0

	async open() {
		this.connection = await connect()
	}

	async close() {
		await this.connection.end()
	}

	async runUntil(until) {
		while (Date.now() < until && !this.errors.length)
			if (!(await this.pullOnce())) await sleep(5)
	}

	async catchUp() {
		while (await this.pullOnce());
	}

	/** Pulls a page; a retryable error is retried, as every client does. */
	async pullOnce() {
		this.pulls++
		try {
			return await this.pull()
		} catch (error) {
			const retry = error.code === '40P01' || error.code === '40001'
			if (!retry) this.errors.push(`${error.code} ${error.message}`)
			return retry
		}
	}
}

export class SyncClient extends Client {
	cookie = null

	constructor(id, limit) {
		super()
		this.id = id
		this.limit = limit
	}

	async pull() {
		const request = {
			protocolVersion: 1,
			schemaVersion: VERSION,
			clientGroupID: 'group',
			clientID: this.id,
			cookie: this.cookie,
			limit: this.limit
		}
		const { rows } = await this.connection.query('SELECT plasma.pull($1) AS answer', [JSON.stringify(request)])
		const { cookie, patch, hasMore } = rows[0].answer
		for (const operation of patch) this.apply(operation)
		this.cookie = cookie
		return hasMore === true
	}
}

/** The log holds whole rows. */
function declared(table, value) {
	if (value === null) return null
	const columns = Object.keys(DECLARATION.tables[table].columns)
	return Object.fromEntries(columns.map((column) => [column, value[column]]))
}

export class NaiveClient extends Client {
	version = '0'

	async pull() {
		const { rows } = await this.connection.query(
			`SELECT row_version, op, table_name, row_id, value FROM plasma.changes
			 WHERE row_version > $1 ORDER BY row_version LIMIT 50`, [this.version])
		for (const row of rows) {
			this.apply({ op: row.op, table: row.table_name, id: row.row_id, value: declared(row.table_name, row.value) })
			this.version = row.row_version
		}
		return rows.length === 50
	}
}

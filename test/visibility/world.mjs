// The database, what is declared in it just now, and what every row's id has ever
// stood for.
import { connect } from '../model/pg.mjs'
import {
	AFTER_DECLARATION, BEFORE_DECLARATION, CHOICES, declaration, GATEWAY, GUEST, MEMBER, sliceOf, TABLES
} from './schema.mjs'

const DATABASE = 'plasma_visibility'
const ROLES = [GATEWAY, MEMBER, GUEST]

/** Many at once, or one alone. */
export class Turnstile {
	#inside = 0
	#alone = false
	#waiting = []

	async #until(free) {
		while (!free()) await new Promise((wake) => this.#waiting.push(wake))
	}

	#wake() {
		for (const wake of this.#waiting.splice(0)) wake()
	}

	async together(work) {
		await this.#until(() => !this.#alone)
		this.#inside++
		try {
			return await work()
		} finally {
			this.#inside--
			this.#wake()
		}
	}

	async alone(work) {
		await this.#until(() => !this.#alone)
		this.#alone = true
		try {
			await this.#until(() => this.#inside === 0)
			return await work()
		} finally {
			this.#alone = false
			this.#wake()
		}
	}
}

export class World {
	chosen = Object.fromEntries(Object.entries(CHOICES).map(([name, [first]]) => [name, first]))
	/** Of the declaration that is active. */
	ordinal = 0
	/** Grants and scope queries lock no table: those who compare in their own snapshot keep them still. */
	rights = new Turnstile()
	/** Grows, so that ids do not become everybody's in time. */
	era = 0
	/** What writers have prepared and nobody has ended. */
	prepared = []
	#witness = new Map(Object.keys(TABLES).map((table) => [table, new Map()]))

	connect(user = process.env.PGUSER) {
		return connect({ database: DATABASE, user, query_timeout: 60000 })
	}

	async #onMaintenance(statements) {
		const connection = await connect({ database: process.env.PGDATABASE ?? 'postgres' })
		for (const statement of statements) await connection.query(statement)
		await connection.end()
	}

	async create() {
		await this.drop()
		await this.#onMaintenance([
			...ROLES.map((role) => `CREATE ROLE ${role} ${role === GATEWAY ? 'LOGIN' : 'NOLOGIN'}`),
			`GRANT ${MEMBER}, ${GUEST} TO ${GATEWAY}`,
			`CREATE DATABASE ${DATABASE} ENCODING 'UTF8' TEMPLATE template0`
		])
		const connection = await this.connect()
		await connection.query('CREATE EXTENSION plasma')
		await connection.query(BEFORE_DECLARATION)
		await connection.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(declaration(this.chosen, this.ordinal))])
		await connection.query(AFTER_DECLARATION)
		await connection.query(`SELECT plasma.grant_access($1, 'gateway')`, [GATEWAY])
		for (const role of [MEMBER, GUEST]) await connection.query(`SELECT plasma.grant_access($1, 'sync')`, [role])
		await connection.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(declaration(this.chosen, this.ordinal))])
		await connection.end()
	}

	async drop() {
		await this.#onMaintenance([`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`,
			...ROLES.map((role) => `DROP ROLE IF EXISTS ${role}`)])
	}

	/** Writers tell where they put rows before they commit. */
	testify(table, id, row) {
		const known = this.#witness.get(table)
		if (!known.has(id)) known.set(id, new Set())
		known.get(id).add(sliceOf(row))
	}

	/** Whether a row of this id has ever been, if only uncommitted, in one of the slices. */
	wasIn(table, id, slices) {
		const known = this.#witness.get(table).get(id)
		return known !== undefined && slices.some((slice) => known.has(slice))
	}
}

// The database of the test.
import { connect as connectTo } from '../model/pg.mjs'
import { AFTER_DECLARATION, BEFORE_DECLARATION, readTables, TABLES } from '../model/tables.mjs'

export const DATABASE = 'plasma_convergence'
export const VERSION = 'convergence-v1'
export const DECLARATION = { version: VERSION, tables: TABLES }

export function connect(database = DATABASE) {
	return connectTo({ database })
}

async function onMaintenance(...statements) {
	const client = await connect(process.env.PGDATABASE ?? 'postgres')
	for (const statement of statements) await client.query(statement)
	await client.end()
}

export async function createDatabase() {
	await onMaintenance(
		`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`,
		`CREATE DATABASE ${DATABASE} ENCODING 'UTF8' TEMPLATE template0`
	)
	const client = await connect()
	await client.query('CREATE EXTENSION plasma')
	await client.query(BEFORE_DECLARATION)
	await client.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(DECLARATION)])
	await client.query(AFTER_DECLARATION)
	await client.end()
}

export async function dropDatabase() {
	await onMaintenance(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`)
}

export async function tableRows() {
	const client = await connect()
	const truth = await readTables(client, TABLES)
	await client.end()
	return truth
}

// The database of the test: three tables, one of them with a key of two columns,
// one that refers to another.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const pg = createRequire(fileURLToPath(new URL('../../examples/package.json', import.meta.url)))('pg')

export const DATABASE = 'plasma_convergence'
export const VERSION = 'convergence-v1'
export const TABLES = ['items', 'parts', 'pairs']

const DECLARATION = {
	version: VERSION,
	tables: {
		items: {
			columns: {
				id: { kind: 'id' },
				n: { kind: 'int' },
				big: { kind: 'bigint', nullable: true },
				body: { kind: 'text', nullable: true },
				meta: { kind: 'json', nullable: true }
			}
		},
		parts: {
			columns: {
				id: { kind: 'sql', type: 'bigint' },
				item: { kind: 'ref', references: 'items', onDelete: 'cascade' },
				done: { kind: 'boolean', default: false }
			},
			key: 'id'
		},
		pairs: {
			columns: {
				a: { kind: 'text' },
				b: { kind: 'int' },
				n: { kind: 'int' }
			},
			key: ['a', 'b']
		}
	}
}

export async function connect(database = DATABASE) {
	const client = new pg.Client({ database })
	await client.connect()
	return client
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
	await client.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(DECLARATION)])
	await client.end()
}

export async function dropDatabase() {
	await onMaintenance(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`)
}

/** What every client must hold in the end, made without plasma. */
export async function tableRows() {
	const client = await connect()
	const queries = {
		items: `SELECT id AS key, json_build_object('id', id, 'n', n, 'big', big::text, 'body', body, 'meta', meta) AS row FROM items`,
		parts: `SELECT id::text AS key, row_to_json(parts) AS row FROM parts`,
		pairs: `SELECT json_build_array(a, b::text)::text AS key, row_to_json(pairs) AS row FROM pairs`
	}
	const truth = new Map()
	for (const table of TABLES) {
		const { rows } = await client.query(queries[table])
		const key = (text) => (table === 'pairs' ? JSON.stringify(JSON.parse(text)) : text)
		truth.set(table, new Map(rows.map((row) => [key(row.key), row.row])))
	}
	await client.end()
	return truth
}

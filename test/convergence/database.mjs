// The database of the test: a table with a trigger that rewrites its rows, one
// that refers to it, one with a key of two columns, and a partitioned one.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const pg = createRequire(fileURLToPath(new URL('../../examples/package.json', import.meta.url)))('pg')

export const DATABASE = 'plasma_convergence'
export const VERSION = 'convergence-v1'
export const TABLES = ['items', 'parts', 'pairs', 'events']

export const DECLARATION = {
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
		},
		events: {
			columns: {
				k: { kind: 'int' },
				id: { kind: 'text' },
				n: { kind: 'int' }
			},
			key: ['k', 'id']
		}
	}
}

const BEFORE_DECLARATION = `
	CREATE TABLE events (k bigint, id text, n bigint NOT NULL, PRIMARY KEY (k, id)) PARTITION BY RANGE (k);
	CREATE TABLE events_0 PARTITION OF events FOR VALUES FROM (0) TO (10);
	CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (10) TO (20);
	CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (20) TO (30)`

const AFTER_DECLARATION = `
	CREATE FUNCTION reduce() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		UPDATE items SET n = n - 900 WHERE id = NEW.id;
		RETURN NULL;
	END $$;
	CREATE TRIGGER reduce AFTER INSERT OR UPDATE ON items FOR EACH ROW
		WHEN (NEW.n > 900) EXECUTE FUNCTION reduce();

	CREATE FUNCTION finish(item_id text) RETURNS int LANGUAGE plpgsql AS $$
	DECLARE
		finished int;
	BEGIN
		UPDATE parts SET done = true WHERE item = item_id;
		GET DIAGNOSTICS finished = ROW_COUNT;
		UPDATE items SET n = finished WHERE id = item_id;
		BEGIN
			INSERT INTO pairs VALUES ('done', finished, 1);
			DELETE FROM pairs WHERE a = 'done' AND b < finished;
		EXCEPTION WHEN unique_violation THEN
			UPDATE pairs SET n = n + 1 WHERE a = 'done';
		END;
		RETURN finished;
	END $$`

// What goes wrong with a connection between two queries is told by the next one.
export async function connect(database = DATABASE) {
	const client = new pg.Client({ database })
	client.on('error', () => {})
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
	await client.query(BEFORE_DECLARATION)
	await client.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(DECLARATION)])
	await client.query(AFTER_DECLARATION)
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
		parts: `SELECT id::text AS key, json_build_object('id', id, 'item', item, 'done', done) AS row FROM parts`,
		pairs: `SELECT json_build_array(a, b::text)::text AS key, row_to_json(pairs) AS row FROM pairs`,
		events: `SELECT json_build_array(k::text, id)::text AS key, row_to_json(events) AS row FROM events`
	}
	const truth = new Map()
	for (const table of TABLES) {
		const { rows } = await client.query(queries[table])
		const key = (text) => (DECLARATION.tables[table].key?.length === 2 ? JSON.stringify(JSON.parse(text)) : text)
		truth.set(table, new Map(rows.map((row) => [key(row.key), row.row])))
	}
	await client.end()
	return truth
}

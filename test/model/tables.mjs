// The tables: one with a trigger that rewrites its rows, one that refers to it, one
// with a key of two columns, and a partitioned one.

export const TABLES = {
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

export const BEFORE_DECLARATION = `
	CREATE TABLE events (k bigint, id text, n bigint NOT NULL, PRIMARY KEY (k, id)) PARTITION BY RANGE (k);
	CREATE TABLE events_0 PARTITION OF events FOR VALUES FROM (0) TO (10);
	CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (10) TO (20);
	CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (20) TO (30)`

export const AFTER_DECLARATION = `
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

/** The rows of a declared table by their ids, made without plasma. */
async function readTable(connection, name, { columns, key = 'id' }) {
	const keys = [key].flat()
	const id = keys.length === 1 ? `${keys[0]}::text` : `json_build_array(${keys.map((k) => `${k}::text`).join(', ')})::text`
	const values = Object.entries(columns).map(([column, { kind }]) => `'${column}', ${column}${kind === 'bigint' ? '::text' : ''}`)
	const { rows } = await connection.query(`SELECT ${id} AS id, json_build_object(${values.join(', ')}) AS row FROM ${name}`)
	return new Map(rows.map((row) => [keys.length === 1 ? row.id : JSON.stringify(JSON.parse(row.id)), row.row]))
}

/** What every client must hold in the end. */
export async function readTables(connection, tables) {
	const truth = new Map()
	for (const [name, table] of Object.entries(tables)) truth.set(name, await readTable(connection, name, table))
	return truth
}

// The declarations that migrations lead through.  A version's name tells what it
// declares beside the tables of the model, as "7+note+extras": a column that comes and
// goes, another one with a default, a table, and the scope of the desks, which are
// everybody's without it.  Which one is active is asked of the server, since a failover
// may have lost the last one.
import { TABLES } from '../model/tables.mjs'

const FEATURES = ['note', 'score', 'extras', 'rooms']

const OWN_TABLES = {
	ticks: { columns: { id: { kind: 'id' }, n: { kind: 'int' } } },
	tallies: { columns: { id: { kind: 'id' }, n: { kind: 'int' } } },
	desks: { columns: { id: { kind: 'id' }, room: { kind: 'text', nullable: true }, n: { kind: 'int' } } }
}

const SCOPES = { rooms: `SELECT room FROM seats WHERE who = plasma.ctx()->>'sub'` }

export function declaration(version) {
	const [, ...features] = version.split('+')
	const tables = structuredClone({ ...TABLES, ...OWN_TABLES })
	if (features.includes('note')) tables.items.columns.note = { kind: 'text', nullable: true }
	if (features.includes('score')) tables.pairs.columns.score = { kind: 'int', default: 7 }
	if (features.includes('extras'))
		tables.extras = { columns: { id: { kind: 'id' }, n: { kind: 'int', nullable: true } } }
	if (!features.includes('rooms')) return { version, tables }
	tables.desks.scope = { rooms: 'room' }
	return { version, tables, scopes: SCOPES }
}

/** Who sits in which rooms, as the oracle knows it. */
export async function readSeats(connection) {
	const { rows } = await connection.query('SELECT who, array_agg(room) AS rooms FROM seats GROUP BY who')
	return new Map(rows.map(({ who, rooms }) => [who, rooms]))
}

/** What somebody is to hold of the tables: of the desks, those in his rooms. */
export function inSight(version, truth, rooms = []) {
	if (!version.split('+').includes('rooms')) return truth
	const desks = [...truth.get('desks')].filter(([, { room }]) => rooms.includes(room))
	return new Map(truth).set('desks', new Map(desks))
}

export const FIRST_VERSION = '0+rooms'

/** The next version: one feature comes or goes. */
export function nextVersion(version, ordinal, random) {
	const features = new Set(version.split('+').slice(1))
	const changed = random.weighted([[2, 'note'], [2, 'score'], [2, 'extras'], [1, 'rooms']])
	if (!features.delete(changed)) features.add(changed)
	return [ordinal, ...FEATURES.filter((feature) => features.has(feature))].join('+')
}

const EMPTYING = {
	note: 'UPDATE items SET note = NULL WHERE note IS NOT NULL',
	score: 'DELETE FROM pairs',
	extras: 'DELETE FROM extras'
}

/** What must be emptied before the planner lets it go: it loses no data by itself. */
export function emptying(from, to) {
	const gone = from.split('+').slice(1).filter((feature) => !to.split('+').includes(feature))
	return gone.filter((feature) => feature in EMPTYING).map((feature) => EMPTYING[feature])
}

/** What is allowed to a migration: a column and a table that hold nothing may go. */
export const ALLOWED = ['DS101', 'DS102', 'DS103']

/** What the declaration refers to. */
export const MEMBERSHIPS = `
	CREATE TABLE seats (who text, room text, PRIMARY KEY (who, room));
	INSERT INTO seats SELECT 'g' || g, 'r' || r FROM generate_series(0, 5) g, generate_series(0, 5) r WHERE (g + r) % 3 = 0`

/** What mutators and writers need beside the declared tables. */
export const SETUP = `
	CREATE TABLE runs (client text NOT NULL, mutation bigint NOT NULL);
	CREATE FUNCTION bump(note text) RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		me record := plasma.origin();
	BEGIN
		INSERT INTO runs VALUES (me.client_id, me.mutation_id);
		INSERT INTO tallies VALUES (me.client_id, 1) ON CONFLICT (id) DO UPDATE SET n = tallies.n + 1;
	END $$;
	CREATE FUNCTION place(item text, a text, b int) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('place');
		INSERT INTO items (id, n) VALUES (item, b) ON CONFLICT (id) DO UPDATE SET n = items.n + 1;
		INSERT INTO pairs (a, b, n) VALUES (place.a, place.b, 1)
			ON CONFLICT ON CONSTRAINT pairs_pkey DO UPDATE SET n = pairs.n + 1;
	END $$;
	CREATE FUNCTION scrap(item text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('scrap');
		DELETE FROM items WHERE id = scrap.item;
	END $$;
	CREATE FUNCTION carry(desk text, room text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('carry');
		INSERT INTO desks VALUES (carry.desk, carry.room, 1)
			ON CONFLICT (id) DO UPDATE SET room = excluded.room, n = desks.n + 1;
	END $$;
	CREATE FUNCTION refuse() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('refuse');
		RAISE EXCEPTION 'refused' USING ERRCODE = 'P0001';
	END $$;
	-- Two rows in an order that is another one for each call: these meet.
	CREATE FUNCTION cross_over(one text, two text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('cross_over');
		UPDATE items SET n = n + 1 WHERE id = one;
		PERFORM pg_sleep(0.01);
		UPDATE items SET n = n + 1 WHERE id = two;
	END $$;
	-- Fails in a way that a retry cures, every other time.
	CREATE FUNCTION stumble() RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM bump('stumble');
		IF random() < 0.5 THEN
			RAISE EXCEPTION 'stumbled' USING ERRCODE = '40001';
		END IF;
	END $$;
	SELECT plasma.register_mutator('place', 'place(text,text,int)'), plasma.register_mutator('scrap', 'scrap(text)'),
		plasma.register_mutator('carry', 'carry(text,text)'),
		plasma.register_mutator('refuse', 'refuse()'), plasma.register_mutator('crossOver', 'cross_over(text,text)'),
		plasma.register_mutator('stumble', 'stumble()')`

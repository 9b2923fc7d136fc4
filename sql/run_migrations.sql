-- run_migrations: one transaction that does a plan, or leaves nothing behind.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json
$$;
-- What came of it, with the error if there is one.
CREATE FUNCTION pg_temp.run(version text, tables text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text; result jsonb;
BEGIN
	result := plasma.run_migrations(pg_temp.declaration(version, tables), options);
	RETURN NEXT concat_ws(' ', result ->> 'status', result ->> 'version',
		(SELECT string_agg(i ->> 'code', ' ') FROM jsonb_array_elements(result -> 'plan' -> 'issues') i));
	RETURN QUERY SELECT concat_ws(' ', s ->> 'n', s ->> 'op', s ->> 'object')
		FROM jsonb_array_elements(result -> 'plan' -> 'steps') s;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ' ' || message;
	RETURN QUERY SELECT '- ' || line FROM regexp_split_to_table(detail, E'\n') AS line
		WHERE line <> '' AND line NOT LIKE '[%' AND line NOT LIKE '{%';
	RETURN QUERY SELECT '> ' || hint WHERE hint <> '';
END
$$;
-- All that a migration may touch, in one hash.
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE sql AS $$
	SELECT md5(concat_ws('|',
		(SELECT string_agg(c::text, ',' ORDER BY c.oid) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind <> 'c'),
		(SELECT string_agg(row (attrelid, attname, attnum, atttypid, attnotnull, attisdropped)::text, ',' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384),
		(SELECT string_agg(x::text, ',' ORDER BY x.oid) FROM pg_constraint x WHERE x.oid >= 16384),
		(SELECT string_agg(x::text, ',' ORDER BY x.oid) FROM pg_policy x),
		(SELECT string_agg(x::text, ',' ORDER BY x.oid) FROM pg_trigger x),
		(SELECT string_agg(row (x.oid, x.prosrc)::text, ',' ORDER BY x.oid) FROM pg_proc x WHERE x.oid >= 16384),
		(SELECT string_agg(x::text, ',') FROM plasma.declarations x),
		(SELECT string_agg(x::text, ',') FROM plasma.tables x),
		(SELECT string_agg(x::text, ',') FROM plasma.migrations x)))
$$;
CREATE FUNCTION pg_temp.declared() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', version, CASE WHEN active THEN 'active' END, CASE WHEN served THEN 'served' END)
	FROM plasma.declarations ORDER BY ordinal
$$;
CREATE FUNCTION pg_temp.shape(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
	(SELECT attname || ' ' || format_type(atttypid, atttypmod)
		|| CASE WHEN attnotnull THEN ' not null' ELSE '' END
		|| coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
	UNION ALL
	(SELECT conname || ': ' || left(pg_get_constraintdef(oid), 60)
	FROM pg_constraint WHERE conrelid = relation AND contype NOT IN ('n', 'p') ORDER BY conname COLLATE "C")
$$;

\set users '"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text"}}}'
\set todos '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}}}'

-- A dry run is a plan.
SELECT plasma.run_migrations(pg_temp.declaration('v1', :'users'), '{"dry_run":true}') ->> 'status';
SELECT to_regclass('users') IS NULL;
SELECT pg_temp.run('v1', :'users' || ',' || :'todos');
SELECT pg_temp.run('v1', :'users' || ',' || :'todos');
SELECT pg_temp.shape('todos');
INSERT INTO users VALUES ('u1', 'one'), ('u2', 'two');
INSERT INTO todos VALUES ('t1', 'a', NULL, 'u1'), ('t2', 'b', 2, 'u1'), ('t3', 'b', NULL, 'u2');
SELECT plasma.ensure_schema(pg_temp.declaration('v1', :'users' || ',' || :'todos'));

-- Refused: every reason at once, and nothing is touched.
SELECT pg_temp.everything() AS before \gset
SELECT pg_temp.run('v2', :'users' || ', "more": {"columns": {"id": {"kind":"id"}}}, "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text", "unique":true}, "rank": {"kind":"int"},
	"tagId": {"kind":"text"}}}');
SELECT pg_temp.everything() = :'before' AS untouched;
-- What fails half way undoes all.
CREATE FUNCTION refuse_it() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE command_tag = 'CREATE TABLE' AND schema_name = 'public') THEN
		RAISE EXCEPTION 'no tables today' USING ERRCODE = 'P0042';
	END IF;
END $$;
CREATE EVENT TRIGGER refuse_it ON ddl_command_end EXECUTE FUNCTION refuse_it();
SELECT pg_temp.everything() AS before \gset
\set SHOW_CONTEXT errors
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'users' || ',' || :'todos' || ', "more": {"columns": {"id": {"kind":"id"}}}'));
\set SHOW_CONTEXT never
SELECT pg_temp.everything() = :'before' AS untouched;
DROP EVENT TRIGGER refuse_it;
DROP FUNCTION refuse_it();

-- Additive changes, with a client that gets the values.
SELECT pg_temp.run('v2', :'users' || ', "tags": {"columns": {"id": {"kind":"id"}}}, "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
	"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}, "done": {"kind":"boolean", "default":false},
	"tag": {"kind":"ref", "references":"tags", "onDelete":"setNull", "nullable":true}}, "auth": {"read": "owner = plasma.ctx()->>''sub''"}}');
SELECT pg_temp.shape('todos');
SELECT table_name, op, row_id, value ->> 'done' FROM plasma.changes WHERE table_name = 'todos' ORDER BY row_version;
SELECT pg_temp.declared();
SELECT plasma.ensure_schema(pg_temp.declaration('v1', :'users' || ',' || :'todos')) - '{created,adopted}'::text[];

-- Going back drops nothing and makes the old one the active one.
SELECT pg_temp.run('v1', :'users' || ',' || :'todos');
SELECT pg_temp.shape('todos');
SELECT pg_temp.declared();
SELECT table_name, suppressed FROM plasma.tables ORDER BY 1;
SELECT plasma.ensure_schema(pg_temp.declaration('v1', :'users' || ',' || :'todos')) - '{created,adopted}'::text[];
SELECT pg_temp.run('v1', :'users' || ',' || :'todos');

-- The plan was made on another database.
SELECT pg_temp.run('v3', :'users' || ',' || :'todos', '{"fingerprint":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}');
SELECT plasma.plan(pg_temp.declaration('v3', :'users' || ',' || :'todos')) -> 'from' ->> 'catalog' AS catalog \gset
SELECT pg_temp.run('v3', :'users' || ',' || :'todos', jsonb_build_object('fingerprint', :'catalog'));
SELECT pg_temp.run('v3', :'users' || ',' || :'todos', '{"fingerprnt":"0"}');

-- Inside a larger transaction, of any isolation level.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO users VALUES ('u3', 'three');
SELECT pg_temp.run('v4', :'users' || ', "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "note": {"kind":"text", "nullable":true},
	"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}}}');
UPDATE todos SET note = 'x' WHERE id = 't1';
COMMIT;
SELECT op, row_id, value ->> 'note' FROM plasma.changes WHERE table_name = 'todos' ORDER BY row_version DESC LIMIT 1;
BEGIN;
SELECT pg_temp.run('v5', :'users' || ', "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "note": {"kind":"text", "nullable":true}, "more": {"kind":"text", "nullable":true},
	"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}}}');
ROLLBACK;
SELECT pg_temp.declared();

-- A table that this very transaction still works on.
ALTER TABLE todos DROP CONSTRAINT todos_owner_fkey;
ALTER TABLE todos ADD CONSTRAINT todos_owner_fkey FOREIGN KEY (owner) REFERENCES users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO todos VALUES ('t9', 'z', 1, 'u1');
SELECT pg_temp.run('v5', :'users' || ', "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "note": {"kind":"text", "nullable":true}, "more": {"kind":"text", "nullable":true},
	"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}}}');
ROLLBACK;

-- Destructive, where the data permits.
ALTER TABLE todos DROP CONSTRAINT todos_owner_fkey;
ALTER TABLE todos ADD CONSTRAINT todos_owner_fkey FOREIGN KEY (owner) REFERENCES users ON DELETE CASCADE;
UPDATE todos SET note = NULL;
SELECT pg_temp.run('v5', '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "owner": {"kind":"text"}}}');
SELECT pg_temp.run('v5', '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "owner": {"kind":"text"}}}', '{"policy":"data"}');
DELETE FROM users;
SELECT pg_temp.run('v5', '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "owner": {"kind":"text"}}}', '{"policy":"data"}');
SELECT to_regclass('users') IS NULL;
SELECT pg_temp.shape('todos');
SELECT table_name, generation FROM plasma.tables;
SELECT pg_temp.declared();

-- The journal.
SELECT m.version, executor, executed_by = current_user, status, d.version IS NOT NULL AS declared,
	catalog_before <> catalog_after AS changed, finished_at >= started_at AS finished
FROM plasma.migrations m LEFT JOIN plasma.declarations d USING (sha256) ORDER BY m.ordinal;
SELECT n, op, object, sql, undo FROM plasma.migration_steps WHERE migration = (SELECT max(ordinal) FROM plasma.migrations) ORDER BY n;
SELECT version, executor, status, statements, running_sql, error FROM plasma.stat_migrations ORDER BY ordinal;

DROP TABLE todos, tags;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- The clock of a statement ends with it, and with the error that somebody catches.
CREATE TABLE late (id text PRIMARY KEY);
INSERT INTO late VALUES ('1');
SELECT pg_temp.run('x1', '"late": {"columns": {"id": {"kind":"id"}}}');
DO $$
BEGIN
	PERFORM pg_temp.run('x2', '"late": {"columns": {"id": {"kind":"id"}, "n": {"kind":"sql", "type":"int", "defaultExpression":"1 / (random() * 0)::int"}}}',
		'{"statement_timeout_ms":500, "validate":false}');
	PERFORM pg_sleep(0.8);
END $$;
DROP TABLE late;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- A cast is asked about as it will be made: in local time two hours of autumn are one.
CREATE TABLE moments (id text PRIMARY KEY, at timestamptz, n float8);
INSERT INTO moments VALUES ('1', '2024-10-27 00:30Z', 0.1::float8 + 0.2::float8), ('2', '2024-10-27 01:30Z', 1);
SELECT pg_temp.run('m1', '"moments": {"columns": {"id": {"kind":"id"}, "at": {"kind":"sql", "type":"timestamptz", "nullable":true}, "n": {"kind":"sql", "type":"float8", "nullable":true}}}');
SET TimeZone = 'Europe/Berlin';
SET extra_float_digits = 0;
SELECT pg_temp.run('m2', '"moments": {"columns": {"id": {"kind":"id"}, "at": {"kind":"sql", "type":"timestamp", "nullable":true}, "n": {"kind":"sql", "type":"text", "nullable":true}}}', '{"policy":"data"}');
SET TimeZone = 'UTC';
RESET extra_float_digits;
SELECT pg_temp.run('m2', '"moments": {"columns": {"id": {"kind":"id"}, "at": {"kind":"sql", "type":"timestamp", "nullable":true}, "n": {"kind":"sql", "type":"text", "nullable":true}}}', '{"policy":"data"}');
SELECT * FROM moments ORDER BY id;
RESET TimeZone;
DROP TABLE moments;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- From an enum to one that is still to be made.
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE moods (id text PRIMARY KEY, m mood);
INSERT INTO moods VALUES ('1', 'a');
SELECT pg_temp.run('e1', '"moods": {"columns": {"id": {"kind":"id"}, "m": {"kind":"sql", "type":"mood", "enum":["a","b"], "nullable":true}}}');
SELECT pg_temp.run('e2', '"moods": {"columns": {"id": {"kind":"id"}, "m": {"kind":"sql", "type":"other_mood", "enum":["a","c"], "nullable":true}}}', '{"policy":"data"}');
SELECT *, pg_typeof(m) FROM moods;
DROP TABLE moods;
DROP TYPE mood, other_mood;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- A role that is no superuser: its own tables, and no others.
CREATE ROLE plasma_run_admin;
CREATE ROLE plasma_run_other;
SELECT plasma.grant_access('plasma_run_admin', 'admin');
CREATE TABLE foreign_one (id text PRIMARY KEY);
SET ROLE plasma_run_admin;
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}}}, "foreign_one": {"columns": {"id": {"kind":"id"}}}');
RESET ROLE;
SET ROLE plasma_run_admin;
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.run('w1', '"mine": {"schema":"nowhere", "columns": {"id": {"kind":"id"}}}');
RESET ROLE;
GRANT CREATE ON SCHEMA public TO plasma_run_admin;
SET ROLE plasma_run_admin;
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}}}, "foreign_one": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "nullable":true}}}');
SELECT tableowner FROM pg_tables WHERE tablename = 'mine';
-- Nor does it end the capture of others, not even by going back.
RESET ROLE;
SELECT pg_temp.run('w2', '"mine": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "nullable":true}}}, "foreign_one": {"columns": {"id": {"kind":"id"}}}');
SET ROLE plasma_run_admin;
SELECT pg_temp.run('w1', '"mine": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "nullable":true}}}');
SELECT pg_temp.run('w3', '"mine": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "nullable":true}}}', '{"policy":"data","allow":["DS101"]}');
INSERT INTO plasma.migrations DEFAULT VALUES;
UPDATE plasma.migration_steps SET sql = '';
SELECT count(*) FROM plasma.stat_migrations;
SET ROLE plasma_run_other;
SELECT plasma.run_migrations('{"version":"w1","tables":{}}');
RESET ROLE;
DROP TABLE mine, foreign_one;
REVOKE CREATE ON SCHEMA public FROM plasma_run_admin;
SELECT plasma.revoke_access('plasma_run_admin');
DROP ROLE plasma_run_admin, plasma_run_other;

DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

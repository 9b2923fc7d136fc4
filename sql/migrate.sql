-- migrate: a transaction for each step, and the same end as run_migrations.
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
CREATE FUNCTION pg_temp.steps() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', n, op, regexp_replace(sql, '\s+', ' ', 'g'), CASE WHEN finished_at IS NULL THEN 'not finished' END)
	FROM plasma.migration_steps WHERE migration = (SELECT max(ordinal) FROM plasma.migrations) ORDER BY n
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
\set todos '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true}, "owner": {"kind":"text"}}}'
CALL plasma.migrate(pg_temp.declaration('v1', :'users' || ',' || :'todos'), '{"dry_run":true}') \gset
SELECT :'result'::jsonb ->> 'status', to_regclass('users') IS NULL;
CALL plasma.migrate(pg_temp.declaration('v1', :'users' || ',' || :'todos'));
SELECT pg_temp.steps();
INSERT INTO users SELECT 'u' || i, 'n' || i FROM generate_series(1, 5) i;
INSERT INTO todos SELECT 't' || i, 'title ' || i, i, 'u' || (i % 5 + 1) FROM generate_series(1, 20) i;

-- What blocks for long is done in forms that do not.
\set todos2 '"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text", "unique":true}, "rank": {"kind":"int"}, "owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}, "token": {"kind":"sql", "type":"uuid", "defaultExpression":"gen_random_uuid()"}, "done": {"kind":"boolean", "default":false}}}'
CALL plasma.migrate(pg_temp.declaration('v2', :'users' || ',' || :'todos2'), '{"batch":7}');
SELECT pg_temp.steps();
SELECT pg_temp.shape('todos');
SELECT count(DISTINCT token), count(*) FILTER (WHERE done IS FALSE) FROM todos;
SELECT version, active, served FROM plasma.declarations ORDER BY ordinal;
SELECT plasma.plan(pg_temp.declaration('v2', :'users' || ',' || :'todos2')) ->> 'status';

-- Refused, as run_migrations does, and not a line in the journal.
UPDATE todos SET done = true;
CALL plasma.migrate(pg_temp.declaration('v3', :'users'));
SELECT ordinal, version, executor, status, statements, error FROM plasma.stat_migrations ORDER BY ordinal;

-- Not where it could not commit.
BEGIN;
CALL plasma.migrate(pg_temp.declaration('v3', :'users'));
ROLLBACK;
CREATE FUNCTION pg_temp.migrate() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE result jsonb; BEGIN CALL plasma.migrate('{"version":"v3","tables":{}}', '{}', result); RETURN result; END $$;
SELECT pg_temp.migrate();
DO $$
DECLARE result jsonb; BEGIN CALL plasma.migrate('{"version":"v3","tables":{}}', '{}', result);
EXCEPTION WHEN OTHERS THEN RAISE WARNING '% %', SQLSTATE, SQLERRM; END $$;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
CALL plasma.migrate(NULL);
CALL plasma.migrate(pg_temp.declaration('v3', '"users": {}'));

-- A step that fails: what was before it stays, the journal says why, and the next call goes on.
CREATE FUNCTION refuse_it() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() d WHERE object_identity LIKE 'public.users%') THEN
		RAISE EXCEPTION 'not users' USING ERRCODE = 'P0042', DETAIL = 'They rest.', HINT = 'Come tomorrow.';
	END IF;
END $$;
CREATE EVENT TRIGGER refuse_it ON ddl_command_end EXECUTE FUNCTION refuse_it();
\set todos3 '"more": {"columns": {"id": {"kind":"id"}}}, "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text", "unique":true}, "rank": {"kind":"int"}, "owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}, "token": {"kind":"sql", "type":"uuid", "defaultExpression":"gen_random_uuid()"}, "done": {"kind":"boolean", "default":false}}}, "users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text"}, "age": {"kind":"int", "nullable":true}}}'
CALL plasma.migrate(pg_temp.declaration('v3', :'todos3'));
SELECT pg_temp.steps();
SELECT ordinal, version, status, statements, error FROM plasma.stat_migrations ORDER BY ordinal DESC LIMIT 1;
SELECT to_regclass('more') IS NOT NULL;
DROP EVENT TRIGGER refuse_it;
DROP FUNCTION refuse_it();
CALL plasma.migrate(pg_temp.declaration('v3', :'todos3'));
SELECT pg_temp.steps();
CALL plasma.migrate(pg_temp.declaration('v3', :'todos3'));

-- Back to an older one, and forward again.
CALL plasma.migrate(pg_temp.declaration('v2', :'users' || ',' || :'todos2'));
SELECT version, active, served FROM plasma.declarations ORDER BY ordinal;
CALL plasma.migrate(pg_temp.declaration('v3', :'todos3'));
SELECT version, active, served FROM plasma.declarations ORDER BY ordinal;

-- One that a session left in the middle is known by that.
UPDATE plasma.migrations SET status = 'running' WHERE ordinal = 1;
CALL plasma.migrate(pg_temp.declaration('v3', :'todos3'));
SELECT status FROM plasma.migrations WHERE ordinal = 1;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- What clients fetch. A new column that no row has a value of costs them nothing;
-- one that somebody wrote to before it was registered is told of row by row.
CREATE TEMP TABLE jar (cookie text);
INSERT INTO jar VALUES (NULL);
CREATE FUNCTION pg_temp.pull(version text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', version,
		'clientGroupID', 'g', 'clientID', 'c', 'cookie', (SELECT cookie FROM jar)));
BEGIN
	UPDATE jar SET cookie = answer ->> 'cookie';
	RETURN QUERY SELECT concat_ws(' ', p ->> 'op', p ->> 'table', p ->> 'id', p ->> 'value')
		FROM jsonb_array_elements(answer -> 'patch') p WHERE p ->> 'table' = 'users' ORDER BY 1;
	RETURN NEXT coalesce('more ' || (answer ->> 'hasMore'), 'all');
END
$$;
SELECT pg_temp.pull('v3');
\set users4 '"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text"}, "age": {"kind":"int", "nullable":true}, "nick": {"kind":"text", "nullable":true}}}'
\set others '"more": {"columns": {"id": {"kind":"id"}}}, "todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text", "unique":true}, "rank": {"kind":"int"}, "owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}, "token": {"kind":"sql", "type":"uuid", "defaultExpression":"gen_random_uuid()"}, "done": {"kind":"boolean", "default":false}}}'
CALL plasma.migrate(pg_temp.declaration('v4', :'others' || ',' || :'users4'));
SELECT pg_temp.steps();
UPDATE users SET nick = 'x' WHERE id = 'u1';
SELECT pg_temp.pull('v4');
ALTER TABLE users ADD COLUMN zip text;
UPDATE users SET zip = '1' WHERE id = 'u2';
CALL plasma.migrate(pg_temp.declaration('v5', :'others' || ',' || replace(:'users4', '"nick"', '"zip": {"kind":"text", "nullable":true}, "nick"')));
SELECT pg_temp.steps();
SELECT pg_temp.pull('v5');

-- Policies, and what they need no more, go with the registration: nobody is
-- refused for long, and nobody sees what neither declaration shows.
CREATE TABLE seen (tag text, xid xid8);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen VALUES (tg_tag, pg_current_xact_id());
END $$;
CREATE EVENT TRIGGER see_it ON ddl_command_end WHEN TAG IN ('CREATE POLICY', 'ALTER POLICY', 'DROP POLICY', 'ALTER TABLE') EXECUTE FUNCTION see();
CREATE FUNCTION see_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen VALUES ('registered', pg_current_xact_id());
	RETURN NULL;
END $$;
CREATE TRIGGER see_it AFTER INSERT ON plasma.declarations EXECUTE FUNCTION see_row();
CREATE FUNCTION pg_temp.seen() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT tag, ', ') FROM seen GROUP BY xid ORDER BY xid
$$;
\set users5 '"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text"}, "age": {"kind":"int", "nullable":true}, "nick": {"kind":"text", "nullable":true}, "zip": {"kind":"text", "nullable":true}}}'
\set guarded '"guarded": {"columns": {"id": {"kind":"id"}, "team": {"kind":"text", "nullable":true}, "owner": {"kind":"text", "nullable":true}}'
CALL plasma.migrate(pg_temp.declaration('v6', :'others' || ',' || :'users5' || ',' || :'guarded' || '}'));
TRUNCATE seen;
CALL plasma.migrate(pg_temp.declaration('v7', :'others' || ',' || :'users5' || ',' || :'guarded' || ', "auth": {"read": "owner = plasma.ctx()->>''sub''"}}'));
SELECT * FROM pg_temp.seen();
TRUNCATE seen;
CALL plasma.migrate(pg_temp.declaration('v8', :'others' || ',' || :'users5' || ',"guarded": {"columns": {"id": {"kind":"id"}, "team": {"kind":"text", "nullable":true}, "note": {"kind":"text", "default":"x"}}}'), '{"allow":["DS102"]}');
SELECT pg_temp.steps();
SELECT * FROM pg_temp.seen();
DROP EVENT TRIGGER see_it;
DROP TRIGGER see_it ON plasma.declarations;
DROP FUNCTION see(), see_row();
DROP TABLE seen, guarded;

DROP TABLE todos, users, more;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

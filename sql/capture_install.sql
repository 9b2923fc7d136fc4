-- Capture: what is installed, what is noticed, what is healed, and who may not.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', table_name, op, row_id, value) FROM gone ORDER BY row_version
$$;
CREATE FUNCTION pg_temp.ensure() RETURNS text LANGUAGE sql AS $$
	SELECT concat(r->'changed', ', generation ', (SELECT generation FROM plasma.tables WHERE table_name = 'todos'))
	FROM plasma.ensure_schema('{"version":"install","tables":{"todos":{"columns":{"id":{"kind":"id"}, "n":{"kind":"bigint"}}}}}') AS r
$$;
CREATE FUNCTION pg_temp.triggers(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', tgname, tgenabled) FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal ORDER BY 1
$$;
DELETE FROM plasma.changes;

SELECT pg_temp.ensure();
SELECT pg_temp.triggers('todos');
SELECT prosrc FROM pg_proc WHERE pronamespace = 'plasma'::regnamespace AND proname ~ '^_plasma_trg_todos_' ORDER BY proname;
SELECT DISTINCT prosecdef, proconfig, proowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'plasma'),
	has_function_privilege('public', oid, 'execute')
FROM pg_proc WHERE pronamespace = 'plasma'::regnamespace AND proname ~ '^_plasma_trg_todos_';
SELECT count(*) FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
	AND (classid = 'pg_trigger'::regclass OR objid IN (SELECT oid FROM pg_proc WHERE proname ~ '^_plasma_trg_'));

-- Nothing is wrong: nothing is touched.
CREATE TEMP TABLE before AS SELECT oid, xmin::text AS written FROM pg_proc WHERE proname ~ '^_plasma_trg_' UNION ALL SELECT oid, xmin::text FROM pg_trigger;
SELECT pg_temp.ensure();
SELECT count(*) FROM (SELECT oid, xmin::text FROM pg_proc WHERE proname ~ '^_plasma_trg_' UNION ALL SELECT oid, xmin::text FROM pg_trigger EXCEPT TABLE before) AS touched;

-- A trigger that is gone, disabled, enabled for others, or another one.
CREATE FUNCTION pg_temp.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
DROP TRIGGER _plasma_trg_todos_insert ON todos;
SELECT pg_temp.ensure();
ALTER TABLE todos DISABLE TRIGGER _plasma_trg_todos_update;
SELECT pg_temp.ensure();
ALTER TABLE todos ENABLE ALWAYS TRIGGER _plasma_trg_todos_delete_row;
SELECT pg_temp.ensure();
CREATE OR REPLACE TRIGGER _plasma_trg_todos_insert AFTER INSERT ON todos EXECUTE FUNCTION pg_temp.nothing();
SELECT pg_temp.ensure();
CREATE OR REPLACE TRIGGER _plasma_trg_todos_update AFTER UPDATE OF n ON todos EXECUTE FUNCTION plasma._plasma_trg_todos_update_fn();
SELECT pg_temp.ensure();
CREATE OR REPLACE TRIGGER _plasma_trg_todos_delete AFTER DELETE ON todos REFERENCING OLD TABLE AS plasma_old FOR EACH STATEMENT
	WHEN (current_setting('role') = 'none') EXECUTE FUNCTION plasma._plasma_trg_todos_delete_fn();
SELECT pg_temp.ensure();
ALTER TRIGGER _plasma_trg_todos_truncate ON todos RENAME TO _plasma_trg_renamed;
SELECT pg_temp.ensure();
SELECT pg_temp.triggers('todos');
INSERT INTO todos VALUES ('a', 1);
UPDATE todos SET n = 2;
DELETE FROM todos;
TRUNCATE todos;
SELECT pg_temp.entries();

-- Functions that are not as they were made: healed, with no trigger touched.
CREATE ROLE plasma_test_owner SUPERUSER;
CREATE ROLE plasma_test_user;
CREATE OR REPLACE FUNCTION plasma._plasma_trg_todos_insert_fn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
ALTER FUNCTION plasma._plasma_trg_todos_update_fn() OWNER TO plasma_test_owner;
GRANT EXECUTE ON FUNCTION plasma._plasma_trg_todos_delete_fn() TO PUBLIC, plasma_test_user;
ALTER FUNCTION plasma._plasma_trg_todos_truncate_fn() SET search_path = public;
SELECT pg_temp.ensure(), pg_temp.ensure();
SELECT DISTINCT prosecdef, proconfig, proowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'plasma'), proacl = ARRAY[makeaclitem(proowner, proowner, 'EXECUTE', false)]
FROM pg_proc WHERE pronamespace = 'plasma'::regnamespace AND proname ~ '^_plasma_trg_todos_';

-- A stranger cannot attach a function to a table of his.
GRANT CREATE ON SCHEMA public TO plasma_test_user;
GRANT USAGE ON SCHEMA plasma TO plasma_test_user;
GRANT INSERT, SELECT, UPDATE, DELETE ON todos TO plasma_test_user;
SET ROLE plasma_test_user;
CREATE TABLE forged (id text PRIMARY KEY, n bigint);
CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS plasma_new FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_todos_insert_fn();
SELECT plasma.log_rows('todos'::regclass, 'todos', '{id}', '{}', '{}', true, NULL, row('a'));
-- Where somebody attached it for him, nothing gets into the log.
RESET ROLE;
SELECT plasma.log_rows('todos'::regclass, 'todos', '{id}', '{}', '{}', true, NULL, row(1, 2));
SELECT plasma.log_rows('todos'::regclass, 'lists', '{id}', '{}', '{}', true, NULL, row('a', 2));
CREATE TRIGGER forge AFTER INSERT ON forged REFERENCING NEW TABLE AS plasma_new FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_todos_insert_fn();
CREATE TRIGGER forge_truncate AFTER TRUNCATE ON forged FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_todos_truncate_fn();
CREATE TRIGGER wrong AFTER DELETE ON forged FOR EACH STATEMENT EXECUTE FUNCTION plasma._plasma_trg_todos_insert_fn();
SET ROLE plasma_test_user;
INSERT INTO forged VALUES ('forged', 1);
TRUNCATE forged;
\set VERBOSITY terse
DELETE FROM forged;
\set VERBOSITY default
RESET ROLE;
SELECT pg_temp.entries();
DROP TABLE forged;

-- Nothing of the writer's runs with the rights of plasma's owner.
CREATE SCHEMA evil AUTHORIZATION plasma_test_user;
SET ROLE plasma_test_user;
SET search_path = evil, public, pg_catalog;
CREATE FUNCTION evil.told() RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN RAISE EXCEPTION 'evil ran as %', current_user; END $$;
CREATE FUNCTION evil.op(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.told() IS NULL $$;
CREATE FUNCTION evil.op(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.told() IS NULL $$;
CREATE FUNCTION evil.op(todos, todos) RETURNS boolean LANGUAGE sql AS $$ SELECT evil.told() IS NULL $$;
CREATE OPERATOR evil.= (FUNCTION = evil.op, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR evil.<> (FUNCTION = evil.op, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR evil.= (FUNCTION = evil.op, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR evil.*<> (FUNCTION = evil.op, LEFTARG = todos, RIGHTARG = todos);
CREATE TYPE evil.mood AS ENUM ('good', 'bad');
CREATE FUNCTION evil.to_json(evil.mood) RETURNS json LANGUAGE sql AS $$ SELECT evil.told()::json $$;
CREATE CAST (evil.mood AS json) WITH FUNCTION evil.to_json(evil.mood) AS IMPLICIT;
CREATE TABLE pg_temp.plasma_new (id text);
RESET ROLE;
ALTER TABLE todos ADD mood evil.mood;
SET ROLE plasma_test_user;
INSERT INTO todos VALUES ('e', 1, 'good'), ('f', 2, 'bad');
UPDATE todos SET mood = 'bad';
UPDATE todos SET id = id || '2';
DELETE FROM todos WHERE id OPERATOR(pg_catalog.=) 'f2';
RESET ROLE;
RESET search_path;
SELECT pg_temp.entries() ORDER BY 1;
SELECT pg_temp.ensure();
ALTER TABLE todos DROP mood;
DROP SCHEMA evil CASCADE;

-- As logical replication applies changes; the statement triggers then rest.
SET session_replication_role = replica;
INSERT INTO todos VALUES ('r1', 1), ('r2', 2);
UPDATE todos SET n = 3 WHERE id = 'r1';
UPDATE todos SET n = n;
UPDATE todos SET id = 'r3' WHERE id = 'r2';
DELETE FROM todos WHERE id = 'r1';
SELECT pg_temp.entries();
TRUNCATE todos;
RESET session_replication_role;
SELECT pg_temp.entries();

REVOKE CREATE ON SCHEMA public FROM plasma_test_user;
REVOKE USAGE ON SCHEMA plasma FROM plasma_test_user;
DROP TABLE todos;
DROP OWNED BY plasma_test_user;
DROP ROLE plasma_test_owner, plasma_test_user;
DROP EXTENSION plasma CASCADE;

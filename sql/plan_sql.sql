-- plasma.plan_sql: a plan as a script for psql.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
DELETE FROM plasma.backfills;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- A script without what differs from one server to the next.
CREATE FUNCTION pg_temp.shown(script text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(script, '[0-9a-f]{64}', '<hash>', 'g')
$$;
CREATE FUNCTION pg_temp.old() RETURNS json LANGUAGE sql AS $$
	SELECT '{"version": "v1", "tables": {
		"users": {"columns": {"id": {"kind": "id"}, "name": {"kind": "text"}}},
		"todos": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"},
			"rank": {"kind": "int", "nullable": true}, "gone": {"kind": "text", "nullable": true},
			"state": {"kind": "sql", "type": "todo_state", "enum": ["open", "done"], "default": "open"},
			"owner": {"kind": "ref", "references": "users", "onDelete": "cascade"}}}}}'::json
$$;
CREATE FUNCTION pg_temp.new() RETURNS json LANGUAGE sql AS $$
	SELECT '{"version": "v2", "tables": {
		"users": {"columns": {"id": {"kind": "id"}, "name": {"kind": "text", "unique": true}}},
		"todos": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text", "default": "it''s"},
			"rank": {"kind": "int"},
			"state": {"kind": "sql", "type": "todo_state", "enum": ["open", "later", "done"], "default": "later"},
			"owner": {"kind": "ref", "references": "users", "onDelete": "restrict"},
			"token": {"kind": "sql", "type": "uuid", "defaultExpression": "gen_random_uuid() -- one each"},
			"cover": {"kind": "file", "nullable": true}},
			"auth": {"read": "owner = plasma.ctx()->>''sub'' -- its owner"}}}}'::json
$$;
SELECT plasma.run_migrations(pg_temp.old()) ->> 'status';
INSERT INTO users VALUES ('u1', 'one'), ('u2', 'two');
INSERT INTO todos SELECT 't' || i, 'title', i, NULL, 'open', 'u1' FROM generate_series(1, 5) i;

-- The script, and what it leads to.
CREATE TEMP TABLE script AS SELECT plasma.plan_sql(
	plasma.plan(pg_temp.new(), '{"executor": "plan_sql", "policy": "data", "allow": ["DS102"], "statement_timeout_ms": 60000}'));
SELECT pg_temp.shown(plan_sql) FROM script;
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/plan_sql.script'
SELECT plan_sql FROM script
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SHOW lock_timeout;
SHOW statement_timeout;
SELECT plasma.plan(pg_temp.new(), '{"policy": "data"}') ->> 'status';
SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)
FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = 'todos'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT conname, contype, convalidated FROM pg_constraint
WHERE conrelid IN ('todos'::regclass, 'users'::regclass) ORDER BY 1;
SELECT enum_range(NULL::todo_state);
SELECT count(*), count(token), count(DISTINCT token), count(rank) FROM todos;
SELECT count(*) FROM plasma.backfills;

-- A script of before goes no further than its first statement.
\set ECHO none
SELECT substring(plan_sql FROM 'DO \$plasma\$.*?\$plasma\$;') FROM script \gexec
\set ECHO all

-- With nothing to do it says so.
SELECT pg_temp.shown(plasma.plan_sql(plasma.plan(pg_temp.new())));

-- Between the plan and its script somebody writes what the step would lose.
CREATE FUNCTION pg_temp.less() RETURNS json LANGUAGE sql AS $$
	SELECT '{"version": "v3", "tables": {"users": {"columns": {"id": {"kind": "id"}}}}}'::json
$$;
DELETE FROM todos;
DELETE FROM users;
CREATE TEMP TABLE steps AS SELECT regexp_matches(plasma.plan_sql(
	plasma.plan(pg_temp.less(), '{"executor": "plan_sql", "policy": "data", "allow": ["DS101", "DS103"]}')),
	'^BEGIN;.*?^COMMIT;', 'gw') AS sql;
INSERT INTO users VALUES ('u3', 'three');
INSERT INTO todos (id, rank, owner) VALUES ('t9', 9, 'u3');
SELECT sql[1] FROM steps;
\set ECHO none
SELECT sql[1] FROM steps WHERE sql[1] ~ 'DROP COLUMN' \gexec
ROLLBACK;
SELECT sql[1] FROM steps WHERE sql[1] ~ 'DROP TABLE' \gexec
ROLLBACK;
\set ECHO all
SELECT id, name FROM users;
SELECT id FROM todos;
DELETE FROM todos;
DELETE FROM users;
\set ECHO none
SELECT sql[1] FROM steps \gexec
\set ECHO all
SELECT to_regclass('todos');
SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped;

-- Names that would be more than names.
DROP TABLE users;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();
SELECT plasma.run_migrations('{"version": "v4; \\! true\n\\! true", "tables": {
	"a\n\\! true;": {"columns": {"id": {"kind": "id"}, "c\"; DROP TABLE users; --": {"kind": "text", "nullable": true}}}}}') ->> 'status';
DROP TABLE script;
CREATE TEMP TABLE script AS SELECT plasma.plan_sql(plasma.plan('{"version": "v5\n$plasma$ \\! false", "tables": {
	"a\n\\! true;": {"columns": {"id": {"kind": "id"}, "c\"; DROP TABLE users; --": {"kind": "text", "default": "$plasma$; \\! true"}}}}}',
	'{"executor": "plan_sql"}'));
SELECT pg_temp.shown(plan_sql) FROM script;
SELECT plan_sql FROM script
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SELECT version = E'v5\n$plasma$ \\! false' FROM plasma.declarations WHERE active;
SELECT attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attname LIKE 'c"; DROP%';

-- What is no plan, or one without steps.
SELECT plasma.plan_sql(NULL) IS NULL;
SELECT plasma.plan_sql('[]');
SELECT plasma.plan_sql('"plan"');
SELECT plasma.plan_sql('{}');
SELECT plasma.plan_sql('{"plan_version": "1"}');
SELECT plasma.plan_sql('{"plan_version": 2}');
SELECT plasma.plan_sql('{"plan_version": 1, "status": "apply"}');
SELECT plasma.plan_sql('{"plan_version": 1, "status": "apply", "steps": []}');
SELECT plasma.plan_sql(plasma.plan(pg_temp.less()) || '{"status": "apply", "steps": [1]}');
SELECT plasma.plan_sql(plasma.plan(pg_temp.less()) || '{"status": "apply", "steps": [{"op": "x", "n": 1, "object": "t", "locks": {"t": "No Lock"}, "check": "true", "lock_timeout_ms": 1, "statement_timeout_ms": 1, "sql": []}]}');
\set VERBOSITY sqlstate
SELECT plasma.plan_sql(jsonb_set(plasma.plan(pg_temp.less()), '{status}', '"refused"'));
\set VERBOSITY default

SET client_min_messages = error;
DROP TABLE U&"a\000a\005c! true;";
DROP TYPE todo_state;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

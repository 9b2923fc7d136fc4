-- Who may do what: the four levels, nobody else, and never plasma's own tables.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE SCHEMA IF NOT EXISTS tap;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA tap;
SET LOCAL search_path = pg_catalog, tap, public;

CREATE ROLE tap_admin;
CREATE ROLE tap_gateway;
CREATE ROLE tap_sync;
CREATE ROLE tap_monitor;
CREATE ROLE tap_nobody;
CREATE ROLE tap_later;
CREATE ROLE "tap Odd, ""role""";
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT CREATE ON SCHEMA public TO tap_admin;

SELECT plasma.grant_access(('tap_' || level)::regrole, level)
FROM unnest(ARRAY['admin', 'gateway', 'sync', 'monitor']) level \g /dev/null

CREATE TEMP TABLE roles AS
SELECT rolname::text AS role, oid FROM pg_roles WHERE rolname ~ '^tap';

CREATE TEMP VIEW may_call AS
SELECT r.role, p.oid::regprocedure::text AS signature
FROM roles r, pg_proc p
WHERE p.pronamespace = 'plasma'::regnamespace AND has_function_privilege(r.oid, p.oid, 'EXECUTE');

CREATE TEMP VIEW may_touch AS
SELECT r.role, c.oid::regclass::text AS relation, c.relkind, kind
FROM roles r, pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) kind
WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND has_table_privilege(r.oid, c.oid, kind)
UNION ALL
SELECT r.role, c.oid::regclass::text, c.relkind, kind
FROM roles r, pg_class c, unnest(ARRAY['USAGE', 'SELECT', 'UPDATE']) kind
WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind = 'S' AND has_sequence_privilege(r.oid, c.oid, kind);

SELECT plan(40);

-- The list of objects is whole.

SELECT set_eq(
	$$SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'plasma'::regnamespace
		AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')$$,
	$$SELECT to_regprocedure(object)::oid FROM plasma.access_objects() WHERE kind IN ('function', 'procedure')$$,
	'each function is assigned to levels, or to none');
SELECT set_eq(
	$$SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind IN ('v', 'm')$$,
	$$SELECT to_regclass(object)::oid FROM plasma.access_objects() WHERE kind = 'view'$$,
	'so is each view');
SELECT set_eq(
	$$SELECT t.oid FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = 'plasma'::regnamespace AND t.typcategory <> 'A' AND (t.typtype <> 'c' OR c.relkind = 'c')$$,
	$$SELECT to_regtype(object)::oid FROM plasma.access_objects() WHERE kind = 'type'$$,
	'so is each type');
SELECT set_eq(
	'SELECT DISTINCT unnest(levels) FROM plasma.access_objects()',
	ARRAY['admin', 'gateway', 'sync', 'monitor'],
	'there are four levels');

-- What each level opens.

SELECT set_eq(
	$$SELECT signature FROM may_call WHERE role = 'tap_admin'$$,
	ARRAY['plasma.ctx()', 'plasma.origin()', 'plasma.ensure_schema(json)', 'plasma.check_declaration(json)',
		'plasma.plan(json,jsonb)', 'plasma.run_migrations(json,jsonb)', 'plasma.migrate(json,jsonb,jsonb)', 'plasma.plan_sql(jsonb)',
		'plasma.migrate_begin()', 'plasma.migrate_step(json,jsonb,bigint)', 'plasma.migrate_pause(jsonb,integer)',
		'plasma.migrate_fail(bigint,text,text)', 'plasma.migrate_raise(text,text,text,text,text)', 'plasma.migrate_end()',
		'plasma.backfill(regclass,text,integer)', 'plasma.start_backfill(regclass,text)',
		'plasma.owes_backfill(regclass,text,integer)', 'plasma.finish_backfill(regclass,text)',
		'plasma.backfill_rows(regclass,text,tid,tid)', 'plasma.backfill_fail(regclass,text,text,text)',
		'plasma.rules()', 'plasma.drift()', 'plasma.declare_from_catalog(text[])',
		'plasma.seed_changes(regclass)', 'plasma.reset_table(regclass)', 'plasma.keep_copies(regclass,text[],text[])',
		'plasma.register_mutator(text,regprocedure)', 'plasma.drop_mutator(text)',
		'plasma.grant_access(regrole,text)', 'plasma.revoke_access(regrole)'],
	'admin declares, migrates, propagates, registers and grants');
SELECT set_eq(
	$$SELECT signature FROM may_call WHERE role = 'tap_sync'$$,
	ARRAY['plasma.ctx()', 'plasma.origin()', 'plasma.push(jsonb)', 'plasma.pull(jsonb)', 'plasma.http(text,text,text,jsonb)'],
	'sync pushes and pulls as itself');
SELECT set_eq(
	$$SELECT signature FROM may_call WHERE role = 'tap_gateway'$$,
	ARRAY['plasma.ctx()', 'plasma.origin()', 'plasma.push(jsonb)', 'plasma.pull(jsonb)', 'plasma.http(text,text,text,jsonb)',
		'plasma.push(jsonb,jsonb)', 'plasma.pull(jsonb,jsonb)', 'plasma.http(text,text,text,jsonb,jsonb)'],
	'gateway does what sync does, and says who the caller is');
SELECT set_eq($$SELECT signature FROM may_call WHERE role = 'tap_monitor'$$, ARRAY['plasma.drift()'], 'monitor looks for drift');
SELECT is_empty($$SELECT * FROM may_call WHERE role = 'tap_nobody'$$, 'a role without a level calls nothing');
SELECT set_eq(
	$$SELECT role, relation, kind FROM may_touch$$,
	$$VALUES ('tap_monitor', 'plasma.stat_log', 'SELECT'), ('tap_monitor', 'plasma.stat_clients', 'SELECT'),
		('tap_monitor', 'plasma.stat_tables', 'SELECT'), ('tap_monitor', 'plasma.stat_migrations', 'SELECT')$$,
	'no level reads or writes a table or sequence of plasma; monitor reads the views');
SELECT is_empty(
	$$SELECT role FROM roles WHERE has_schema_privilege(oid, 'plasma', 'CREATE')$$,
	'nobody puts objects into the schema');
SELECT set_eq(
	$$SELECT role FROM roles WHERE has_schema_privilege(oid, 'plasma', 'USAGE')$$,
	ARRAY['tap_admin', 'tap_gateway', 'tap_sync', 'tap_monitor'],
	'those with a level may name what is in it');

-- The same, tried.

SET LOCAL ROLE tap_nobody;
SELECT throws_ok('SELECT plasma.ctx()', '42501', NULL, 'nobody: no ctx()');
SELECT throws_ok($$SELECT plasma.pull('{}')$$, '42501', NULL, 'nobody: no pull');

SET LOCAL ROLE tap_sync;
SELECT lives_ok('SELECT plasma.ctx()', 'sync: ctx()');
SELECT throws_ok($$SELECT plasma.pull('{}')$$, 'PL005', NULL, 'sync: pull, which reads the request');
SELECT throws_ok($$SELECT plasma.push('{}')$$, 'PL005', NULL, 'sync: push, which reads the request');
SELECT throws_ok($$SELECT plasma.push('{}', '{"sub": "ann"}')$$, '42501', NULL, 'sync: no push as somebody');
SELECT throws_ok($$SELECT plasma.pull('{}', '{"sub": "ann"}')$$, '42501', NULL, 'sync: no pull as somebody');
SELECT throws_ok($$SELECT plasma.http('POST', '/pull', '{}', '{}', '{"sub": "ann"}')$$, '42501', NULL, 'sync: no http as somebody');
SELECT throws_ok('SELECT FROM plasma.changes', '42501', NULL, 'sync: the log is not readable');
SELECT throws_ok('DELETE FROM plasma.client_mutations', '42501', NULL, 'sync: the ledger is not writable');
SELECT throws_ok($$SELECT nextval('plasma.changes_row_version_seq')$$, '42501', NULL, 'sync: the sequence of the log is not usable');
SELECT throws_ok($$SELECT plasma.grant_access('tap_sync', 'gateway')$$, '42501', NULL, 'sync: gives itself nothing');
SELECT throws_ok($$SELECT plasma.ensure_schema('{}')$$, '42501', NULL, 'sync: declares nothing');

SET LOCAL ROLE tap_gateway;
SELECT throws_ok($$SELECT plasma.pull('{}', '{"sub": "ann"}')$$, 'PL005', NULL, 'gateway: pull as somebody');
SELECT throws_ok($$SELECT plasma.pull('{}', '{"sub": "ann", "role": "tap_admin"}')$$, 'PL004', NULL, 'gateway: not in a role that is not its own');

SET LOCAL ROLE tap_monitor;
SELECT lives_ok('SELECT * FROM plasma.stat_log, plasma.stat_clients, plasma.stat_tables', 'monitor: the views');
SELECT throws_ok('SELECT FROM plasma.readers', '42501', NULL, 'monitor: no table below them');

SET LOCAL ROLE tap_admin;
SELECT lives_ok(
	$$SELECT plasma.ensure_schema('{"version": "privileges", "tables": {"tap_things": {
		"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}},
		"auth": {"read": "owner = plasma.ctx()->>''sub''", "write": "owner = plasma.ctx()->>''sub''"}}}}')$$,
	'admin: declares without being superuser');
SELECT lives_ok($$SELECT plasma.grant_access('tap_later', 'sync')$$, 'admin: gives a level to others');
SELECT lives_ok($$SELECT plasma.grant_access('"tap Odd, ""role"""', 'monitor')$$, 'admin: whatever the name of the role');
SELECT throws_ok('SELECT FROM plasma.changes', '42501', NULL, 'admin: the log is not readable');

-- Level sync is all that policies and capture ask of a writer.

GRANT SELECT, INSERT ON public.tap_things TO tap_sync;
SET LOCAL ROLE tap_sync;
SET LOCAL request.jwt.claims = '{"sub": "ann"}';
SELECT lives_ok($$INSERT INTO public.tap_things VALUES ('a', 'ann')$$, 'sync: writes what the policy lets it write');
SELECT throws_ok($$INSERT INTO public.tap_things VALUES ('b', 'bob')$$, '42501', NULL, 'sync: and nothing else');
SELECT is((SELECT string_agg(id, ' ') FROM public.tap_things), 'a', 'sync: reads it');
SET LOCAL request.jwt.claims = '{"sub": "bob"}';
SELECT is((SELECT count(*) FROM public.tap_things), 0::bigint, 'sync: and nobody else does');
RESET ROLE;
SELECT is((SELECT string_agg(row_id, ' ') FROM plasma.changes WHERE table_name = 'tap_things'), 'a', 'the write is in the log');

-- And taken back.

SELECT plasma.grant_access('tap_later', 'admin'), plasma.grant_access('tap_later', 'monitor'),
	plasma.grant_access('tap_later', 'gateway') \g /dev/null
SET LOCAL ROLE tap_admin;
SELECT plasma.revoke_access('tap_later') \g /dev/null
RESET ROLE;
SELECT is_empty(
	$$SELECT signature FROM may_call WHERE role = 'tap_later'
		UNION ALL SELECT relation FROM may_touch WHERE role = 'tap_later'
		UNION ALL SELECT 'plasma' WHERE has_schema_privilege('tap_later', 'plasma', 'USAGE')$$,
	'revoke_access leaves nothing');
SELECT lives_ok('DROP ROLE tap_later', 'so that the role can be dropped');

SELECT * FROM finish();
ROLLBACK;

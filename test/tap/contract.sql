-- The surface of plasma: what applications call, and may go on calling.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE SCHEMA IF NOT EXISTS tap;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA tap;
SET LOCAL search_path = pg_catalog, tap, public;

CREATE TEMP TABLE contract (signature text, arguments text, result text, volatility text, parallel text);
INSERT INTO contract VALUES
	('plasma.ensure_schema(json)', 'schema json', 'jsonb', 'volatile', 'unsafe'),
	('plasma.check_declaration(json)', 'schema json', 'jsonb', 'stable', 'unsafe'),
	('plasma.declare_from_catalog(text[])', 'schemas text[] DEFAULT ''{public}''::text[]', 'jsonb', 'stable', 'unsafe'),
	('plasma.seed_changes(regclass)', 'relation regclass', 'bigint', 'volatile', 'unsafe'),
	('plasma.reset_table(regclass)', 'relation regclass', 'bigint', 'volatile', 'unsafe'),
	('plasma.keep_copies(regclass,text[],text[])',
		'relation regclass, added text[] DEFAULT ''{}''::text[], changed text[] DEFAULT ''{}''::text[]',
		'text[]', 'volatile', 'unsafe'),
	('plasma.plan(json,jsonb)', 'schema json, options jsonb DEFAULT ''{}''::jsonb', 'jsonb', 'volatile', 'unsafe'),
	('plasma.run_migrations(json,jsonb)', 'schema json, options jsonb DEFAULT ''{}''::jsonb', 'jsonb', 'volatile', 'unsafe'),
	('plasma.rules()', '', 'TABLE(row_no text, change text, plasma text, strict text, data text, check_sql text, code text, breaks_clients text)', 'immutable', 'safe'),
	('plasma.migrate(json,jsonb,jsonb)',
		'IN schema json, IN options jsonb DEFAULT ''{}''::jsonb, INOUT result jsonb DEFAULT NULL::jsonb', '', 'volatile', 'unsafe'),
	('plasma.plan_sql(jsonb)', 'plan jsonb', 'text', 'immutable', 'safe'),
	('plasma.backfill(regclass,text,integer)', 'IN relation regclass, IN column_name text, IN batch integer DEFAULT 1000', '', 'volatile', 'unsafe'),
	('plasma.drift()', '', 'TABLE(code text, table_name text, column_name text, detail text)', 'stable', 'unsafe'),
	('plasma.verify()', '', 'TABLE(code text, severity text, object text, problem text, fix text)', 'stable', 'unsafe'),
	('plasma.repair()', '', 'jsonb', 'volatile', 'unsafe'),
	('plasma.new_epoch()', '', 'uuid', 'volatile', 'unsafe'),
	('plasma.drop_capture()', '', 'jsonb', 'volatile', 'unsafe'),
	('plasma.push(jsonb)', 'request jsonb', 'json', 'volatile', 'unsafe'),
	('plasma.push(jsonb,jsonb)', 'request jsonb, ctx jsonb', 'json', 'volatile', 'unsafe'),
	('plasma.pull(jsonb)', 'request jsonb', 'json', 'stable', 'unsafe'),
	('plasma.pull(jsonb,jsonb)', 'request jsonb, ctx jsonb', 'json', 'stable', 'unsafe'),
	('plasma.http(text,text,text,jsonb)',
		'method text, path text, body text, headers jsonb DEFAULT ''{}''::jsonb',
		'plasma.http_response', 'volatile', 'unsafe'),
	('plasma.http(text,text,text,jsonb,jsonb)',
		'method text, path text, body text, headers jsonb, ctx jsonb',
		'plasma.http_response', 'volatile', 'unsafe'),
	('plasma.ctx()', '', 'jsonb', 'stable', 'restricted'),
	('plasma.origin()', '', 'plasma.mutation_origin', 'stable', 'restricted'),
	('plasma.compact_change_log(bigint)', 'safe_up_to_version bigint DEFAULT NULL::bigint', 'jsonb', 'volatile', 'unsafe'),
	('plasma.compact(integer,bigint,jsonb)',
		'IN batch integer DEFAULT 10000, IN safe_up_to_version bigint DEFAULT NULL::bigint, INOUT result jsonb DEFAULT NULL::jsonb', '', 'volatile', 'unsafe'),
	('plasma.set_retention(regclass,interval)', 'relation regclass, retention interval', 'void', 'volatile', 'unsafe'),
	('plasma.snapshot_as_of(text,text[])', 'cookie text, tables text[] DEFAULT NULL::text[]',
		'TABLE(table_name text, row_id text, value json)', 'stable', 'unsafe'),
	('plasma.register_mutator(text,regprocedure)', 'name text, function regprocedure', 'void', 'volatile', 'unsafe'),
	('plasma.drop_mutator(text)', 'name text', 'void', 'volatile', 'unsafe'),
	('plasma.grant_access(regrole,text)', 'role regrole, level text', 'void', 'volatile', 'unsafe'),
	('plasma.revoke_access(regrole)', 'role regrole', 'void', 'volatile', 'unsafe');

SELECT plan(6 + (SELECT count(*)::int FROM contract));

SELECT is(
	(SELECT format('(%s) %s %s parallel %s', pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
			CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
			CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END)
		FROM pg_proc p WHERE p.oid = to_regprocedure(c.signature)),
	format('(%s) %s %s parallel %s', c.arguments, c.result, c.volatility, c.parallel),
	c.signature)
FROM contract c;

SELECT set_eq(
	$$SELECT object FROM plasma.access_objects() WHERE kind IN ('function', 'procedure') AND levels <> '{}'
		AND object !~ '^plasma\.(migrate_|backfill_|compact_(begin|step)|(start|owes|finish)_backfill)'$$,
	'SELECT signature FROM contract',
	'what a level of access opens is what the contract lists, but for what the procedures call');

SELECT is(
	(SELECT string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
		FROM pg_attribute a WHERE a.attrelid = 'plasma.http_response'::regclass AND a.attnum > 0),
	'status integer, headers jsonb, body text', 'plasma.http_response');
SELECT is(
	(SELECT string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
		FROM pg_attribute a WHERE a.attrelid = 'plasma.mutation_origin'::regclass AND a.attnum > 0),
	'client_group_id text, client_id text, mutation_id bigint', 'plasma.mutation_origin');

SELECT columns_are('plasma', 'stat_log', ARRAY['entries', 'bytes', 'oldest_row_version', 'newest_row_version',
	'oldest_created_at', 'newest_created_at', 'epoch', 'floor', 'active_version']);
SELECT columns_are('plasma', 'stat_clients', ARRAY['client_group_id', 'client_id', 'last_mutation_id', 'last_push',
	'last_pull', 'last_seen', 'schema_version', 'failures']);
SELECT columns_are('plasma', 'stat_tables', ARRAY['table_name', 'relation', 'generation', 'suppressed', 'rows',
	'bytes', 'triggers', 'triggers_enabled', 'scope', 'scope_columns']);

SELECT * FROM finish();
ROLLBACK;

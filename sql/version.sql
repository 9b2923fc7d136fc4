-- Declarations that follow each other: which is active, whose clients are served.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.ensure(version text, tables text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text;
BEGIN
	RETURN plasma.ensure_schema(
		('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json) - '{created,adopted}'::text[];
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN state || ' ' || message;
END
$$;
CREATE FUNCTION pg_temp.declared() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', version, CASE WHEN active THEN 'active' END, CASE WHEN served THEN 'served' END)
	FROM plasma.declarations ORDER BY ordinal
$$;

-- What a client of a version is told.
CREATE FUNCTION pg_temp.pull(version text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	PERFORM plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', version,
		'clientGroupID', 'g', 'clientID', 'c', 'cookie', NULL));
	RETURN version || ' served';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state, message, nullif(detail, ''), nullif(hint, ''));
END
$$;

SELECT pg_temp.pull('v1');
SELECT pg_temp.ensure('v1', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true}}}');
-- The same again is nothing; a part of it is covered by it and not recorded.
SELECT pg_temp.ensure('v1', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true}}}');
SELECT pg_temp.ensure('v1', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}');
SELECT pg_temp.ensure('v1', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}');
SELECT pg_temp.declared();

-- More under the same version, if it breaks no client, takes its place.
ALTER TABLE t ADD c text, ADD d bigint NOT NULL DEFAULT 1;
SELECT pg_temp.ensure('v1', $$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}, "u": {"columns": {"id": {"kind":"id"}}}$$);
SELECT pg_temp.declared();
-- The older one, from a server that still runs the old code, changes nothing.
SELECT pg_temp.ensure('v1', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true}}}');
SELECT pg_temp.declared();

-- What breaks clients of the same version is refused, change by change.
SELECT change, pg_temp.ensure('v1', replace(
	$$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}, "u": {"columns": {"id": {"kind":"id"}}}, "new": {"columns": {"id": {"kind":"id"}}}$$,
	old, new))
FROM (VALUES
	('table removed', '"u": {"columns": {"id": {"kind":"id"}}},', ''),
	('column removed', '"a": {"kind":"text"},', ''),
	('column added that demands a value', '"a": {"kind":"text"},', '"a": {"kind":"text"}, "z": {"kind":"text"},'),
	('kind', '"b": {"kind":"int", ', '"b": {"kind":"bigint", '),
	('type', '"b": {"kind":"int", ', '"b": {"kind":"sql", "type":"int4", '),
	('not null any more', '"b": {"kind":"int", "nullable":true}', '"b": {"kind":"int"}'),
	('nullable now', '"a": {"kind":"text"}', '"a": {"kind":"text", "nullable":true}'),
	('default removed', ', "default":1', ''),
	('reference', '"b": {"kind":"int", ', '"b": {"kind":"ref", "references":"u", '),
	('key', '"t": {"columns"', '"t": {"key":["id","a"], "columns"'),
	('encrypted', '"a": {"kind":"text"}', '"a": {"kind":"text", "encrypted":true}'),
	('suppressed', '"t": {"columns"', '"t": {"changeLogSuppressed":true, "columns"'),
	('default changed, which is allowed', '"default":1', '"default":2')) x (change, old, new);
SELECT pg_temp.declared();

-- A new version; the old one is served as long as nothing in between broke it.
SELECT pg_temp.ensure('v2', $$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}, "u": {"history":false, "columns": {"id": {"kind":"id"}}}$$);
SELECT pg_temp.declared();
SELECT pg_temp.ensure('v3', $$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}$$);
SELECT pg_temp.declared();
-- A column that left and came back: clients from before it left stay out.
SELECT pg_temp.ensure('v4', $$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}, "u": {"columns": {"id": {"kind":"id"}}}$$);
SELECT pg_temp.declared();
-- Old declarations never become active again, and an unknown one of an old version neither.
SELECT pg_temp.ensure('v3', $$"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"},
	"c": {"kind":"text", "nullable":true}, "d": {"kind":"int", "default":1}}}$$);
SELECT pg_temp.ensure('v3', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}');
SELECT pg_temp.ensure('v3', '"t": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v3', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}, "w": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.declared();

SELECT pg_temp.pull(version) FROM unnest('{v1,v2,v3,v4,v5}'::text[]) version;
SET plasma.strict_schema_version = on;
SELECT pg_temp.pull(version) FROM unnest('{v3,v4}'::text[]) version;
RESET plasma.strict_schema_version;

-- What an old declaration asks for is that the active one is kept up.
DROP TABLE t;
SELECT pg_temp.ensure('v3', '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}');
SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0;

-- A declaration that cannot be read any more, since a type of it was dropped.
CREATE TYPE mood AS ENUM ('good', 'bad');
SELECT pg_temp.ensure('v5', '"m": {"columns": {"id": {"kind":"id"}, "mood": {"kind":"sql", "type":"mood"}}}');
DROP TABLE m;
DROP TYPE mood;
SELECT pg_temp.ensure('v5', '"m": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v6', '"m": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.declared();

-- Faulty ones.
SELECT pg_temp.ensure('', '"m": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v6', '"m": {"columns": {"id": {"kind":"id"}}, "unknown": 1}');

DROP TABLE t, u, m, new;
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- By migrations. They may go back, too.
CREATE FUNCTION pg_temp.run(version text, tables text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result jsonb; state text; detail text;
BEGIN
	result := plasma.run_migrations(
		('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json, options);
	RETURN concat_ws(' ', result ->> 'status', 'bump', result -> 'plan' -> 'bump',
		CASE WHEN (result -> 'plan' ->> 'rollback')::boolean THEN 'rollback' END);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
	RETURN state || ' ' || (SELECT string_agg(i ->> 'code', ' ')
		FROM json_array_elements(('[' || split_part(detail, E'\n[', 2))::json) i);
END
$$;
\set one '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}}}'
\set two '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int", "nullable":true}}}'
\set three '"t": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "nullable":true}, "b": {"kind":"int", "nullable":true}}}'
SELECT pg_temp.run('v1', :'one');
-- V1: the same under another version; V2: more under the same version.
SELECT pg_temp.run('v1b', :'one');
SELECT pg_temp.run('v1b', :'two');
SELECT pg_temp.declared();
-- V3: what old clients cannot follow, under the same version, or under one that was another's.
SELECT pg_temp.run('v1b', :'three');
SELECT pg_temp.run('v1', :'three');
SELECT pg_temp.run('v2', :'three');
SELECT pg_temp.declared();
SELECT pg_temp.pull(version) FROM unnest('{v1,v1b,v2}'::text[]) version;
-- V4: back, nothing is dropped, and those who were served then are served again.
SELECT pg_temp.run('v1b', :'two');
SELECT pg_temp.declared();
SELECT attname, attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;
SELECT pg_temp.pull(version) FROM unnest('{v1,v1b,v2}'::text[]) version;
-- ensure_schema of the other ones leaves it so.
SELECT pg_temp.ensure('v2', :'three');
SELECT pg_temp.ensure('v1', :'one');
SELECT pg_temp.declared();
-- What comes then follows the one that it was made from.
SELECT pg_temp.run('v3', :'two' || ', "u": {"columns": {"id": {"kind":"id"}}}');
SELECT version, follows IS NULL AS first, (SELECT p.version FROM plasma.declarations p WHERE p.ordinal = d.follows) FROM plasma.declarations d ORDER BY ordinal;
SELECT pg_temp.declared();
SELECT pg_temp.run('v2', :'three');
SELECT pg_temp.declared();
SELECT count(*) FROM plasma.declarations WHERE active;
DROP TABLE t, u;

SELECT pg_temp.ensure('v7', '"nothing": {"changeLogSuppressed":true, "columns": {"id": {"kind":"id"}}}');
DROP TABLE nothing;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

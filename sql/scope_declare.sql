-- Scopes of a declaration: what is understood, how a query is bound, what plans and
-- checks say of it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DROP SCHEMA IF EXISTS scoped, elsewhere CASCADE;
CREATE SCHEMA scoped;
CREATE SCHEMA elsewhere;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();
RESET client_min_messages;
SET search_path = scoped;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE TYPE colour AS ENUM ('red', 'blue');
CREATE TABLE members (member text, team text, org int, seat numeric, hue colour, day timestamp);
CREATE TEMP TABLE guests (team text);

-- The faults of a declaration, one per row.
CREATE FUNCTION pg_temp.faults(schema text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM plasma.check_declaration(schema::json);
	RETURN NEXT 'no fault';
EXCEPTION WHEN SQLSTATE 'PL002' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN QUERY SELECT pg_catalog.regexp_split_to_table(detail, E'\n');
END
$$;

-- Tables of one scope, with what the table says of it.
CREATE FUNCTION pg_temp.declared(scopes text, scope text, columns text DEFAULT '', options text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT '{"version":"scoped","scopes":' || scopes || ',"tables":{"todos":{"schema":"scoped","scope":' || scope || options
		|| ',"columns":{"id":{"kind":"id"},"team":{"kind":"text"},"org":{"kind":"int"}' || columns || '}}}}'
$$;
CREATE FUNCTION pg_temp.scope_faults(scopes text, scope text, columns text DEFAULT '', options text DEFAULT '') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.faults(pg_temp.declared($1, $2, $3, $4))
$$;

--
-- What is understood
--
SELECT plasma.check_declaration(pg_temp.declared('{"team":"SELECT ''a''"}', '"team"')::json) -> 'scopes';
SELECT t -> 'scope' FROM jsonb_array_elements(plasma.check_declaration(pg_temp.declared('{"team":"SELECT ''a''"}', '"team"')::json) -> 'tables') t;
SELECT t -> 'scope' FROM jsonb_array_elements(plasma.check_declaration(pg_temp.declared('{"x":"SELECT ''a''"}', '{"x":"team"}')::json) -> 'tables') t;
SELECT t -> 'scope' FROM jsonb_array_elements(plasma.check_declaration(pg_temp.declared('{"x":"SELECT 1, ''a''"}', '{"x":["org","team"]}')::json) -> 'tables') t;

-- what is not
SELECT pg_temp.scope_faults('[]', '"team"');
SELECT pg_temp.scope_faults('{"team":1}', '"team"');
SELECT pg_temp.scope_faults('{"te:am":"SELECT 1"}', '{"te:am":"team"}');
SELECT pg_temp.scope_faults('{"":"SELECT 1"}', '{"":"team"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1","room":"SELECT 1"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '"room"');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"room":"team"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":"taem"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":["team","team"]}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":[]}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":[1]}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":1}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":"team","org":"org"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '7');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":"secret"}', ',"secret":{"kind":"text","encrypted":true}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":"n"}', ',"n":{"kind":"sql","type":"numeric"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '{"team":"hues"}', ',"hues":{"kind":"sql","type":"scoped.colour[]"}');
SELECT pg_temp.scope_faults('{"team":"SELECT 1"}', '"team"', '', ',"changeLogSuppressed":true');
SELECT pg_temp.scope_faults('{"team":""}', '"team"');
SELECT pg_temp.scope_faults('{"team":"SELEC 1"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"SELECT 1; SELECT 2"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"DELETE FROM members RETURNING team"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"SELECT team FROM members FOR UPDATE"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"SELECT team INTO x FROM members"}', '"team"');
SELECT pg_temp.scope_faults('{"team":"WITH w AS (DELETE FROM members RETURNING team) SELECT team FROM w"}', '"team"');
SELECT pg_temp.faults('{"version":"v","scopes":{"team":"SELECT 1"},"tables":{
	"a":{"columns":{"id":{"kind":"id"},"team":{"kind":"text"}},"scope":"team"},
	"b":{"columns":{"id":{"kind":"id"},"team":{"kind":"int"}},"scope":"team"},
	"c":{"columns":{"id":{"kind":"id"},"x":{"kind":"text"},"y":{"kind":"text"}},"scope":{"team":["x","y"]}}}}');

--
-- Binding
--
CREATE FUNCTION pg_temp.bind(query text, scope text DEFAULT '"team"', columns text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	answer text;
BEGIN
	BEGIN
		PERFORM plasma.ensure_schema(pg_temp.declared(format('{"team":%s}', to_json(query)), scope, columns)::json);
		SELECT 'bound: ' || regexp_replace(s.query, '\s+', ' ', 'g') INTO answer FROM plasma.scopes s;
		RAISE EXCEPTION USING ERRCODE = 'XX999';
	EXCEPTION WHEN SQLSTATE 'XX999' THEN
		RETURN answer;
	WHEN SQLSTATE 'PL002' THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RETURN detail;
	END;
END
$$;
-- names, operators and functions are written out, each slice comes once, and none is null
SELECT pg_temp.bind('SELECT team FROM members WHERE member = plasma.ctx()->>''sub'' -- mine');
CREATE OPERATOR elsewhere.= (FUNCTION = textne, LEFTARG = text, RIGHTARG = text);
SET search_path = elsewhere, pg_catalog, scoped;
SELECT pg_temp.bind('SELECT team FROM members WHERE member = ''me''');
SET search_path = scoped;
-- what the tables of the declaration itself are made for
SELECT pg_temp.bind('SELECT team FROM todos');
-- columns become those of the tables, where the server does so of itself
SELECT pg_temp.bind('SELECT org, team FROM members', '{"team":["org","team"]}');
SELECT pg_temp.bind('SELECT org FROM members');
SELECT pg_temp.bind('SELECT team FROM members', '{"team":"org"}');
SELECT pg_temp.bind('SELECT hue FROM members', '{"team":"hue"}', ',"hue":{"kind":"sql","type":"scoped.colour"}');
SELECT pg_temp.bind('SELECT hue FROM members');
SELECT pg_temp.bind('SELECT ''red''', '{"team":"hue"}', ',"hue":{"kind":"sql","type":"scoped.colour"}');
SELECT pg_temp.bind('SELECT day FROM members', '{"team":"day"}', ',"day":{"kind":"sql","type":"date"}');
SELECT pg_temp.bind('SELECT v FROM (VALUES (''a'')) v (v)', '{"team":"code"}', ',"code":{"kind":"sql","type":"varchar(3)"}');
-- a cast of somebody's own is none
CREATE TYPE pair AS (a int);
CREATE FUNCTION of_pair(pair) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
CREATE CAST (pair AS text) WITH FUNCTION of_pair(pair) AS IMPLICIT;
SELECT pg_temp.bind('SELECT ROW(1)::pair');
-- refused with the words of the server, at the path of the scope
SELECT pg_temp.bind('SELECT team FROM nowhere');
SELECT pg_temp.bind('SELECT nothing FROM members');
SELECT pg_temp.bind('SELECT $1');
SELECT pg_temp.bind('SELECT team, org FROM members');
SELECT pg_temp.bind('SELECT (SELECT team FROM members FOR SHARE)');
SELECT pg_temp.bind('SELECT team FROM guests');
CREATE FUNCTION pg_temp.teams() RETURNS SETOF text LANGUAGE sql AS 'SELECT ''x''';
SELECT pg_temp.bind('SELECT * FROM pg_temp.teams()');
CREATE TYPE pg_temp.tint AS ENUM ('red');
SELECT pg_temp.bind('SELECT ''red''::pg_temp.tint');
SELECT pg_temp.bind('SELECT 1; DROP TABLE members');
-- a refusal leaves nothing
SELECT count(*) FROM plasma.scopes;
SELECT to_regclass('scoped.todos') IS NULL;

--
-- Tables that are made, and adopted
--
SELECT plasma.ensure_schema(pg_temp.declared('{"team":"SELECT team FROM members WHERE member = plasma.ctx()->>''sub''"}', '"team"')::json);
SELECT table_name, generation, scope, scope_columns FROM plasma.tables ORDER BY 1;
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'todos'::regclass AND NOT indisunique;
SELECT * FROM plasma.drift();
SELECT code, severity, object, problem, fix FROM plasma.verify() WHERE code LIKE 'VF4%';
SELECT plasma.declare_from_catalog('{scoped}') -> 'scopes', plasma.declare_from_catalog('{scoped}') #> '{tables,todos,scope}';
-- a query stays what it was bound to, whatever the search path of who applies it again
CREATE TABLE elsewhere.members (LIKE members);
SET search_path = elsewhere, scoped;
SELECT plasma.plan(pg_temp.declared('{"team":"SELECT team FROM members WHERE member = plasma.ctx()->>''sub''"}', '"team"')::json) ->> 'status';
DROP TRIGGER _plasma_trg_todos_insert ON todos;
SELECT plasma.ensure_schema(pg_temp.declared('{"team":"SELECT team FROM members WHERE member = plasma.ctx()->>''sub''"}', '"team"')::json) -> 'changed';
SELECT query LIKE '%FROM scoped.members%' FROM plasma.scopes;
SET search_path = scoped;
-- a key that begins with the scope is index enough
CREATE TABLE notes (team text, id text, PRIMARY KEY (team, id));
CREATE TABLE lists (id text PRIMARY KEY, team text);
SELECT plasma.ensure_schema('{"version":"scoped-2","scopes":{"team":"SELECT team FROM members"},"tables":{
	"todos":{"schema":"scoped","scope":"team","columns":{"id":{"kind":"id"},"team":{"kind":"text"},"org":{"kind":"int"}}},
	"keyed":{"schema":"scoped","scope":"team","key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"notes":{"schema":"scoped","scope":"team","key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"lists":{"schema":"scoped","scope":"team","columns":{"id":{"kind":"id"},"team":{"kind":"text","nullable":true}}}}}');
SELECT regexp_replace(query, '\s+', ' ', 'g') FROM plasma.scopes;
SELECT count(*) FROM pg_index WHERE indrelid = 'keyed'::regclass;
SELECT code, severity, object, problem, fix FROM plasma.verify() WHERE code LIKE 'VF4%';
CREATE INDEX CONCURRENTLY ON scoped.lists (team, id);
SELECT count(*) FROM plasma.verify() WHERE code LIKE 'VF4%';

--
-- Changes
--
CREATE FUNCTION pg_temp.two(todos text, notes text, query text DEFAULT 'SELECT team FROM members', version text DEFAULT 'scoped-3') RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"' || version || '","scopes":{"team":' || to_json(query) || '},"tables":{
	"todos":{"schema":"scoped"' || todos || ',"columns":{"id":{"kind":"id"},"team":{"kind":"text"},"org":{"kind":"int"}}},
	"keyed":{"schema":"scoped","scope":"team","key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"notes":{"schema":"scoped"' || notes || ',"key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"lists":{"schema":"scoped","scope":"team","columns":{"id":{"kind":"id"},"team":{"kind":"text","nullable":true}}}}}')::json
$$;
CREATE FUNCTION pg_temp.told(schema json, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	WITH p AS (SELECT plasma.plan(schema, options) AS p)
	SELECT p ->> 'status' FROM p
	UNION ALL SELECT concat_ws(' ', 'diff', d ->> 'op', d ->> 'path') FROM p, jsonb_array_elements(p -> 'diff') d
	UNION ALL SELECT concat_ws(' ', 'issue', i ->> 'code', i ->> 'severity', i ->> 'path', i ->> 'issue') FROM p, jsonb_array_elements(p -> 'issues') i
	UNION ALL SELECT concat_ws(' ', 'step', s ->> 'op', s ->> 'object', s ->> 'locks') FROM p, jsonb_array_elements(p -> 'steps') s
$$;
-- another scope, none, and one that comes
SELECT pg_temp.told(pg_temp.two('', ',"scope":"team"'));
SELECT plasma.run_migrations(pg_temp.two('', ',"scope":"team"')) ->> 'status';
SELECT pg_temp.told(pg_temp.two('', ',"scope":"team"'));
SELECT table_name, generation, scope, scope_columns FROM plasma.tables ORDER BY 1;
SELECT pg_temp.told(pg_temp.two(',"scope":"team"', ',"scope":{"team":"id"}', version => 'scoped-4'));
CALL plasma.migrate(pg_temp.two(',"scope":"team"', ',"scope":{"team":"id"}', version => 'scoped-4'));
SELECT table_name, generation, scope, scope_columns FROM plasma.tables ORDER BY 1;
SELECT code, object, problem, fix FROM plasma.verify() WHERE code LIKE 'VF4%';
-- only the query: nobody fetches anything again
SELECT pg_temp.told(pg_temp.two(',"scope":"team"', ',"scope":{"team":"id"}', 'SELECT member FROM members', 'scoped-5'));
SELECT plasma.ensure_schema(pg_temp.two(',"scope":"team"', ',"scope":{"team":"id"}', 'SELECT member FROM members', 'scoped-5')) -> 'changed';
SELECT table_name, generation FROM plasma.tables ORDER BY 1;
SELECT regexp_replace(query, '\s+', ' ', 'g') FROM plasma.scopes;
-- a query that cannot be bound is refused in the plan
SELECT pg_temp.told(pg_temp.two(',"scope":"team"', ',"scope":{"team":"id"}', 'SELECT member FROM nobody', 'scoped-6'));
-- ensure_schema changes scopes, too, and waits for who writes
BEGIN;
SELECT plasma.ensure_schema(pg_temp.two(',"scope":"team"', ',"scope":"team"', 'SELECT member FROM members', 'scoped-6')) -> 'changed';
SELECT relation::regclass, mode FROM pg_locks WHERE locktype = 'relation' AND pid = pg_backend_pid()
	AND mode = 'ShareRowExclusiveLock' AND relation IN (SELECT t.relation FROM plasma.tables t);
COMMIT;
SELECT table_name, generation, scope_columns FROM plasma.tables WHERE table_name = 'notes';
-- older versions are served, and going back changes the scope back
SELECT version, served, active FROM plasma.declarations WHERE version LIKE 'scoped%' ORDER BY ordinal;
SELECT pg_temp.told(pg_temp.two('', ',"scope":"team"'));
-- no policy has anything against it
SELECT plasma.plan(pg_temp.two('', ',"scope":"team"', 'SELECT team FROM members', 'scoped-7'), jsonb_build_object('policy', p)) ->> 'status'
FROM unnest('{plasma,strict,data}'::text[]) p;
-- a script has the same in its last statement
SELECT plasma.plan_sql(plasma.plan(pg_temp.two('', ',"scope":"team"', 'SELECT team FROM members', 'scoped-7'))) LIKE '%set_scope%';

-- whoever applies needs no right on the rows, but has to find the names
CREATE ROLE plasma_scope_admin;
GRANT USAGE, CREATE ON SCHEMA scoped TO plasma_scope_admin;
SELECT plasma.grant_access('plasma_scope_admin', 'admin');
CREATE FUNCTION pg_temp.mine(query text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"mine","scopes":{"team":' || to_json(query) || '},"tables":{
	"mine":{"schema":"scoped","scope":{"team":"of"},"columns":{"id":{"kind":"id"},"of":{"kind":"text"}}}}}')::json
$$;
BEGIN;
SELECT plasma.drop_capture() IS NOT NULL;
SET LOCAL ROLE plasma_scope_admin;
SAVEPOINT here;
SELECT plasma.ensure_schema(pg_temp.mine('SELECT team FROM elsewhere.members'));
ROLLBACK TO here;
SELECT plasma.ensure_schema(pg_temp.mine('SELECT team FROM scoped.members')) -> 'created';
SELECT team FROM scoped.members;
ROLLBACK TO here;
RESET ROLE;
SELECT plasma.ensure_schema(pg_temp.mine('SELECT team FROM elsewhere.members')) -> 'created';
SET LOCAL ROLE plasma_scope_admin;
SELECT * FROM plasma.drift();
ROLLBACK;
REVOKE ALL ON SCHEMA scoped FROM plasma_scope_admin;
SELECT plasma.revoke_access('plasma_scope_admin');
DROP ROLE plasma_scope_admin;

-- what a plan makes can be named by a query, and what it does not make cannot
CREATE FUNCTION pg_temp.joined(query text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"joined","scopes":{"team":' || to_json(query) || '},"tables":{
	"todos":{"schema":"scoped","scope":"team","columns":{"id":{"kind":"id"},"team":{"kind":"text"},"org":{"kind":"int"}}},
	"keyed":{"schema":"scoped","scope":"team","key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"notes":{"schema":"scoped","key":["team","id"],"columns":{"id":{"kind":"id"},"team":{"kind":"text"}}},
	"lists":{"schema":"scoped","columns":{"id":{"kind":"id"},"team":{"kind":"text","nullable":true}}},
	"joined":{"schema":"scoped","scope":{"team":"of"},"columns":{"id":{"kind":"id"},"of":{"kind":"text"}}}}}')::json
$$;
SELECT pg_temp.told(pg_temp.joined('SELECT of FROM scoped.joined'));
SELECT s -> 'sql' ->> 1 FROM jsonb_array_elements(plasma.plan(pg_temp.joined('SELECT of FROM joined')) -> 'steps') s WHERE s ->> 'op' = 'create_table';
SELECT plasma.run_migrations(pg_temp.joined('SELECT of FROM scoped.joint'));
SELECT plasma.run_migrations(pg_temp.joined('SELECT of FROM scoped.joined')) ->> 'status';
SELECT regexp_replace(query, '\s+', ' ', 'g') FROM plasma.scopes;

-- what a query reads is not removed under it, and goes with the query that read it
CREATE FUNCTION pg_temp.reading(version text, query text, rest text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"' || version || '","scopes":{"team":' || to_json(query) || '},"tables":{
	"todos":{"schema":"scoped","scope":"team","columns":{"id":{"kind":"id"},"team":{"kind":"text"},"org":{"kind":"int"}}}' || rest || '}}')::json
$$;
\set belongs ',"belongs":{"schema":"scoped","columns":{"id":{"kind":"id"},"team":{"kind":"text"},"who":{"kind":"text","nullable":true}}}'
\set shrunk ',"belongs":{"schema":"scoped","columns":{"id":{"kind":"id"},"team":{"kind":"text"}}}'
SELECT plasma.drop_capture() IS NOT NULL;
SELECT plasma.ensure_schema(pg_temp.reading('reading-1', 'SELECT b.team FROM scoped.belongs b JOIN (SELECT who FROM belongs) x USING (who)', :'belongs')) -> 'created';
SELECT pg_temp.told(pg_temp.reading('reading-2', 'SELECT b.team FROM scoped.belongs b JOIN (SELECT who FROM belongs) x USING (who)', ''), '{"allow":["DS101"]}');
SELECT pg_temp.told(pg_temp.reading('reading-2', 'SELECT b.team FROM scoped.belongs b JOIN (SELECT who FROM belongs) x USING (who)', :'shrunk'), '{"allow":["DS102"]}');
SELECT pg_temp.told(pg_temp.reading('reading-2', 'SELECT b.team FROM scoped.belongs b JOIN belongs x USING (id)', :'shrunk'), '{"allow":["DS102"]}');
CREATE TABLE seen (tag text, xid xid8);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO scoped.seen VALUES (tg_tag, pg_current_xact_id()); END $$;
CREATE FUNCTION see_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO scoped.seen VALUES ('registered', pg_current_xact_id()); RETURN NULL; END $$;
CREATE EVENT TRIGGER see_it ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION see();
CREATE TRIGGER see_it AFTER INSERT ON plasma.declarations EXECUTE FUNCTION see_row();
CALL plasma.migrate(pg_temp.reading('reading-2', 'SELECT team FROM members', ''), '{"allow":["DS101"]}');
SELECT string_agg(DISTINCT tag, ', ') FROM seen GROUP BY xid;
DROP EVENT TRIGGER see_it;
DROP TRIGGER see_it ON plasma.declarations;
DROP FUNCTION see(), see_row();
DROP TABLE seen;

-- partitions are locked with their table, and an index is wanted of all of them
CREATE TABLE parted (id text, team text, PRIMARY KEY (id)) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE FUNCTION pg_temp.parted(version text, scope text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"' || version || '","scopes":{"team":"SELECT team FROM members"},"tables":{
	"parted":{"schema":"scoped","scope":{"team":' || scope || '},"columns":{"id":{"kind":"id"},"team":{"kind":"text","nullable":true}}}}}')::json
$$;
SELECT plasma.ensure_schema(pg_temp.parted('parted-1', '"team"')) -> 'adopted';
SELECT code, object, fix FROM plasma.verify() WHERE code LIKE 'VF4%';
SELECT pg_temp.told(pg_temp.parted('parted-2', '["id"]'));
SELECT plasma.run_migrations(pg_temp.parted('parted-2', '["id"]')) ->> 'status';
SELECT table_name, generation, scope_columns FROM plasma.tables;
SELECT count(*) FROM plasma.verify() WHERE code LIKE 'VF4%';

--
-- The type of a column of a scope
--
CREATE TABLE places (id text PRIMARY KEY, spot int NOT NULL);
CREATE FUNCTION pg_temp.places(type text, version text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"' || version || '","scopes":{"spot":"SELECT org FROM members"},"tables":{
	"places":{"schema":"scoped","scope":"spot","columns":{"id":{"kind":"id"},"spot":{"kind":"sql","type":"' || type || '"}}}}}')::json
$$;
SELECT plasma.drop_capture() IS NOT NULL;
SELECT count(*) FROM plasma.scopes;
DROP TABLE todos, keyed, notes, lists, joined, parted;
SELECT plasma.ensure_schema(pg_temp.places('int', 'places-1')) -> 'adopted';
SELECT generation FROM plasma.tables;
SELECT pg_temp.told(pg_temp.places('bigint', 'places-2'), '{"allow":["DS105"]}');
SELECT plasma.run_migrations(pg_temp.places('bigint', 'places-2'), '{"allow":["DS105"]}') ->> 'status';
SELECT t.generation, regexp_replace(s.query, '\s+', ' ', 'g') FROM plasma.tables t, plasma.scopes s;
CALL plasma.migrate(pg_temp.places('text', 'places-3'), '{"allow":["DS105"]}');
SELECT t.generation > 2, regexp_replace(s.query, '\s+', ' ', 'g') FROM plasma.tables t, plasma.scopes s;
SELECT pg_temp.told(pg_temp.places('numeric', 'places-4'));

--
-- What goes wrong later
--
SELECT code, object, problem, fix FROM plasma.verify() WHERE code LIKE 'VF42%';
ALTER TABLE members RENAME COLUMN org TO organisation;
SELECT * FROM plasma.drift();
SELECT code, severity, object, problem FROM plasma.verify() WHERE code LIKE 'VF42%';
ALTER TABLE members RENAME COLUMN organisation TO org;
-- the query finds another table in place of one that is gone
ALTER TABLE members RENAME TO old_members;
SET search_path = scoped, elsewhere;
SELECT jsonb_path_query_array(plasma.repair(), '$.mended[*].code');
SELECT query LIKE '%FROM elsewhere.members%' FROM plasma.scopes;
SET search_path = scoped;
-- a scope that is not registered shows nobody anything, and is mended
DELETE FROM plasma.scopes;
SELECT code, severity, object, problem FROM plasma.verify() WHERE code LIKE 'VF42%';
ALTER TABLE old_members RENAME TO members;
SELECT jsonb_path_query_array(plasma.repair(), '$.mended[*].code');
SELECT count(*) FROM plasma.scopes;
DELETE FROM plasma.scopes;
SELECT plasma.ensure_schema(pg_temp.places('text', 'places-3')) -> 'changed';
SELECT count(*) FROM plasma.scopes;
-- whoever asks for no more than what is registered gets capture mended, whatever has become of the query
ALTER TABLE members RENAME TO old_members;
DROP TRIGGER _plasma_trg_places_insert ON places;
SELECT plasma.ensure_schema(pg_temp.places('int', 'places-1')) -> 'changed';
SELECT code, problem FROM plasma.verify() WHERE code IN ('VF101', 'VF422');
DROP TRIGGER _plasma_trg_places_insert ON places;
SELECT plasma.ensure_schema(pg_temp.places('text', 'places-3')) -> 'changed';
DELETE FROM plasma.scopes;
SELECT plasma.ensure_schema(pg_temp.places('text', 'places-3')) -> 'changed';
ALTER TABLE old_members RENAME TO members;
SELECT plasma.ensure_schema(pg_temp.places('text', 'places-3')) -> 'changed';
-- a table whose registered scope is not the declared one
UPDATE plasma.tables SET scope_columns = '{id}';
SELECT * FROM plasma.drift();
SELECT jsonb_path_query_array(plasma.repair(), '$.mended[*].code');
-- a column that is gone
ALTER TABLE places RENAME COLUMN spot TO stain;
SELECT code, severity, object, problem FROM plasma.verify() WHERE code LIKE 'VF42%';

--
-- No setting of who pulls, or of who applies, makes other slices of it
--
SELECT plasma.drop_capture() IS NOT NULL;
CREATE TABLE days (note text, day date, at timestamptz, raw bytea, ratio float8);
INSERT INTO days VALUES ('quote', '2020-01-31', '2020-01-31 23:30+00', '\x00ff', 0.1::float8 + 0.2::float8);
CREATE FUNCTION pg_temp.days() RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"days","scopes":{
		"note":' || to_json($q$SELECT note FROM days WHERE note <> '\' AND note <> ' OR '$q$::text) || ',
		"day":"SELECT day FROM days", "at":"SELECT at FROM days", "raw":"SELECT raw FROM days", "ratio":"SELECT ratio FROM days",
		"since":"SELECT at FROM days WHERE at > timestamptz ''2020-02-01 00:00''"},"tables":{'
		|| string_agg(format('"by_%1$s":{"schema":"scoped","scope":{"%1$s":"of"},"columns":{"id":{"kind":"id"},"of":{"kind":"sql","type":"%2$s"}}}', s, t), ',') || '}}')::json
	FROM (VALUES ('note', 'text'), ('day', 'text'), ('at', 'date'), ('raw', 'text'), ('ratio', 'text'), ('since', 'text')) v (s, t)
$$;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SET standard_conforming_strings = off;
SELECT jsonb_array_length(plasma.ensure_schema(pg_temp.days()) -> 'created');
RESET ALL;
SET search_path = scoped;
INSERT INTO by_note VALUES ('1', 'quote');
INSERT INTO by_day VALUES ('1', '2020-01-31');
INSERT INTO by_at VALUES ('1', '2020-01-31'), ('2', '2020-02-01');
INSERT INTO by_raw VALUES ('1', '\x00ff');
INSERT INTO by_ratio VALUES ('1', '0.30000000000000004');
INSERT INTO by_since VALUES ('1', '2020-01-31 23:30:00+00');
CREATE FUNCTION pg_temp.get() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', p->>'table', p->>'id'), ', ') FROM json_array_elements(plasma.pull(jsonb_build_object('protocolVersion', 1,
		'schemaVersion', 'days', 'clientGroupID', 'g', 'clientID', 'c', 'cookie', NULL)) -> 'patch') p WHERE p->>'op' = 'put'
$$;
SELECT pg_temp.get();
\c -
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
SET search_path = scoped;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German, DMY';
SET bytea_output = 'escape';
SET extra_float_digits = -3;
SET standard_conforming_strings = off;
SELECT string_agg(concat_ws(' ', p->>'table', p->>'id'), ', ') FROM json_array_elements(plasma.pull('{"protocolVersion": 1,
	"schemaVersion": "days", "clientGroupID": "g", "clientID": "c", "cookie": null}') -> 'patch') p WHERE p->>'op' = 'put';
SELECT count(*) FROM plasma.drift();
RESET ALL;

SET client_min_messages = warning;
SELECT plasma.drop_capture() IS NOT NULL;
DROP SCHEMA scoped, elsewhere CASCADE;
DELETE FROM plasma.declarations;
DELETE FROM plasma.former_tables;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
SELECT count(*) FROM plasma.scopes;

-- The texts of issues: what is true for the executor and the options that were asked for.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE SCHEMA wording;
CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json
$$;
CREATE FUNCTION pg_temp.told(declaration json, options text, codes text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(E'\n  ', concat_ws(' ', i ->> 'code', i ->> 'row', i ->> 'severity'),
		regexp_replace(i ->> 'issue', '\d+ \w+, ', ''), i ->> 'fix')
	FROM jsonb_array_elements(plasma.plan(declaration, options::jsonb) -> 'issues') i WHERE i ->> 'code' ~ codes
$$;
CREATE TABLE wording.users (id text PRIMARY KEY);
CREATE TABLE wording.todos (id text PRIMARY KEY, title text NOT NULL, owner text, rank integer);
INSERT INTO wording.users VALUES ('u');
INSERT INTO wording.todos VALUES ('a', 'A', 'u', 1), ('b', 'B', 'u', 2);
\set users '"users":{"schema":"wording","columns":{"id":{"kind":"id"}}}'

-- Which access an index, a scan or a foreign key blocks, and who blocks less.
\set todos ',"todos":{"schema":"wording","columns":{"id":{"kind":"id"},"title":{"kind":"text","unique":true},"owner":{"kind":"ref","references":"users","onDelete":"cascade","nullable":true}}}'
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{"executor":"migrate"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{"executor":"plan_sql"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{"max_locked_rows":1}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{"max_locked_rows":1,"executor":"migrate"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'todos'), '{"max_locked_rows":1,"allow":["LK102","LK103","LK104"]}', '^LK103');
\set owner ',"todos":{"schema":"wording","columns":{"id":{"kind":"id"},"title":{"kind":"text"},"owner":{"kind":"ref","references":"users","onDelete":"cascade","nullable":true}}}'
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'owner'), '{}', '^LK');

-- A rewrite: another executor avoids it, or none; under strict its size is not the matter.
\set token ',"todos":{"schema":"wording","columns":{"id":{"kind":"id"},"title":{"kind":"text"},"token":{"kind":"sql","type":"uuid","defaultExpression":"gen_random_uuid()"}}}'
\set serial ',"todos":{"schema":"wording","columns":{"id":{"kind":"id"},"title":{"kind":"text"},"no":{"kind":"int","identity":"always"}}}'
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'token'), '{}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'token'), '{"policy":"strict"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'serial'), '{"policy":"strict"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'serial'), '{"executor":"migrate"}', '^LK');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'serial'), '{"executor":"migrate","max_locked_rows":1}', '^LK');

-- What breaks clients: with a new version there is nothing left to do.
SELECT plasma.run_migrations(pg_temp.declaration('v1', :'users' || :'owner')) ->> 'status';
\set null ',"todos":{"schema":"wording","columns":{"id":{"kind":"id"},"title":{"kind":"text","nullable":true},"owner":{"kind":"ref","references":"users","onDelete":"cascade","nullable":true}}}'
SELECT pg_temp.told(pg_temp.declaration('v2', :'users' || :'null'), '{}', '^BC');
SELECT pg_temp.told(pg_temp.declaration('v1', :'users' || :'null'), '{}', '^BC');
SELECT pg_temp.told(pg_temp.declaration('v2', :'users' || :'null'), '{"enforce_compat":true}', '^BC');
SELECT pg_temp.told(pg_temp.declaration('v2', :'users' || :'null'), '{"enforce_compat":true,"allow":["BC104"]}', '^BC');
SELECT pg_temp.told(pg_temp.declaration('v2', :'users' || :'null'), '{"policy":"strict"}', '^BC');

-- Only where it is the data is it said to be.
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'users' || replace(:'owner', '"nullable":true', '"nullable":false')), '{"fingerprint":"0000000000000000000000000000000000000000000000000000000000000000"}');
UPDATE wording.todos SET owner = NULL;
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'users' || replace(:'owner', '"nullable":true', '"nullable":false')));

DROP SCHEMA wording CASCADE;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

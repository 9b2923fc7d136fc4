-- What only catalogs since 18 hold: NOT NULL that is NOT VALID, columns that are
-- generated when they are read, constraints that are not enforced or about periods,
-- foreign keys of partitioned tables that are NOT VALID, NOT NULL of partitions' own.
SELECT current_setting('server_version_num')::int < 180000 AS is_older \gset
\if :is_older
\quit
\endif
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
UPDATE plasma.state SET registry = gen_random_uuid();
CREATE SCHEMA server_18;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{'
		|| (SELECT string_agg(to_json(t.key) || ':{"schema":"server_18",' || ltrim(t.value::text, '{'), ',') FROM json_each(tables::json) t)
		|| '}}')::json
$$;
-- One plan in lines: status, what is more than information, direct and online statements.
CREATE FUNCTION pg_temp.lines(plan jsonb) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', plan ->> 'status', CASE WHEN (plan ->> 'validated')::boolean THEN 'validated' END, plan ->> 'not_validated')
	UNION ALL
	(SELECT concat_ws(' ', i ->> 'severity', i ->> 'code', i ->> 'path', i ->> 'issue')
	FROM jsonb_array_elements(plan -> 'issues') WITH ORDINALITY x (i, n) WHERE i ->> 'severity' <> 'info' ORDER BY n)
	UNION ALL
	(SELECT concat_ws(E'\n\t', s ->> 'op',
		(SELECT string_agg(q, E'\n\t') FROM jsonb_array_elements_text(s -> 'sql') q),
		(SELECT string_agg('online: ' || (q ->> 'sql'), E'\n\t') FROM jsonb_array_elements(s -> 'online') q))
	FROM jsonb_array_elements(plan -> 'steps') WITH ORDINALITY x (s, n) WHERE s ->> 'op' <> 'register' ORDER BY n)
$$;
CREATE FUNCTION pg_temp.not_nulls(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', conname, CASE WHEN NOT convalidated THEN 'unproven' END) FROM pg_constraint
	WHERE conrelid = relation AND contype = 'n' ORDER BY conname
$$;

-- NOT NULL that is NOT VALID: the column is marked, and yet may hold nulls.
CREATE TABLE server_18.t (id text PRIMARY KEY, title text, extra text, n bigint);
INSERT INTO server_18.t SELECT 'r' || g, CASE WHEN g > 2 THEN 'x' END, 'e', g FROM generate_series(1, 4) g;
ALTER TABLE server_18.t ADD CONSTRAINT mine NOT NULL title NOT VALID, ADD CONSTRAINT other NOT NULL extra NOT VALID;
SELECT pg_temp.declaration('v1', '{"t":{"columns":{"id":{"kind":"id"},"title":{"kind":"text"},"n":{"kind":"int","nullable":true}}}}') AS required \gset
SELECT pg_temp.declaration('v2', '{"t":{"columns":{"id":{"kind":"id"},"title":{"kind":"text","nullable":true},"n":{"kind":"int","nullable":true}}}}') AS optional \gset
SELECT plasma.declare_from_catalog('{server_18}') #> '{tables,t,columns}';
SELECT pg_temp.lines(plasma.plan(:'required'));
\echo -- one of the application is left to it
SELECT pg_temp.lines(plasma.plan(:'optional'));
UPDATE server_18.t SET title = 'y' WHERE title IS NULL;
SELECT pg_temp.lines(plasma.plan(:'required'));
SELECT plasma.plan(:'required') #>> '{from,catalog}' AS unproven \gset
SELECT plasma.run_migrations(:'required') ->> 'status';
SELECT pg_temp.not_nulls('server_18.t');
SELECT plasma.plan(:'required') #>> '{from,catalog}' <> :'unproven';
SELECT code, table_name, column_name FROM plasma.drift();
BEGIN;
ALTER TABLE server_18.t ALTER title DROP NOT NULL, ADD CONSTRAINT mine NOT NULL title NOT VALID;
SELECT code, table_name, column_name, detail FROM plasma.drift();
ROLLBACK;
ALTER TABLE server_18.t DROP extra;

\echo -- one that a migration left unproven is proven by the next, or taken back
SELECT plasma.run_migrations(:'optional') ->> 'status';
SELECT pg_temp.not_nulls('server_18.t');
UPDATE server_18.t SET title = NULL WHERE id = 'r1';
SELECT pg_temp.declaration('v3', '{"t":{"columns":{"id":{"kind":"id"},"title":{"kind":"text"},"n":{"kind":"int","nullable":true}}}}') AS required \gset
ALTER TABLE server_18.t ADD CONSTRAINT t_title_not_null NOT NULL title NOT VALID;
SELECT code, column_name, detail FROM plasma.drift();
SELECT pg_temp.lines(plasma.plan(:'required'));
BEGIN;
SELECT pg_temp.lines(plasma.plan(:'optional'));
SELECT plasma.run_migrations(:'optional') ->> 'status';
SELECT pg_temp.not_nulls('server_18.t');
SELECT code, column_name, detail FROM plasma.drift();
ROLLBACK;
DELETE FROM server_18.t WHERE id = 'r1';
CALL plasma.migrate(:'required', '{}', NULL) \g /dev/null
SELECT pg_temp.not_nulls('server_18.t');

\echo -- it belongs to the column alone and goes with it
SELECT pg_temp.lines(plasma.plan(pg_temp.declaration('v4', '{"t":{"columns":{"id":{"kind":"id"},"n":{"kind":"int","nullable":true}}}}'), '{"allow":["DS103"]}'));
DELETE FROM server_18.t;
SELECT pg_temp.lines(plasma.plan(pg_temp.declaration('v4', '{"t":{"columns":{"id":{"kind":"id"},"n":{"kind":"int","nullable":true}}}}'), '{"policy":"data"}'));

\echo -- generated when it is read, which triggers do not see
ALTER TABLE server_18.t ADD twice bigint GENERATED ALWAYS AS (n * 2);
SELECT pg_temp.lines(plasma.plan(pg_temp.declaration('v4', '{"t":{"columns":{"id":{"kind":"id"},"title":{"kind":"text"},"n":{"kind":"int","nullable":true},"twice":{"kind":"int","nullable":true,"generated":"n * 2"}}}}')));
SELECT pg_temp.lines(plasma.plan(pg_temp.declaration('v4', '{"t":{"columns":{"id":{"kind":"id"},"title":{"kind":"text"},"n":{"kind":"int"}}}}')));
INSERT INTO server_18.t (id, title, n) VALUES ('v', 'virtual', 1);
SELECT value FROM plasma.changes WHERE table_name = 't' AND row_id = 'v';
SET client_min_messages = notice;
SELECT plasma.declare_from_catalog('{server_18}') #> '{tables,t,columns}' ? 'twice';
SET client_min_messages = warning;
DROP TABLE server_18.t;
DELETE FROM plasma.declarations;
DELETE FROM plasma.tables;

\echo -- a foreign key that is not enforced is none
CREATE TABLE server_18.u (id text PRIMARY KEY);
CREATE TABLE server_18.t (id text PRIMARY KEY, owner text NOT NULL, n bigint, CONSTRAINT t_owner_fkey FOREIGN KEY (owner) REFERENCES server_18.u NOT ENFORCED);
INSERT INTO server_18.t VALUES ('a', 'nobody', 1);
SELECT plasma.declare_from_catalog('{server_18}') #> '{tables,t,columns,owner}';
SELECT pg_temp.declaration('v1', '{"u":{"columns":{"id":{"kind":"id"}}},"t":{"columns":{"id":{"kind":"id"},"owner":{"kind":"ref","references":"u","onDelete":"cascade"},"n":{"kind":"int","nullable":true}}}}') AS declaration \gset
SELECT pg_temp.lines(plasma.plan(:'declaration'));
DELETE FROM server_18.t;
SELECT pg_temp.lines(plasma.plan(:'declaration'));
SELECT plasma.run_migrations(:'declaration') ->> 'status';
SELECT code, table_name, column_name, detail FROM plasma.drift();
DROP TABLE server_18.t, server_18.u;
DELETE FROM plasma.declarations;
DELETE FROM plasma.tables;

\echo -- keys about periods are no keys of rows, and in the way of none
CREATE TABLE server_18.room (id int4range, during daterange, name text, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE server_18.stay (id text PRIMARY KEY, room int4range, during daterange, n bigint, FOREIGN KEY (room, PERIOD during) REFERENCES server_18.room (id, PERIOD during));
SELECT jsonb_path_query(plasma.declare_from_catalog('{server_18}'), '$.tables.*.key');
SELECT pg_temp.lines(plasma.plan(pg_temp.declaration('v1', '{"room":{"columns":{"id":{"kind":"id"},"name":{"kind":"text"}}}}')));
SELECT pg_temp.declaration('v1', '{"room":{"key":[],"changeLogSuppressed":true,"columns":{"name":{"kind":"text","nullable":true,"default":"x"}}},
	"stay":{"columns":{"id":{"kind":"id"},"n":{"kind":"int"}}}}') AS declaration \gset
SELECT pg_temp.lines(plasma.plan(:'declaration'));
SELECT plasma.run_migrations(:'declaration') ->> 'status';
DROP TABLE server_18.room, server_18.stay;
DELETE FROM plasma.declarations;
DELETE FROM plasma.tables;

\echo -- partitioned tables: NOT VALID, and valid partition by partition
CREATE TABLE server_18.u (id text PRIMARY KEY);
CREATE TABLE server_18.p (id text PRIMARY KEY, owner text, title text) PARTITION BY HASH (id);
CREATE TABLE server_18.p0 PARTITION OF server_18.p FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE server_18.p1 PARTITION OF server_18.p FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT pg_temp.declaration('v1', '{"u":{"columns":{"id":{"kind":"id"}}},"p":{"columns":{"id":{"kind":"id"},"owner":{"kind":"ref","references":"u","onDelete":"cascade"},"title":{"kind":"text"}}}}') AS declaration \gset
SELECT pg_temp.lines(plasma.plan(:'declaration'));
CALL plasma.migrate(:'declaration', '{}', NULL) \g /dev/null
SELECT pg_temp.not_nulls('server_18.p1');
ALTER TABLE server_18.p DROP CONSTRAINT p_owner_fkey, ADD CONSTRAINT p_owner_fkey FOREIGN KEY (owner) REFERENCES server_18.u ON DELETE CASCADE NOT VALID;
ALTER TABLE server_18.p ALTER title DROP NOT NULL, ADD CONSTRAINT mine NOT NULL title NOT VALID;
SELECT code, table_name, column_name, detail FROM plasma.drift();
SELECT pg_temp.lines(plasma.plan(:'declaration'));
SELECT plasma.run_migrations(:'declaration') ->> 'status';
SELECT code, table_name, column_name, detail FROM plasma.drift();

\echo -- a NOT NULL that a partition has of its own goes with that of its table
ALTER TABLE server_18.p1 ALTER title SET NOT NULL;
SELECT pg_temp.declaration('v2', '{"u":{"columns":{"id":{"kind":"id"}}},"p":{"columns":{"id":{"kind":"id"},"owner":{"kind":"ref","references":"u","onDelete":"cascade"},"title":{"kind":"text","nullable":true}}}}') AS declaration \gset
SELECT pg_temp.lines(plasma.plan(:'declaration'));
SELECT plasma.run_migrations(:'declaration') ->> 'status';
SELECT pg_temp.not_nulls('server_18.p1');

DROP SCHEMA server_18 CASCADE;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
DELETE FROM plasma.changes;

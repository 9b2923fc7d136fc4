-- The truth table done: tables (T), names (N) and versions (V).
\getenv here PG_ABS_SRCDIR
\set include :here '/sql/truth.include'
\set ECHO none
\i :include
\set ECHO all
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\set two 'INSERT INTO truth.t (id) VALUES (\'a\'), (\'b\')'

SELECT pg_temp.truth('T1 add a table', '{}', '', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.truth('T1 two that refer to each other', '{}', '', '{"a":{"columns":{"id":{"kind":"id"},"b":{"kind":"ref","references":"b","onDelete":"cascade","nullable":true}}},"b":{"columns":{"id":{"kind":"id"},"a":{"kind":"ref","references":"a","onDelete":"restrict","nullable":true}}}}');
SELECT pg_temp.adopted('T2 adopt', 'CREATE TABLE truth.t (id text PRIMARY KEY); INSERT INTO truth.t VALUES (''a'')', pg_temp.t('"c":{"kind":"text","nullable":true}'));
SELECT pg_temp.adopted('T2 of another shape', 'CREATE TABLE truth.t (id text PRIMARY KEY, c integer); INSERT INTO truth.t VALUES (''a'', 1)', pg_temp.t('"c":{"kind":"boolean"},"d":{"kind":"text"}'));
SELECT pg_temp.truth('T3, T4 remove', pg_temp.t(''), :'two', '{}');
SELECT pg_temp.truth('T3, T4 remove, allowed', pg_temp.t(''), :'two', '{}', '{"allow":["DS101"]}');
SELECT pg_temp.truth('T3 remove, another refers to it', '{"t":{"columns":{"id":{"kind":"id"}}},"u":{"columns":{"id":{"kind":"id"},"c":{"kind":"ref","references":"t","onDelete":"cascade"}}}}', '',
	'{"u":{"columns":{"id":{"kind":"id"},"c":{"kind":"text"}}}}', '{"allow":["DS101"]}');
SELECT pg_temp.truth('T3 remove, a view uses it', pg_temp.t(''), 'CREATE VIEW truth.v AS SELECT id FROM truth.t', '{}', '{"allow":["DS101"]}');
SELECT pg_temp.truth('T5 rename', pg_temp.t('"c":{"kind":"text"}'), '', '{"u":{"columns":{"id":{"kind":"id"},"c":{"kind":"text"}}}}');
SELECT pg_temp.truth('T6 gone', pg_temp.t(''), 'DROP TABLE truth.t', pg_temp.t(''));
SELECT pg_temp.truth('T7 moved by hand', pg_temp.t(''), 'CREATE SCHEMA elsewhere; ALTER TABLE truth.t SET SCHEMA elsewhere', pg_temp.t(''));
SELECT pg_temp.adopted('T7 a namesake elsewhere', format('CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.t (id text PRIMARY KEY); SELECT plasma.run_migrations(%L)',
	'{"version":"v0","tables":{"t":{"schema":"elsewhere","columns":{"id":{"kind":"id"}}}}}') || '; CREATE TABLE truth.t (id text PRIMARY KEY)', pg_temp.t(''));
SELECT pg_temp.adopted('T8 view', 'CREATE VIEW truth.t AS SELECT ''a''::text AS id', pg_temp.t(''));
SELECT pg_temp.adopted('T8 materialized view', 'CREATE MATERIALIZED VIEW truth.t AS SELECT ''a''::text AS id', pg_temp.t(''));
SELECT pg_temp.adopted('T9 partitioned', 'CREATE TABLE truth.t (id text PRIMARY KEY) PARTITION BY HASH (id);
	CREATE TABLE truth.p PARTITION OF truth.t FOR VALUES WITH (MODULUS 1, REMAINDER 0); INSERT INTO truth.t VALUES (''a'')', pg_temp.t('"c":{"kind":"text","default":"x"}'));
SELECT pg_temp.adopted('T10 unique on a partitioned table', 'CREATE TABLE truth.t (id text PRIMARY KEY) PARTITION BY HASH (id)', pg_temp.t('"c":{"kind":"text","nullable":true,"unique":true}'));
SELECT pg_temp.adopted('T11 partition', 'CREATE TABLE truth.p (id text PRIMARY KEY) PARTITION BY HASH (id);
	CREATE TABLE truth.t PARTITION OF truth.p FOR VALUES WITH (MODULUS 1, REMAINDER 0)', pg_temp.t(''));
SELECT pg_temp.adopted('T12 parent', 'CREATE TABLE truth.t (id text PRIMARY KEY); CREATE TABLE truth.u () INHERITS (truth.t)', pg_temp.t(''));
SELECT pg_temp.adopted('T12 child', 'CREATE TABLE truth.u (id text); CREATE TABLE truth.t (PRIMARY KEY (id)) INHERITS (truth.u)', pg_temp.t(''));
SELECT pg_temp.adopted('T13 unlogged', 'CREATE UNLOGGED TABLE truth.t (id text PRIMARY KEY)', pg_temp.t(''));
SELECT pg_temp.adopted('T13 unlogged, not synced', 'CREATE UNLOGGED TABLE truth.t (id text PRIMARY KEY)', pg_temp.t('', ',"changeLogSuppressed":true'));
SELECT pg_temp.truth('T13 unlogged by hand', pg_temp.t(''), 'ALTER TABLE truth.t SET UNLOGGED', pg_temp.t(''));
SELECT pg_temp.adopted('T14 a temporary table of the same name', 'CREATE TEMP TABLE t (id text)', pg_temp.t(''));
SELECT pg_temp.adopted('T15 of an extension', 'CREATE TABLE truth.t (id text PRIMARY KEY); ALTER EXTENSION plasma ADD TABLE truth.t', pg_temp.t(''));
CREATE ROLE regress_truth;
SELECT plasma.grant_access('regress_truth', 'admin');
SELECT pg_temp.adopted('T16 of another role', 'CREATE TABLE truth.t (id text PRIMARY KEY); GRANT USAGE ON SCHEMA truth TO regress_truth; SET LOCAL ROLE regress_truth', pg_temp.t(''));
SELECT pg_temp.adopted('T16 of the caller', 'CREATE TABLE truth.t (id text PRIMARY KEY); ALTER TABLE truth.t OWNER TO regress_truth;
	GRANT USAGE, CREATE ON SCHEMA truth TO regress_truth; SET LOCAL ROLE regress_truth', pg_temp.t('"c":{"kind":"text","nullable":true}'));
SELECT pg_temp.adopted('T17 forced row security', 'CREATE TABLE truth.t (id text PRIMARY KEY, c text); INSERT INTO truth.t VALUES (''a'', NULL);
	ALTER TABLE truth.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY mine ON truth.t USING (false);
	ALTER TABLE truth.t OWNER TO regress_truth; GRANT USAGE, CREATE ON SCHEMA truth TO regress_truth; SET LOCAL ROLE regress_truth', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.truth('T18 no longer captured', pg_temp.t(''), :'two', pg_temp.t('', ',"changeLogSuppressed":true'));
SELECT pg_temp.truth('T18 captured from now on', pg_temp.t('', ',"changeLogSuppressed":true'), :'two', pg_temp.t(''));
SELECT pg_temp.truth('T19 what is not declared', pg_temp.t('"c":{"kind":"text","nullable":true}'),
	'ALTER TABLE truth.t REPLICA IDENTITY FULL, SET (fillfactor = 50); COMMENT ON TABLE truth.t IS ''mine''; CREATE INDEX ON truth.t (c);
	CREATE FUNCTION truth.f() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NEW; END''; CREATE TRIGGER mine BEFORE INSERT ON truth.t FOR EACH ROW EXECUTE FUNCTION truth.f()',
	pg_temp.t('"c":{"kind":"text","nullable":true}'));
SELECT pg_temp.truth('T20, T21 auth, history', pg_temp.t(''), :'two', pg_temp.t('', ',"auth":{"read":"id <> ''x''","write":"true"},"history":false'));

-- Names.
SELECT pg_temp.truth('N1 names that must be quoted', '{}', '', '{"select":{"columns":{"id":{"kind":"id"},"Group by":{"kind":"text"},"a.b":{"kind":"int","unique":true},"q\"q":{"kind":"text","default":"''"},"ä":{"kind":"ref","references":"select","onDelete":"cascade"}}}}');
SELECT pg_temp.truth('N2 63 bytes, and more', '{}', '', format('{%s:{"columns":{"id":{"kind":"id"}}}}', to_json(repeat('x', len))))
FROM unnest('{63,64}'::int[]) len;
SELECT pg_temp.truth('N2 bytes, not characters', '{}', '', format('{"t":{"columns":{"id":{"kind":"id"},%s:{"kind":"text"}}}}', to_json(repeat('ä', 32))));
SELECT pg_temp.truth('N2 equal when they are cut', '{}', '', format('{%s:{"columns":{"id":{"kind":"id"}}},%s:{"columns":{"id":{"kind":"id"}}}}', to_json(repeat('x', 63) || 'a'), to_json(repeat('x', 63) || 'b')));
SELECT pg_temp.truth('N3 generated names of long tables', '{}', '', format('{%s:{"columns":{"id":{"kind":"id"}}},%s:{"columns":{"id":{"kind":"id"}}}}', to_json(repeat('x', 60) || 'a'), to_json(repeat('x', 60) || 'b')));
SELECT pg_temp.adopted('N3 a name that is taken', 'CREATE TYPE truth.t AS ENUM ()', pg_temp.t(''));
SELECT pg_temp.adopted('N4 case', 'CREATE TABLE truth.t (id text PRIMARY KEY, userid text)', pg_temp.t('"userId":{"kind":"text","nullable":true}'));
SELECT pg_temp.adopted('N4 case of a table', 'CREATE TABLE truth.t (id text PRIMARY KEY)', '{"T":{"columns":{"id":{"kind":"id"}}}}');
SELECT pg_temp.truth('N5 reserved names', '{}', '', format('{"t":{"columns":{"id":{"kind":"id"},%s:{"kind":"text"}}}}', to_json(name)))
FROM unnest('{_plasma_x,ctid,tableoid,""}'::text[]) name;
SELECT pg_temp.truth('N6 60 columns', '{}', '', pg_temp.t((SELECT string_agg(format('"c%s":{"kind":"int","nullable":true}', i), ',') FROM generate_series(1, 60) i)));
SELECT pg_temp.adopted('N7 more than 1600', (SELECT 'CREATE TABLE truth.t (id text PRIMARY KEY,' || string_agg(format('c%s int', i), ',') || ')' FROM generate_series(1, 1599) i), pg_temp.t('"d":{"kind":"int","nullable":true}'));

-- Versions.
SELECT pg_temp.truth('V1 the same under another version', pg_temp.t(''), :'two', pg_temp.t(''));
SELECT pg_temp.truth_t('V2 another one, which breaks nobody', '', :'two', '"c":{"kind":"text","nullable":true}', '{}', 'v1');
SELECT pg_temp.truth_t('V3 another one, which breaks clients', '"c":{"kind":"text"}', '', '"c":{"kind":"text","nullable":true}', '{}', 'v1');
SELECT pg_temp.truth_t('V3 under another version', '"c":{"kind":"text"}', '', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('V3 breaks clients, which enforce_compat forbids', '"c":{"kind":"text"}', '', '"c":{"kind":"text","nullable":true}', '{"enforce_compat":true}');
SELECT pg_temp.truth_t('V4 back, past a column', '', format('SELECT plasma.run_migrations(%L)', pg_temp.declaration('v2', pg_temp.t('"c":{"kind":"text","nullable":true}'))), '', '{}', 'v1');
SELECT pg_temp.truth_t('V5 planned for another catalog', '', :'two', '"c":{"kind":"text","nullable":true}', '{"fingerprint":"0000000000000000000000000000000000000000000000000000000000000000"}');
SELECT pg_temp.truth_t('V6 a trigger is disabled', '', 'ALTER TABLE truth.t DISABLE TRIGGER ALL', '', '{}', 'v1');
SELECT pg_temp.truth_t('V6 a trigger is gone', '', 'DROP FUNCTION plasma._plasma_trg_t_insert_fn() CASCADE', '', '{}', 'v1');
SELECT pg_temp.truth_t('V8 a foreign key was left NOT VALID', '"c":{"kind":"ref","references":"t","onDelete":"cascade","nullable":true}',
	'UPDATE pg_constraint SET convalidated = false WHERE conname = ''t_c_fkey''; INSERT INTO truth.t VALUES (''a'', ''a'')',
	'"c":{"kind":"ref","references":"t","onDelete":"cascade","nullable":true}', '{}', 'v1');
SELECT pg_temp.truth_t('V9 a column was dropped by hand', '"c":{"kind":"text","nullable":true}', :'two' || '; ALTER TABLE truth.t DROP c', '"c":{"kind":"text","nullable":true}', '{}', 'v1');
SELECT pg_temp.truth_t('V9 a column was renamed by hand', '"c":{"kind":"text","nullable":true}', :'two' || '; ALTER TABLE truth.t RENAME c TO d', '"c":{"kind":"text","nullable":true}', '{}', 'v1');

-- What only shows when it is done: the transaction itself holds the table.
\set before '{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text","nullable":true}}}}'
\set after '{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text","nullable":true},"d":{"kind":"text","nullable":true}}}}'
SELECT plasma.run_migrations(pg_temp.declaration('v1', :'before')) ->> 'status';
ALTER TABLE truth.t ADD CONSTRAINT later FOREIGN KEY (c) REFERENCES truth.t DEFERRABLE INITIALLY DEFERRED;
BEGIN;
INSERT INTO truth.t VALUES ('a', 'a');
SELECT plasma.plan(pg_temp.declaration('v2', :'after')) ->> 'status';
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'after')) ->> 'status';
ROLLBACK;
INSERT INTO truth.t VALUES ('a', 'a');
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'after')) ->> 'status' FROM truth.t;
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'after')) ->> 'status';

DROP SCHEMA truth CASCADE;
DROP OWNED BY regress_truth;
DROP ROLE regress_truth;
DELETE FROM plasma.changes;
DELETE FROM plasma.declarations;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.migrations;
UPDATE plasma.state SET registry = gen_random_uuid();

-- The truth table done: unique (U), references (R) and keys (P).
\getenv here PG_ABS_SRCDIR
\set include :here '/sql/truth.include'
\set ECHO none
\i :include
\set ECHO all
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\set same 'INSERT INTO truth.t VALUES (\'a\', \'x\'), (\'b\', \'x\')'
\set differ 'INSERT INTO truth.t VALUES (\'a\', \'x\'), (\'b\', \'y\')'
\set nulls 'INSERT INTO truth.t (id) VALUES (\'a\'), (\'b\')'

SELECT pg_temp.truth_t('U1 unique', '"c":{"kind":"text"}', :'differ', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.truth_t('U2 unique, duplicates', '"c":{"kind":"text"}', :'same', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.truth_t('U3 unique, nulls', '"c":{"kind":"text","nullable":true}', :'nulls', '"c":{"kind":"text","nullable":true,"unique":true}');
SELECT pg_temp.truth_t('U4 the index is there', '"c":{"kind":"text"}', 'CREATE UNIQUE INDEX mine ON truth.t (c)', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.truth_t('U4 an index that will not do', '"c":{"kind":"text"}', 'CREATE UNIQUE INDEX mine ON truth.t (c) ' || what, '"c":{"kind":"text","unique":true}')
FROM unnest(ARRAY['WHERE c <> ''z''', 'INCLUDE (id)', 'NULLS NOT DISTINCT']) what;
SELECT pg_temp.truth_t('U4 a constraint that may be deferred', '"c":{"kind":"text"}', 'ALTER TABLE truth.t ADD CONSTRAINT mine UNIQUE (c) DEFERRABLE', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.truth_t('U4 an index that was left invalid', '"c":{"kind":"text"}', 'CREATE UNIQUE INDEX t_c_key ON truth.t (c); UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''truth.t_c_key''::regclass', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.truth_t('U5 no longer unique', '"c":{"kind":"text","unique":true}', :'differ', '"c":{"kind":"text"}');
SELECT pg_temp.truth_t('U5 no longer unique, by another name', '"c":{"kind":"text","unique":true}', 'ALTER TABLE truth.t RENAME CONSTRAINT t_c_key TO mine', '"c":{"kind":"text"}');
SELECT pg_temp.truth_t('U5 unique, never declared', '"c":{"kind":"text"}', 'ALTER TABLE truth.t ADD UNIQUE (c)', '"c":{"kind":"text"}');

\set own 'INSERT INTO truth.t VALUES (\'a\', \'a\'), (\'b\', NULL)'
\set orphan 'INSERT INTO truth.t VALUES (\'a\', \'z\'), (\'b\', NULL)'
\set loose '"c":{"kind":"ref","references":"t","nullable":true}'
\set cascade '"c":{"kind":"ref","references":"t","nullable":true,"onDelete":"cascade"}'
SELECT pg_temp.truth_t('R1 enforce', :'loose', :'own', :'cascade');
SELECT pg_temp.truth_t('R1 enforce what does nothing', :'loose', :'own', '"c":{"kind":"ref","references":"t","nullable":true,"enforced":true}');
SELECT pg_temp.truth_t('R1 text becomes a ref', '"c":{"kind":"text","nullable":true}', :'own', :'cascade');
SELECT pg_temp.truth_t('R2 enforce, a row points nowhere', :'loose', :'orphan', :'cascade');
SELECT pg_temp.truth('R3 another type than the key', '{"r":{"columns":{"id":{"kind":"sql","type":"uuid"}},"key":["id"]},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text","nullable":true}}}}', '',
	'{"r":{"columns":{"id":{"kind":"sql","type":"uuid"}},"key":["id"]},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"ref","references":"r","onDelete":"cascade","nullable":true}}}}');
SELECT pg_temp.truth_t('R4 no longer enforced', :'cascade', :'own', :'loose');
SELECT pg_temp.truth_t('R4 no longer a ref', :'cascade', :'own', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('R4 no longer enforced, by another name', :'cascade', 'ALTER TABLE truth.t RENAME CONSTRAINT t_c_fkey TO mine', :'loose');
SELECT pg_temp.truth_t('R5 another action', :'cascade', :'own', format('"c":{"kind":"ref","references":"t","nullable":true,"onDelete":%s}', to_json(action)))
FROM unnest('{restrict,setNull,setDefault}'::text[]) action;

SELECT pg_temp.truth('P1 another key', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["a"]}}', '', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["b"]}}');
SELECT pg_temp.truth('P1 two columns for one', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["a"]}}', '', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["a","b"]}}');
\set keyless '{"t":{"columns":{"id":{"kind":"text"}},"key":[],"changeLogSuppressed":true}}'
\set keyed '{"t":{"columns":{"id":{"kind":"text"}},"key":["id"]}}'
SELECT pg_temp.truth('P1 no key any more', :'keyed', '', :'keyless');
SELECT pg_temp.truth('P1 a key that is not there', :'keyless', '', :'keyed');
SELECT pg_temp.truth('P1 a key that came by hand', :'keyless', 'ALTER TABLE truth.t ADD PRIMARY KEY (id)', :'keyed');
SELECT pg_temp.adopted('P1 adopt without a key', 'CREATE TABLE truth.t (id text)', pg_temp.t(''));
SELECT pg_temp.adopted('P1 adopt with another key', 'CREATE TABLE truth.t (id text NOT NULL, c text PRIMARY KEY)', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.adopted('P1 adopt a key that is no key on the wire', 'CREATE TABLE truth.t (id numeric PRIMARY KEY)', '{"t":{"columns":{"id":{"kind":"sql","type":"numeric"}},"key":["id"]}}');
SELECT pg_temp.adopted('P2, P3 adopt unique as a key, uuid, integer', 'CREATE TABLE truth.t (id uuid NOT NULL UNIQUE, c integer NOT NULL)', pg_temp.t('"c":{"kind":"int"}'));

DROP SCHEMA truth CASCADE;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

-- The truth table done: columns that come (C) and go (D), kinds and types (Y).
\getenv here PG_ABS_SRCDIR
\set include :here '/sql/truth.include'
\set ECHO none
\i :include
\set ECHO all
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\set two 'INSERT INTO truth.t (id) VALUES (\'a\'), (\'b\')'
\set filled 'INSERT INTO truth.t VALUES (\'a\', \'x\'), (\'b\', \'y\')'
\set half 'INSERT INTO truth.t VALUES (\'a\', \'x\'), (\'b\', NULL)'
\set numbers 'INSERT INTO truth.t VALUES (\'a\', 1), (\'b\', 70000)'

-- Columns that come.
SELECT pg_temp.truth_t('C1 nullable', '', :'two', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('C2 constant default', '', :'two', '"c":{"kind":"text","default":"it''s"},"d":{"kind":"json","default":{"a":[1]}},"e":{"kind":"int","default":1,"nullable":true}');
SELECT pg_temp.truth_t('C2 propagate', '', :'two', '"c":{"kind":"text","default":"x"}', jsonb_build_object('propagate', way))
FROM unnest('{none,log,reset}'::text[]) way;
SELECT pg_temp.truth_t('C3 stable default', '', :'two', '"c":{"kind":"sql","type":"boolean","defaultExpression":"now() > ''2000-01-01''"}');
SELECT pg_temp.truth_t('C4 volatile default', '', :'two', '"c":{"kind":"sql","type":"boolean","defaultExpression":"clock_timestamp() > ''2000-01-01''"}');
SELECT pg_temp.truth_t('C4 above the limit of rows', '', :'two', '"c":{"kind":"sql","type":"boolean","defaultExpression":"clock_timestamp() > ''2000-01-01''"}', '{"max_locked_rows":1}');
SELECT pg_temp.truth_t('C4 allowed', '', :'two', '"c":{"kind":"sql","type":"boolean","defaultExpression":"clock_timestamp() > ''2000-01-01''"}', '{"max_locked_rows":1,"allow":["LK101"]}');
SELECT pg_temp.truth_t('C5, C6 required', '', :'two', '"c":{"kind":"text"}');
SELECT pg_temp.truth_t('C7 identity and serial', '', :'two', '"c":{"kind":"int","identity":"byDefault"},"d":{"kind":"sql","type":"integer","identity":"serial"}');
SELECT pg_temp.truth_t('C8 generated', '', :'two', '"c":{"kind":"text","generated":"id || ''!''"}');
SELECT pg_temp.truth_t('C8 generated, null for a row', '', :'two', '"c":{"kind":"text","generated":"nullif(id, ''b'')"}');
SELECT pg_temp.truth_t('C10, C11, C12 json, file, crdt', '', :'two', '"j":{"kind":"json","nullable":true},"f":{"kind":"file","nullable":true},"c":{"kind":"crdtCounter","default":{}}');
SELECT pg_temp.truth_t('C13 unique, nullable', '', :'two', '"c":{"kind":"text","nullable":true,"unique":true}');
SELECT pg_temp.truth_t('C14 unique, with a default, one row', '', 'INSERT INTO truth.t VALUES (''a'')', '"c":{"kind":"text","unique":true,"default":"x"}');
SELECT pg_temp.truth_t('C14 unique, with a default, two rows', '', :'two', '"c":{"kind":"text","unique":true,"default":"x"}');
SELECT pg_temp.truth_t('C15, C17 refs', '', :'two', '"c":{"kind":"ref","references":"t","onDelete":"cascade","nullable":true},"d":{"kind":"ref","references":"t","nullable":true}');
SELECT pg_temp.truth_t('C16 ref with a default that is there', '', :'two', '"c":{"kind":"ref","references":"t","onDelete":"cascade","default":"a"}');
SELECT pg_temp.truth_t('C16 ref with a default that is not', '', :'two', '"c":{"kind":"ref","references":"t","onDelete":"cascade","default":"z"}');
SELECT pg_temp.truth_t('C18 there already', '', :'two' || '; ALTER TABLE truth.t ADD c text', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('C19 there with another type', '', :'two' || '; ALTER TABLE truth.t ADD c integer', '"c":{"kind":"boolean","nullable":true}');
SELECT pg_temp.truth_t('C19 with values', '', :'two' || '; ALTER TABLE truth.t ADD c integer DEFAULT 1', '"c":{"kind":"boolean","nullable":true}');
CREATE DOMAIN truth.short AS text CHECK (length(value) < 3);
CREATE DOMAIN truth.filled AS text NOT NULL;
SELECT pg_temp.truth_t('C20 domain with a check', '', :'two', '"c":{"kind":"sql","type":"truth.short","nullable":true}');
SELECT pg_temp.truth_t('C20 domain that refuses null', '', :'two', '"c":{"kind":"sql","type":"truth.filled","nullable":true}');

-- Columns that go.
SELECT pg_temp.truth_t('D1, D4 required', '"c":{"kind":"text"}', :'filled', '');
SELECT pg_temp.truth_t('D1, D4 required, allowed', '"c":{"kind":"text"}', :'filled', '', '{"allow":["DS103"]}');
SELECT pg_temp.truth_t('D2 nullable, all null', '"c":{"kind":"text","nullable":true}', :'two', '');
SELECT pg_temp.truth_t('D2 allowed', '"c":{"kind":"text","nullable":true}', :'two', '', '{"allow":["DS102"]}');
SELECT pg_temp.truth_t('D3 nullable, with a value', '"c":{"kind":"text","nullable":true}', :'half', '', '{"allow":["DS102"]}');
SELECT pg_temp.truth_t('D5 file', '"c":{"kind":"file","nullable":true}', 'INSERT INTO truth.t VALUES (''a'', ''{"hash":"h","size":1,"mime":"m"}'')', '');
SELECT pg_temp.truth_t('D6 a view uses it', '"c":{"kind":"text","nullable":true}', 'CREATE VIEW truth.v AS SELECT c FROM truth.t', '', '{"allow":["DS102"]}');
SELECT pg_temp.truth_t('D7 an index uses it', '"c":{"kind":"text","nullable":true}', 'CREATE INDEX lost ON truth.t (id, c)', '', '{"allow":["DS102"]}');
SELECT pg_temp.truth_t('D8, D9 never declared', '', 'ALTER TABLE truth.t ADD c text, ADD d text NOT NULL', '"e":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('D10 rename', '"c":{"kind":"text","nullable":true}', :'half', '"d":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('D10 rename, all null', '"c":{"kind":"text","nullable":true}', :'two', '"d":{"kind":"text","nullable":true}');

-- Null and defaults.
SELECT pg_temp.truth_t('D11 to NOT NULL', '"c":{"kind":"text","nullable":true}', :'filled', '"c":{"kind":"text"}');
SELECT pg_temp.truth_t('D11 to NOT NULL, allowed', '"c":{"kind":"text","nullable":true}', :'filled', '"c":{"kind":"text"}', '{"allow":["MF102"]}');
SELECT pg_temp.truth_t('D12 to NOT NULL, with a null', '"c":{"kind":"text","nullable":true}', :'half', '"c":{"kind":"text"}', '{"allow":["MF102"]}');
SELECT pg_temp.truth_t('D13 to nullable', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('D14 add a default', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"text","default":"z"}');
SELECT pg_temp.truth_t('D15 change a default', '"c":{"kind":"text","default":"y"}', :'filled', '"c":{"kind":"text","default":"z"}');
SELECT pg_temp.truth_t('D16 remove a default, nullable', '"c":{"kind":"text","default":"y","nullable":true}', :'filled', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('D17 remove a default, required', '"c":{"kind":"text","default":"y"}', :'filled', '"c":{"kind":"text"}');
SELECT pg_temp.truth_t('D18 a default in other words', '"c":{"kind":"int","default":10}', 'ALTER TABLE truth.t ALTER c SET DEFAULT 5 + 5', '"c":{"kind":"int","default":10}');
SELECT pg_temp.truth_t('D19 another order', '"c":{"kind":"text","nullable":true},"d":{"kind":"int","nullable":true}', :'filled', '"d":{"kind":"int","nullable":true},"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('D20 encrypted', '"c":{"kind":"json","nullable":true}', 'INSERT INTO truth.t VALUES (''a'', ''1'')', '"c":{"kind":"json","nullable":true,"encrypted":true}');
SELECT pg_temp.truth_t('D20 encrypted, all null', '"c":{"kind":"json","nullable":true}', :'two', '"c":{"kind":"json","nullable":true,"encrypted":true}');

-- Kinds and types.
SELECT pg_temp.truth_t('Y1 int to bigint', '"c":{"kind":"int"}', :'numbers', '"c":{"kind":"bigint"}');
SELECT pg_temp.truth_t('Y1 allowed', '"c":{"kind":"int"}', :'numbers', '"c":{"kind":"bigint"}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y2 relabel', '"c":{"kind":"sql","type":"varchar(9)"}', :'filled', '"c":{"kind":"sql","type":"varchar(10)"}');
SELECT pg_temp.truth_t('Y2 allowed', '"c":{"kind":"sql","type":"varchar(9)"}', :'filled', '"c":{"kind":"sql","type":"varchar(10)"}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y3 widen', '"c":{"kind":"sql","type":"integer"}', :'numbers', '"c":{"kind":"sql","type":"numeric"}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y3 to text', '"c":{"kind":"int"}', :'numbers', '"c":{"kind":"text"}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y4 narrow, one does not fit', '"c":{"kind":"sql","type":"integer"}', :'numbers', '"c":{"kind":"sql","type":"smallint"}');
SELECT pg_temp.truth_t('Y4 narrow, all fit', '"c":{"kind":"sql","type":"integer"}', 'INSERT INTO truth.t VALUES (''a'', 1)', '"c":{"kind":"sql","type":"smallint"}');
SELECT pg_temp.truth_t('Y5 no cast, with a value', '"c":{"kind":"text","nullable":true}', :'half', '"c":{"kind":"json","nullable":true}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y5 no cast, all null', '"c":{"kind":"text","nullable":true}', :'two', '"c":{"kind":"blob","nullable":true}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y6 a view uses it', '"c":{"kind":"sql","type":"integer"}', 'CREATE VIEW truth.v AS SELECT c FROM truth.t', '"c":{"kind":"sql","type":"bigint"}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y7 collation', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"text","collation":"pg_catalog.\"C\""}');
SELECT pg_temp.truth_t('Y8 generated', '"c":{"kind":"text","nullable":true}', '', '"c":{"kind":"text","nullable":true,"generated":"id"}');
SELECT pg_temp.truth_t('Y8 no longer generated', '"c":{"kind":"text","nullable":true,"generated":"id"}', '', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.truth_t('Y8 identity', '"c":{"kind":"int"}', '', '"c":{"kind":"int","identity":"always"}');
SELECT pg_temp.truth_t('Y8 no longer an identity', '"c":{"kind":"int","identity":"serial"}', '', '"c":{"kind":"int"}');
\set mood '"c":{"kind":"sql","type":"truth.mood","enum":["x","y"]}'
SELECT pg_temp.truth_t('Y9 add a label', :'mood', :'filled', '"c":{"kind":"sql","type":"truth.mood","enum":["w","x","it''s","y"]}');
SELECT pg_temp.truth_t('Y10 remove a label that is used', :'mood', :'filled', '"c":{"kind":"sql","type":"truth.mood","enum":["y"]}');
SELECT pg_temp.truth_t('Y10 remove a label that is not', :'mood', 'INSERT INTO truth.t VALUES (''a'', ''x'')', '"c":{"kind":"sql","type":"truth.mood","enum":["x"]}');
SELECT pg_temp.truth_t('Y10 text to enum', '"c":{"kind":"text","default":"x"}', :'filled', '"c":{"kind":"sql","type":"truth.mood","enum":["x","y"],"default":"x"}');
SELECT pg_temp.truth_t('Y10 text to enum, a value is none', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"sql","type":"truth.mood","enum":["y"]}');
SELECT pg_temp.truth_t('Y10 another enum', :'mood', :'filled', '"c":{"kind":"sql","type":"truth.humour","enum":["x","y"]}');
SELECT pg_temp.truth_t('Y11 another order', :'mood', :'filled', '"c":{"kind":"sql","type":"truth.mood","enum":["y","x"]}');
SELECT pg_temp.truth_t('Y12 another element type', '"c":{"kind":"sql","type":"integer[]","nullable":true}', 'INSERT INTO truth.t VALUES (''a'', ''{1}'')', '"c":{"kind":"sql","type":"date[]","nullable":true}');
SELECT pg_temp.truth_t('Y12 another element type, all null', '"c":{"kind":"sql","type":"integer[]","nullable":true}', :'two', '"c":{"kind":"sql","type":"date[]","nullable":true}');
SELECT pg_temp.truth_t('Y13 a crdt of what was json', '"c":{"kind":"json","default":{}}', 'INSERT INTO truth.t VALUES (''a'', ''{"x":1}''), (''b'', ''{"x":"1"}'')', '"c":{"kind":"crdtCounter","default":{}}', '{"allow":["DS105"]}');
SELECT pg_temp.truth_t('Y14 another kind of the same form', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"sql","type":"text"}');

DROP SCHEMA truth CASCADE;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

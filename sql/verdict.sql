-- Verdicts: rows of the truth table by their number, without and with data,
-- under each policy.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA verdict;

-- A declaration of tables in schema verdict from their columns (and options after a "}").
CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{'
		|| coalesce((SELECT string_agg(to_json(t.key) || ':{"schema":"verdict",' || ltrim(t.value::text, '{'), ',') FROM json_each(tables::json) t), '')
		|| '}}')::json
$$;
-- {"t": …} with an id beside the columns.
CREATE FUNCTION pg_temp.t(columns text) RETURNS text LANGUAGE sql AS $$
	SELECT '{"t":{"columns":{"id":{"kind":"id"}' || CASE WHEN columns <> '' THEN ',' ELSE '' END || columns || '}}}'
$$;
CREATE FUNCTION pg_temp.reset() RETURNS void LANGUAGE sql AS $$
	DROP SCHEMA verdict CASCADE;
	CREATE SCHEMA verdict;
	DELETE FROM plasma.tables;
	DELETE FROM plasma.former_tables;
	DELETE FROM plasma.declarations;
	UPDATE plasma.state SET registry = gen_random_uuid();
$$;
-- What is said of a plan: status, and each issue with its row.
CREATE FUNCTION pg_temp.said(plan jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', plan ->> 'status',
		CASE WHEN (plan #>> '{bump,required}')::boolean THEN 'bump' || coalesce(nullif(plan #>> '{bump,reasons}', '[]'), '') END,
		(SELECT string_agg(concat_ws('', CASE i ->> 'severity' WHEN 'refuse' THEN '!' WHEN 'warning' THEN '?' ELSE '' END,
				i ->> 'code', '/' || (i ->> 'row'), ':' || (i ->> 'column'),
				'=' || (i ->> 'count') || CASE WHEN (i ->> 'capped')::boolean THEN '+' ELSE '' END, nullif(i ->> 'sample', '[]'),
				CASE WHEN (i ->> 'allow')::boolean THEN ' may' END, CASE WHEN (i ->> 'allowed')::boolean THEN ' allowed' END), ', ' ORDER BY n)
			FROM jsonb_array_elements(plan -> 'issues') WITH ORDINALITY x (i, n)))
$$;
-- From one declaration, with data, to another: as said under each policy; equal ones together.
CREATE FUNCTION pg_temp.judge(title text, old text, data text, new text, options jsonb DEFAULT '{}')
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	filled boolean;
BEGIN
	FOREACH filled IN ARRAY CASE WHEN data = '' THEN '{false}' ELSE '{false,true}' END::boolean[] LOOP
		PERFORM pg_temp.reset();
		PERFORM plasma.run_migrations(pg_temp.declaration('v1', old));
		IF filled THEN
			EXECUTE data;
		END IF;
		RETURN QUERY
			SELECT concat_ws(' ', title, CASE WHEN filled THEN 'with rows' END) || E'\n\t'
				|| string_agg(p.policies || ': ' || p.said, E'\n\t' ORDER BY p.first)
			FROM (SELECT min(n) AS first, string_agg(policy, ' ' ORDER BY n) AS policies, x.said
				FROM (SELECT n, policy, pg_temp.said(plasma.plan(pg_temp.declaration('v2', new),
						options || jsonb_build_object('policy', policy))) AS said
					FROM unnest('{plasma,strict,data}'::text[]) WITH ORDINALITY u (policy, n)) x
				GROUP BY x.said) p;
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.judge_t(title text, old text, data text, new text, options jsonb DEFAULT '{}')
RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.judge(title, pg_temp.t(old), data, pg_temp.t(new), options)
$$;
\set two 'INSERT INTO verdict.t (id) VALUES (\'a\'), (\'b\')'

-- Tables.
SELECT pg_temp.judge('T1 add', '{}', '', pg_temp.t(''));
SELECT pg_temp.judge('T3, T4 remove', pg_temp.t(''), :'two', '{}');
SELECT pg_temp.judge('T3 allowed', pg_temp.t(''), :'two', '{}', '{"allow":["DS101"]}');
SELECT pg_temp.judge('T5 rename', pg_temp.t(''), :'two', '{"u":{"columns":{"id":{"kind":"id"}}}}');
SELECT pg_temp.judge('T18 no capture', pg_temp.t(''), '', '{"t":{"columns":{"id":{"kind":"id"}},"changeLogSuppressed":true}}');
SELECT pg_temp.judge('T18 capture', '{"t":{"columns":{"id":{"kind":"id"}},"changeLogSuppressed":true}}', '', pg_temp.t(''));
SELECT pg_temp.judge('T20, T21', pg_temp.t(''), '', '{"t":{"columns":{"id":{"kind":"id"}},"history":false,"auth":{"read":"true","write":"true"}}}');
SELECT pg_temp.judge('P1 key', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["a"]}}', '',
	'{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"text"}},"key":["b"]}}');
SELECT pg_temp.judge('V2 nothing of note', pg_temp.t(''), :'two', pg_temp.t(''));

-- Columns that come.
SELECT pg_temp.judge_t('C1', '', :'two', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.judge_t('C2', '', :'two', '"c":{"kind":"text","default":"x"}');
SELECT pg_temp.judge_t('C2 unpropagated', '', :'two', '"c":{"kind":"text","default":"x"}', '{"propagate":"none"}');
SELECT pg_temp.judge_t('C3', '', :'two', '"c":{"kind":"sql","type":"timestamptz","defaultExpression":"now()"}');
SELECT pg_temp.judge_t('C4', '', :'two', '"c":{"kind":"sql","type":"uuid","defaultExpression":"gen_random_uuid()"}');
SELECT pg_temp.judge_t('C5, C6', '', :'two', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('C7', '', :'two', '"c":{"kind":"int","identity":"byDefault"}');
SELECT pg_temp.judge_t('C8', '', :'two', '"c":{"kind":"text","generated":"nullif(id, ''b'')"}');
SELECT pg_temp.judge_t('C8 nullable', '', :'two', '"c":{"kind":"text","nullable":true,"generated":"id || ''x''"}');
SELECT pg_temp.judge_t('C10, C11, C12', '', :'two',
	'"j":{"kind":"json","nullable":true},"f":{"kind":"file","nullable":true},"c":{"kind":"crdtCounter","default":{}}');
SELECT pg_temp.judge_t('C13', '', :'two', '"c":{"kind":"text","nullable":true,"unique":true}');
SELECT pg_temp.judge_t('C14', '', :'two', '"c":{"kind":"text","unique":true,"default":"x"}');
SELECT pg_temp.judge_t('C14 one row', '', 'INSERT INTO verdict.t VALUES (''a'')', '"c":{"kind":"text","unique":true,"default":"x"}');
SELECT pg_temp.judge_t('C14 volatile', '', :'two', '"c":{"kind":"sql","type":"uuid","unique":true,"defaultExpression":"gen_random_uuid()"}');
SELECT pg_temp.judge_t('C14 generated', '', :'two', '"c":{"kind":"int","nullable":true,"unique":true,"generated":"length(id)"}');
SELECT pg_temp.judge_t('C15, C17', '', :'two',
	'"c":{"kind":"ref","references":"t","onDelete":"cascade","nullable":true},"d":{"kind":"ref","references":"t","nullable":true}');
SELECT pg_temp.judge_t('C16', '', :'two', '"c":{"kind":"ref","references":"t","onDelete":"cascade","default":"z"}');
SELECT pg_temp.judge_t('C16 points', '', :'two', '"c":{"kind":"ref","references":"t","onDelete":"cascade","default":"a"}');
CREATE DOMAIN pg_temp.filled AS text NOT NULL;
CREATE DOMAIN pg_temp.short AS text CHECK (length(value) < 3);
SELECT pg_temp.judge_t('C20', '', :'two', '"c":{"kind":"sql","type":"pg_temp.filled","nullable":true}');
SELECT pg_temp.judge_t('C20 takes null', '', :'two', '"c":{"kind":"sql","type":"pg_temp.short","nullable":true}');

-- Columns that go.
\set filled 'INSERT INTO verdict.t VALUES (\'a\', \'x\'), (\'b\', \'x\')'
\set half 'INSERT INTO verdict.t VALUES (\'a\', \'x\'), (\'b\', NULL)'
SELECT pg_temp.judge_t('D1, D4', '"c":{"kind":"text"}', :'filled', '');
SELECT pg_temp.judge_t('D2', '"c":{"kind":"text","nullable":true}', :'two', '');
SELECT pg_temp.judge_t('D3', '"c":{"kind":"text","nullable":true}', :'half', '');
SELECT pg_temp.judge_t('D2 allowed', '"c":{"kind":"text","nullable":true}', :'two', '', '{"allow":["DS102"]}');
SELECT pg_temp.judge_t('D3 allowed', '"c":{"kind":"text","nullable":true}', :'half', '', '{"allow":["DS102"]}');
SELECT pg_temp.judge_t('D2 compatible', '"c":{"kind":"text","nullable":true}', :'two', '', '{"allow":["DS102"],"enforce_compat":true}');
SELECT pg_temp.judge_t('D5', '"c":{"kind":"file","nullable":true}',
	'INSERT INTO verdict.t VALUES (''a'', ''{"hash":"h","size":1,"mime":"m"}'')', '');
SELECT pg_temp.judge_t('D6', '"c":{"kind":"text","nullable":true}',
	'CREATE VIEW verdict.v AS SELECT c FROM verdict.t', '', '{"allow":["DS102"]}');
SELECT pg_temp.judge_t('D7', '"c":{"kind":"text","nullable":true}',
	'CREATE INDEX lost ON verdict.t (id, c)', '', '{"allow":["DS102"]}');
SELECT pg_temp.judge_t('D8, D9', '', 'ALTER TABLE verdict.t ADD c text, ADD d text NOT NULL', '"e":{"kind":"text","nullable":true}');
SELECT pg_temp.judge_t('D10', '"c":{"kind":"text"}', :'filled', '"d":{"kind":"text"}');
SELECT pg_temp.judge_t('D10 of two', '"c":{"kind":"text"},"e":{"kind":"text","nullable":true}', :'filled', '"d":{"kind":"text","nullable":true}');

-- Nulls and defaults.
SELECT pg_temp.judge_t('D11', '"c":{"kind":"text","nullable":true}', :'filled', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('D12', '"c":{"kind":"text","nullable":true}', :'half', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('D11 allowed', '"c":{"kind":"text","nullable":true}', :'filled', '"c":{"kind":"text"}', '{"allow":["MF102"]}');
SELECT pg_temp.judge_t('D13', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.judge_t('D13 compatible', '"c":{"kind":"text"}', '', '"c":{"kind":"text","nullable":true}', '{"enforce_compat":true}');
SELECT pg_temp.judge_t('D14', '"c":{"kind":"text"}', '', '"c":{"kind":"text","default":"x"}');
SELECT pg_temp.judge_t('D15', '"c":{"kind":"text","default":"x"}', '', '"c":{"kind":"text","default":"y"}');
SELECT pg_temp.judge_t('D16', '"c":{"kind":"text","nullable":true,"default":"x"}', '', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.judge_t('D17', '"c":{"kind":"text","default":"x"}', '', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('D18, D8', '"c":{"kind":"text"}', 'ALTER TABLE verdict.t ALTER c SET DEFAULT ''x''', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('D20', '"c":{"kind":"json","nullable":true}', 'INSERT INTO verdict.t VALUES (''a'', ''1'')', '"c":{"kind":"json","nullable":true,"encrypted":true}');

-- Kinds and types.
\set number 'INSERT INTO verdict.t VALUES (\'a\', 1), (\'b\', 70000)'
SELECT pg_temp.judge_t('Y1', '"c":{"kind":"int"}', :'number', '"c":{"kind":"bigint"}');
SELECT pg_temp.judge_t('Y2', '"c":{"kind":"sql","type":"varchar(9)"}', :'filled', '"c":{"kind":"sql","type":"varchar(10)"}');
SELECT pg_temp.judge_t('Y3', '"c":{"kind":"sql","type":"integer"}', :'number', '"c":{"kind":"sql","type":"bigint"}');
SELECT pg_temp.judge_t('Y3 kind', '"c":{"kind":"int"}', :'number', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('Y4', '"c":{"kind":"sql","type":"integer"}', :'number', '"c":{"kind":"sql","type":"smallint"}');
SELECT pg_temp.judge_t('Y4 fits', '"c":{"kind":"sql","type":"integer"}', 'INSERT INTO verdict.t VALUES (''a'', 1)', '"c":{"kind":"sql","type":"smallint"}');
SELECT pg_temp.judge_t('Y4 cut', '"c":{"kind":"sql","type":"numeric"}', 'INSERT INTO verdict.t VALUES (''a'', 1.20), (''b'', 1.25)', '"c":{"kind":"sql","type":"numeric(3,1)"}');
SELECT pg_temp.judge_t('Y5', '"c":{"kind":"text","nullable":true}', :'half', '"c":{"kind":"boolean","nullable":true}');
SELECT pg_temp.judge_t('Y5 empty', '"c":{"kind":"text","nullable":true}', :'two', '"c":{"kind":"boolean","nullable":true}', '{"allow":["DS105"]}');
SELECT pg_temp.judge_t('Y6', '"c":{"kind":"sql","type":"integer"}', 'CREATE VIEW verdict.v AS SELECT c FROM verdict.t', '"c":{"kind":"sql","type":"bigint"}');
SELECT pg_temp.judge_t('Y7', '"c":{"kind":"text"}', '', '"c":{"kind":"text","collation":"pg_catalog.\"C\""}');
SELECT pg_temp.judge_t('Y8', '"c":{"kind":"text","nullable":true}', '', '"c":{"kind":"text","nullable":true,"generated":"id"}');
SELECT pg_temp.judge_t('Y8 identity', '"c":{"kind":"int"}', '', '"c":{"kind":"int","identity":"always"}');
\set mood '"c":{"kind":"sql","type":"verdict.mood","enum":["x","y"]}'
SELECT pg_temp.judge_t('Y9', :'mood', :'filled', '"c":{"kind":"sql","type":"verdict.mood","enum":["x","y","z"]}');
SELECT pg_temp.judge_t('Y10', :'mood', :'filled', '"c":{"kind":"sql","type":"verdict.mood","enum":["y"]}');
SELECT pg_temp.judge_t('Y10 unused', :'mood', :'filled', '"c":{"kind":"sql","type":"verdict.mood","enum":["x"]}');
SELECT pg_temp.judge_t('Y10 from text', '"c":{"kind":"text"}', :'filled', :'mood');
SELECT pg_temp.judge_t('Y10 from text, too few', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"sql","type":"verdict.mood","enum":["y"]}');
SELECT pg_temp.judge_t('Y11', :'mood', '', '"c":{"kind":"sql","type":"verdict.mood","enum":["y","x"]}');
SELECT pg_temp.judge_t('Y13', '"c":{"kind":"json"}', 'INSERT INTO verdict.t VALUES (''a'', ''{"x":1}''), (''b'', ''{"x":"1"}'')', '"c":{"kind":"crdtCounter"}');
SELECT pg_temp.judge_t('Y14', '"c":{"kind":"text"}', '', '"c":{"kind":"sql","type":"text"}');
SELECT pg_temp.judge_t('Y15', '"c":{"kind":"int"}', 'ALTER TABLE verdict.t ALTER c TYPE jsonb USING to_jsonb(c)', '"c":{"kind":"json"}');

-- Unique, references.
SELECT pg_temp.judge_t('U1, U2', '"c":{"kind":"text"}', :'filled', '"c":{"kind":"text","unique":true}');
SELECT pg_temp.judge_t('U3', '"c":{"kind":"text","nullable":true}', :'two', '"c":{"kind":"text","nullable":true,"unique":true}');
SELECT pg_temp.judge_t('U5', '"c":{"kind":"text","unique":true}', '', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('U5 another name', '"c":{"kind":"text","unique":true}', 'ALTER TABLE verdict.t RENAME CONSTRAINT t_c_key TO mine', '"c":{"kind":"text"}');
SELECT pg_temp.judge_t('U5 never declared', '"c":{"kind":"text"}', 'ALTER TABLE verdict.t ADD UNIQUE (c)', '"c":{"kind":"text"}');
\set self '"c":{"kind":"ref","references":"t","nullable":true}'
\set cascade '"c":{"kind":"ref","references":"t","nullable":true,"onDelete":"cascade"}'
SELECT pg_temp.judge_t('R1', :'self', 'INSERT INTO verdict.t VALUES (''a'', ''a'')', :'cascade');
SELECT pg_temp.judge_t('R2', :'self', :'half', :'cascade');
SELECT pg_temp.judge_t('R1 from text', '"c":{"kind":"text","nullable":true}', :'half', :'cascade');
SELECT pg_temp.judge('R3', '{"r":{"columns":{"id":{"kind":"sql","type":"uuid"}},"key":["id"]},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text","nullable":true}}}}', '',
	'{"r":{"columns":{"id":{"kind":"sql","type":"uuid"}},"key":["id"]},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"ref","references":"r","onDelete":"cascade","nullable":true}}}}');
SELECT pg_temp.judge_t('R4', :'cascade', '', :'self');
SELECT pg_temp.judge_t('R4 another name', :'cascade', 'ALTER TABLE verdict.t RENAME CONSTRAINT t_c_fkey TO mine', :'self');
SELECT pg_temp.judge_t('R5', :'cascade', '', '"c":{"kind":"ref","references":"t","nullable":true,"onDelete":"setNull"}');

-- What is found under a name.
CREATE ROLE regress_verdict;
SELECT plasma.grant_access('regress_verdict', 'admin');
CREATE FUNCTION pg_temp.found(title text, setup text, tables text, options jsonb DEFAULT '{}')
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.reset();
	EXECUTE setup;
	RETURN NEXT concat(title, E'\n\t', pg_temp.said(plasma.plan(pg_temp.declaration('v1', tables), options)));
END
$$;
SELECT pg_temp.found('T2 adopt', 'CREATE TABLE verdict.t (id text PRIMARY KEY)', pg_temp.t(''));
SELECT pg_temp.found('T2 not synced', 'CREATE TABLE verdict.t (id text PRIMARY KEY)', '{"t":{"columns":{"id":{"kind":"id"}},"changeLogSuppressed":true}}');
SELECT pg_temp.found('T8 view', 'CREATE VIEW verdict.t AS SELECT ''a''::text AS id', pg_temp.t(''));
SELECT pg_temp.found('T9 partitioned', 'CREATE TABLE verdict.t (id text PRIMARY KEY) PARTITION BY HASH (id)', pg_temp.t(''));
SELECT pg_temp.found('T10 unique', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text NOT NULL) PARTITION BY HASH (id)', pg_temp.t('"c":{"kind":"text","unique":true}'));
SELECT pg_temp.found('T10 unique, new', 'CREATE TABLE verdict.t (id text PRIMARY KEY) PARTITION BY HASH (id)', pg_temp.t('"c":{"kind":"text","nullable":true,"unique":true}'));
SELECT pg_temp.found('T11 partition', 'CREATE TABLE verdict.p (id text PRIMARY KEY) PARTITION BY HASH (id);
	CREATE TABLE verdict.t PARTITION OF verdict.p FOR VALUES WITH (MODULUS 1, REMAINDER 0)', pg_temp.t(''));
SELECT pg_temp.found('T12 inheritance', 'CREATE TABLE verdict.t (id text PRIMARY KEY); CREATE TABLE verdict.u () INHERITS (verdict.t)', pg_temp.t(''));
SELECT pg_temp.found('T13 unlogged', 'CREATE UNLOGGED TABLE verdict.t (id text PRIMARY KEY)', pg_temp.t(''));
SELECT pg_temp.found('T16 of another role, and a view beside it', 'CREATE TABLE verdict.t (id text PRIMARY KEY); CREATE VIEW verdict.u AS SELECT 1 AS x;
	GRANT USAGE ON SCHEMA verdict TO regress_verdict; SET LOCAL ROLE regress_verdict', '{"t":{"columns":{"id":{"kind":"id"}}},"u":{"columns":{"id":{"kind":"id"}}}}');
SELECT pg_temp.found('T14 a temporary table hides nothing', 'CREATE TEMP TABLE t (id text)', pg_temp.t(''));
SELECT 'T7 no schema ' || pg_temp.said(plasma.plan('{"version":"v1","tables":{"t":{"schema":"nowhere","columns":{"id":{"kind":"id"}}}}}'));
SELECT pg_temp.found('P1 no key', 'CREATE TABLE verdict.t (id text)', pg_temp.t(''));
SELECT pg_temp.found('P1 another key', 'CREATE TABLE verdict.t (id text NOT NULL, c text PRIMARY KEY)', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.found('P2, P3', 'CREATE TABLE verdict.t (id uuid NOT NULL UNIQUE, c integer NOT NULL)', pg_temp.t('"c":{"kind":"int"}'));
SELECT pg_temp.found('N3', 'CREATE TYPE verdict.t AS ENUM ()', pg_temp.t(''));
SELECT pg_temp.found('N4', 'CREATE TABLE verdict.t (id text PRIMARY KEY, userid text)', pg_temp.t('"userId":{"kind":"text","nullable":true}'));
SELECT pg_temp.found('N4 table', 'CREATE TABLE verdict.t (id text PRIMARY KEY)', '{"T":{"columns":{"id":{"kind":"id"}}}}');
SELECT pg_temp.found('C9, Y8', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text GENERATED ALWAYS AS (id) STORED)', pg_temp.t('"c":{"kind":"text","nullable":true,"default":"x"}'));
SELECT pg_temp.found('C19', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c integer)', pg_temp.t('"c":{"kind":"boolean","nullable":true}'));
SELECT pg_temp.found('C19 empty', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c integer)', pg_temp.t('"c":{"kind":"boolean","nullable":true}'), '{"policy":"data"}');
SELECT pg_temp.found('D11 adopted', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text)', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.found('D13 adopted', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text NOT NULL)', pg_temp.t('"c":{"kind":"text","nullable":true}'), '{"policy":"strict"}');
SELECT pg_temp.found('U4 invalid', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text NOT NULL);
	CREATE UNIQUE INDEX t_c_key ON verdict.t (c); UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''verdict.t_c_key''::regclass',
	pg_temp.t('"c":{"kind":"text","unique":true}'));
SELECT pg_temp.found('R1 not valid', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text);
	INSERT INTO verdict.t VALUES (''a'', ''z''); ALTER TABLE verdict.t ADD CONSTRAINT t_c_fkey FOREIGN KEY (c) REFERENCES verdict.t ON DELETE CASCADE NOT VALID',
	pg_temp.t(:'cascade'));
SELECT pg_temp.found('R1 valid but unproven', 'CREATE TABLE verdict.t (id text PRIMARY KEY, c text);
	ALTER TABLE verdict.t ADD CONSTRAINT t_c_fkey FOREIGN KEY (c) REFERENCES verdict.t ON DELETE CASCADE NOT VALID',
	pg_temp.t(:'cascade'));
SELECT pg_temp.reset();

-- What was declared is gone, moved, or was made otherwise.
SELECT pg_temp.judge('T6 gone', pg_temp.t(''), 'DROP TABLE verdict.t', pg_temp.t(''));
SELECT pg_temp.judge('T3 gone', pg_temp.t(''), 'DROP TABLE verdict.t', '{}');
SELECT pg_temp.judge('D1 gone', pg_temp.t('"c":{"kind":"text"}'), 'ALTER TABLE verdict.t DROP c', pg_temp.t(''));
SELECT pg_temp.judge('C18 by hand', pg_temp.t(''), 'ALTER TABLE verdict.t ADD c text', pg_temp.t('"c":{"kind":"text","nullable":true}'));
SELECT pg_temp.judge('D11 by hand', pg_temp.t('"c":{"kind":"text","nullable":true}'), 'ALTER TABLE verdict.t ALTER c SET NOT NULL', pg_temp.t('"c":{"kind":"text"}'));
SELECT pg_temp.judge('T7 renamed by hand', pg_temp.t(''), 'ALTER TABLE verdict.t RENAME TO u', pg_temp.t('"c":{"kind":"text","nullable":true}'));
SELECT pg_temp.judge('C4 waits', pg_temp.t('"c":{"kind":"text"}'), 'ALTER TABLE verdict.t ALTER c DROP NOT NULL; INSERT INTO verdict.t VALUES (''a''); SELECT plasma.start_backfill(''verdict.t'', ''c'')',
	pg_temp.t('"c":{"kind":"text"}'));

-- Two tables that leave keep each other no longer than they stay.
SELECT pg_temp.judge('D6 both leave',
	'{"r":{"columns":{"id":{"kind":"id"}}},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"ref","references":"r","onDelete":"cascade"}}}}',
	'', '{}');
SELECT pg_temp.judge('D6 one leaves',
	'{"r":{"columns":{"id":{"kind":"id"}}},"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"ref","references":"r","onDelete":"cascade"}}}}',
	'', '{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text"}}}}', '{"allow":["DS101"]}');

-- Versions.
CREATE FUNCTION pg_temp.same_version(title text, old text, new text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.reset();
	PERFORM plasma.run_migrations(pg_temp.declaration('v1', pg_temp.t(old)));
	RETURN NEXT concat(title, E'\n\t', pg_temp.said(plasma.plan(pg_temp.declaration('v1', pg_temp.t(new)))));
END
$$;
SELECT pg_temp.same_version('V2', '', '"c":{"kind":"text","nullable":true}');
SELECT pg_temp.same_version('V3', '', '"c":{"kind":"text"}');
SELECT pg_temp.same_version('V3 refused anyhow', '"c":{"kind":"text"}', '');
SELECT pg_temp.reset();
SELECT plasma.run_migrations(pg_temp.declaration('v1', pg_temp.t('"c":{"kind":"text"}'))) ->> 'status';
SELECT plasma.run_migrations(pg_temp.declaration('v2', pg_temp.t('"c":{"kind":"text","nullable":true},"d":{"kind":"text","nullable":true}'))) ->> 'status';
SELECT 'V4 ' || pg_temp.said(plasma.plan(pg_temp.declaration('v1', pg_temp.t('"c":{"kind":"text"}'))));
ALTER TABLE verdict.t DROP c;
SELECT 'V4 ' || pg_temp.said(plasma.plan(pg_temp.declaration('v1', pg_temp.t('"c":{"kind":"text"}'))));

-- Counts stop, keys of several columns are told whole, and policies hide no row.
SELECT pg_temp.reset();
SELECT plasma.run_migrations(pg_temp.declaration('v1', '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"int"},"c":{"kind":"text","nullable":true}},"key":["b","a"]}}')) ->> 'status';
INSERT INTO verdict.t (a, b) SELECT 'x', i FROM generate_series(1, 1001) i;
\set changed '{"t":{"columns":{"a":{"kind":"text"},"b":{"kind":"int"},"c":{"kind":"text"}},"key":["b","a"]}}'
SELECT pg_temp.said(plasma.plan(pg_temp.declaration('v2', :'changed')));
ALTER TABLE verdict.t OWNER TO regress_verdict;
GRANT USAGE ON SCHEMA verdict TO regress_verdict;
ALTER TABLE verdict.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SET ROLE regress_verdict;
SELECT i ->> 'code', i ->> 'issue', i ->> 'fix'
FROM jsonb_array_elements(plasma.plan(json_build_object('version', 'v2', 'tables',
	json_build_object('t', json_build_object('schema', 'verdict', 'key', '["b","a"]'::json,
		'columns', '{"a":{"kind":"text"},"b":{"kind":"int"},"c":{"kind":"text"}}'::json)))) -> 'issues') i;
RESET ROLE;

-- The error: all that refuses, table by table.
SELECT pg_temp.reset();
SELECT plasma.run_migrations(pg_temp.declaration('v1', '{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text","nullable":true},"d":{"kind":"text"}}},"u":{"columns":{"id":{"kind":"id"}}}}')) ->> 'status';
INSERT INTO verdict.t VALUES ('a', NULL, 'x'), ('b', NULL, 'x'), ('c', 'x', E'line\nbreak');
INSERT INTO verdict.u VALUES ('a');
SELECT plasma.run_migrations(pg_temp.declaration('v1', '{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"text"},"d":{"kind":"text","unique":true},"e":{"kind":"text"}}},"w":{"columns":{"id":{"kind":"id"},"x":{"kind":"text"}}}}'));

DROP SCHEMA verdict CASCADE;
DROP OWNED BY regress_verdict;
DROP ROLE regress_verdict;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

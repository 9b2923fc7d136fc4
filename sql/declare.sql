-- Declarations: what is understood, and that every fault is told, with its
-- path, all at once.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
RESET client_min_messages;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- One row per table, and one per column of a declaration.
CREATE FUNCTION pg_temp.described(schema json) RETURNS SETOF text LANGUAGE sql AS $$
	WITH tables AS (
		SELECT t, n FROM pg_catalog.jsonb_array_elements(plasma.check_declaration(schema)->'tables')
			WITH ORDINALITY AS x (t, n))
	SELECT line FROM (
		SELECT n, 0::bigint AS m, (t - 'columns')::text AS line FROM tables
		UNION ALL
		SELECT n, m, pg_catalog.jsonb_strip_nulls(c)::text
		FROM tables, pg_catalog.jsonb_array_elements(t->'columns') WITH ORDINALITY AS y (c, m)) z
	ORDER BY n, m
$$;

-- The faults of a declaration, one per row.
CREATE FUNCTION pg_temp.faults(schema json) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM plasma.check_declaration(schema);
	RETURN NEXT 'no fault';
EXCEPTION WHEN SQLSTATE 'PL002' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN QUERY SELECT pg_catalog.regexp_split_to_table(detail, E'\n');
END
$$;

-- The faults of one column beside an id.
CREATE FUNCTION pg_temp.column_faults(c text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.faults(('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},"c":' || c || '}}}}')::json)
$$;

-- The faults of options of a table with a column id.
CREATE FUNCTION pg_temp.option_faults(o text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.faults(('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"}},' || o || '}}}')::json)
$$;

--
-- What is understood
--
SELECT jsonb_pretty(plasma.check_declaration('{"version":"todos-v1","tables":{"todos":{"columns":{"id":{"kind":"id"}}}}}'));
SELECT plasma.check_declaration('{"version":"empty","tables":{}}');
SELECT plasma.check_declaration(NULL) IS NULL;

-- every kind, in the order declared
SELECT pg_temp.described('{"version":"v","tables":{"all":{"columns":{
	"id":{"kind":"id"}, "z":{"kind":"text"}, "int":{"kind":"int"}, "bigint":{"kind":"bigint"},
	"boolean":{"kind":"boolean"}, "blob":{"kind":"blob"}, "json":{"kind":"json"}, "file":{"kind":"file"},
	"ref":{"kind":"ref","references":"all"}, "counter":{"kind":"crdtCounter"},
	"pn":{"kind":"crdtPnCounter"}, "lww":{"kind":"crdtLwwRegister"}, "set":{"kind":"crdtOrSet"},
	"a":{"kind":"sql","type":"numeric(10,2)"}}}}}');

-- every modifier
SELECT pg_temp.described('{"version":"v","tables":{
	"users":{"columns":{"id":{"kind":"id","unique":true},"name":{"kind":"text","unique":true}}},
	"todos":{"columns":{"id":{"kind":"id"},
		"a":{"kind":"ref","references":"users"},
		"b":{"kind":"ref","references":"users","onDelete":"noAction"},
		"c":{"kind":"ref","references":"users","onDelete":"cascade"},
		"d":{"kind":"ref","references":"users","onDelete":"restrict","unique":true},
		"e":{"kind":"ref","references":"users","onDelete":"setNull","nullable":true},
		"f":{"kind":"text","nullable":true,"unique":false,"encrypted":false},
		"g":{"kind":"text","encrypted":true},
		"h":{"kind":"sql","type":"date","encrypted":true,"nullable":true}}}}}');

-- every option of a table
SELECT pg_temp.described('{"version":"v","tables":{
	"a":{"schema":"app","key":"code","history":false,"columns":{"code":{"kind":"text"}}},
	"b":{"key":["tenant","n"],"columns":{"n":{"kind":"bigint"},"tenant":{"kind":"sql","type":"uuid"}}},
	"c":{"key":["id"],"changeLogSuppressed":true,"columns":{"id":{"kind":"id"}}},
	"d":{"key":["tenant","id"],"columns":{"tenant":{"kind":"text"},"id":{"kind":"id"}}},
	"e":{"auth":{"read":"true","write":"owner = plasma.ctx()->>''sub'' -- the owner"},"columns":{"id":{"kind":"id"}}},
	"f":{"auth":{},"columns":{"id":{"kind":"id"}}}}}');

-- refs take the type of the key, through chains; order and cycles of tables do not matter
SELECT pg_temp.described('{"version":"v","tables":{
	"a":{"key":"b","columns":{"b":{"kind":"ref","references":"b"},"loop":{"kind":"ref","references":"c","nullable":true}}},
	"b":{"key":"c","columns":{"c":{"kind":"ref","references":"c","onDelete":"cascade","default":"abc"}}},
	"c":{"key":"k","changeLogSuppressed":true,"columns":{"k":{"kind":"sql","type":"varchar(3)"},"a":{"kind":"ref","references":"a","nullable":true}}}}}')
	AS line;

-- types of kind sql, as the search path finds them
CREATE SCHEMA declare_test;
CREATE TYPE declare_test.mood AS ENUM ('sad', 'it''s "ok"');
CREATE TYPE declare_test."Odd Type" AS (a int, b text);
CREATE DOMAIN declare_test.positive AS int CHECK (VALUE > 0);
CREATE DOMAIN declare_test.coded AS text COLLATE "C";
SET search_path = public, declare_test;
SELECT pg_temp.described('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},
	"a":{"kind":"sql","type":"mood"}, "b":{"kind":"sql","type":"declare_test.mood[]"},
	"c":{"kind":"sql","type":"\"Odd Type\""}, "d":{"kind":"sql","type":"positive"},
	"e":{"kind":"sql","type":"timestamp(3) with time zone"}, "f":{"kind":"sql","type":"char(4)"},
	"g":{"kind":"sql","type":"\"char\""}, "h":{"kind":"sql","type":"interval day to second(2)"},
	"i":{"kind":"sql","type":"bit varying(5)"}, "j":{"kind":"sql","type":"int4range"},
	"k":{"kind":"sql","type":"double precision"}, "l":{"kind":"sql","type":"coded"},
	"m":{"kind":"sql","type":"char"}, "n":{"kind":"sql","type":"bpchar"}}}}}');

-- defaults
SELECT c->>'name', c->>'default'
FROM pg_catalog.jsonb_array_elements(plasma.check_declaration('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},
	"text":{"kind":"text","default":"it''s a \\ \"text\"; DROP TABLE t; --"}, "empty":{"kind":"text","default":""},
	"int":{"kind":"int","default":-9223372036854775808}, "zero":{"kind":"int","default":-0},
	"bigint":{"kind":"bigint","default":"9223372036854775807"}, "bignum":{"kind":"bigint","default":-5},
	"true":{"kind":"boolean","default":true}, "false":{"kind":"boolean","default":false},
	"blob":{"kind":"blob","default":"AP/+"}, "pad":{"kind":"blob","default":"YQ=="}, "none":{"kind":"blob","default":""},
	"json":{"kind":"json","default":{"b":[1,2.50,null],"a":"it''s"}}, "scalar":{"kind":"json","default":"x"},
	"file":{"kind":"file","default":{"hash":"h","size":0,"mime":"text/plain","name":"n"}},
	"ref":{"kind":"ref","references":"t","default":"it''s"},
	"counter":{"kind":"crdtCounter","default":{}}, "counts":{"kind":"crdtCounter","default":{"c1":5}},
	"pn":{"kind":"crdtPnCounter","default":{"p":{"c":1},"n":{}}},
	"lww":{"kind":"crdtLwwRegister","default":{"value":null,"ts":0,"clientID":""}},
	"set":{"kind":"crdtOrSet","default":{}},
	"null":{"kind":"json","nullable":true,"default":null},
	"num":{"kind":"sql","type":"numeric(10,2)","default":1.005}, "nan":{"kind":"sql","type":"float8","default":"NaN"},
	"mood":{"kind":"sql","type":"mood","default":"it''s \"ok\""}, "bool":{"kind":"sql","type":"bool","default":true},
	"positive":{"kind":"sql","type":"positive","default":7}, "tags":{"kind":"sql","type":"text[]","default":"{a,\"b c\"}"},
	"day":{"kind":"sql","type":"date","default":"2024-02-29"}, "nowhere":{"kind":"sql","type":"text","default":"now"},
	"row":{"kind":"sql","type":"\"Odd Type\"","default":"(1,x)"}}}}}')->'tables'->0->'columns') AS c
WHERE c ? 'default' AND c->>'default' IS NOT NULL;

-- names are any text of at most 63 bytes
SELECT pg_temp.described('{"version":" ","tables":{
	"Select":{"schema":"My \"App\"","key":"from","columns":{"from":{"kind":"text"}}},
	"a.b c''d\"e\\f":{"columns":{"id":{"kind":"id"}," ":{"kind":"text"},"%s%d":{"kind":"int","nullable":true,"default":null},"\u00e9\u4e2d\ud83d\ude00":{"kind":"text"}}},
	"123456789012345678901234567890123456789012345678901234567890123":{"columns":{"id":{"kind":"id"},
		"\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d":{"kind":"text"}}}}}');

-- 200 columns
SELECT count(*), min(c->>'name'), max(c->>'name')
FROM (SELECT plasma.check_declaration(('{"version":"v","tables":{"wide":{"columns":{"id":{"kind":"id"},'
		|| string_agg(format('"c%s":{"kind":"text","default":"d%s"}', lpad(n::text, 3, '0'), n), ',') || '}}}}')::json) AS d
	FROM generate_series(1, 199) AS n) x,
	jsonb_array_elements(d->'tables'->0->'columns') AS c;

--
-- Faults: one error tells all of them
--
SELECT plasma.check_declaration('{"versoin":"v","tables":{"todos":{"columns":{"id":{"kind":"id"},"rank":{"kind":"integer"}},"scope":"tenant"}}}');
SELECT plasma.check_declaration('{"version":"","tables":{}}');

-- the frame
SELECT pg_temp.faults(d::json) FROM unnest(ARRAY[
	'[]', '"text"', '1', 'null', 'true', '{}', '{"version":1,"tables":[]}', '{"version":null,"tables":null}',
	'{"version":"v","tables":{"t":1}}', '{"version":"v","tables":{"t":{}}}', '{"version":"v","tables":{"t":{"columns":[]}}}',
	'{"version":"v","tables":{"t":{"columns":{}}}}', '{"version":"v","tables":{"t":{"columns":{"id":"id"}}}}',
	'{"version":"v","tables":{},"Tables":{},"":1}']) AS d;

-- keys that occur twice, anywhere
SELECT pg_temp.faults('{"version":"v","version":"w","tables":{
	"t":{"columns":{"id":{"kind":"id"},"id":{"kind":"text","kind":"int"}, "a":{"kind":"json","default":[{"x":1,"x":1,"x":1}]}},"history":true,"history":false},
	"t":{"columns":{"id":{"kind":"id"}}},
	"u":{"columns":{"id":{"kind":"id"},"\u0069d":{"kind":"id"}}}}}');

-- names
SELECT pg_temp.faults('{"version":"v","tables":{
	"":{"columns":{"id":{"kind":"id"},"":{"kind":"text"}}},
	"1234567890123456789012345678901234567890123456789012345678901234":{"columns":{"id":{"kind":"id"}}},
	"a b":{"columns":{"id":{"kind":"id"},"\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2da":{"kind":"text"},
		"xmin":{"kind":"int"},"line\nbreak":{"kind":"x"}}}}}');
SELECT pg_temp.option_faults(format('"schema":%s', s)) FROM unnest(ARRAY[
	'"pg_catalog"', '"pg_x"', '"information_schema"', '"plasma"', '""', 'null', '7', '"Plasma"',
	'"12345678901234567890123456789012345678901234567890123456789012345"']) AS s;

-- options of a table
SELECT pg_temp.option_faults(o) FROM unnest(ARRAY[
	'"scope":"tenant"', '"Key":"id"', '"history":"yes"', '"changeLogSuppressed":1', '"auth":"true"', '"auth":{"select":"true"}',
	'"auth":{"read":true}', '"auth":{"read":null}',
	'"key":1', '"key":[]', '"key":["id","id"]', '"key":"nope"', '"key":[["id"]]', '"key":null', '"key":""']) AS o;
SELECT pg_temp.faults('{"version":"v","tables":{
	"a":{"columns":{"name":{"kind":"text"}}},
	"b":{"columns":{"uid":{"kind":"id"}}},
	"c":{"columns":{"id":{"kind":"id"},"id2":{"kind":"id"}}},
	"d":{"columns":{"id":{"kind":"id","nullable":true}}},
	"e":{"key":"n","columns":{"n":{"kind":"text","nullable":true}}},
	"f":{"key":"n","columns":{"n":{"kind":"text","encrypted":true}}},
	"g":{"key":"n","columns":{"n":{"kind":"text"},"id":{"kind":"id"}}},
	"h":{"key":"n","columns":{"n":{"kind":"json"}}},
	"i":{"key":["n","m"],"columns":{"n":{"kind":"sql","type":"numeric"},"m":{"kind":"sql","type":"char(3)"}}},
	"j":{"columns":{"id":{"kind":"uuid"}}}}}');
SELECT pg_temp.faults(format('{"version":"v","tables":{"t":{"key":[%s],"columns":{%s}}}}',
	string_agg(format('"c%s"', n), ','), string_agg(format('"c%s":{"kind":"int"}', n), ','))::json)
FROM generate_series(1, 33) AS n;
SELECT pg_temp.faults(format('{"version":"v","tables":{"t":{"key":"c1","columns":{%s}}}}',
	string_agg(format('"c%s":{"kind":"int"}', n), ','))::json)
FROM generate_series(1, 1601) AS n;

-- columns
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{}', '{"kind":1}', '{"kind":null}', '{"kind":"Text"}', '{"kind":"string"}', '{"kind":"text","Nullable":true}',
	'{"kind":"text","nullable":"true"}', '{"kind":"text","unique":1}', '{"kind":"text","encrypted":null}',
	'{"kind":"text","type":"varchar"}', '{"kind":"text","references":"t","onDelete":"cascade"}',
	'{"kind":"ref"}', '{"kind":"ref","references":"nope"}', '{"kind":"ref","references":["t"]}', '{"kind":"ref","references":"T"}',
	'{"kind":"ref","references":"t","onDelete":"CASCADE"}', '{"kind":"ref","references":"t","onDelete":"setNull"}',
	'{"kind":"ref","references":"t","onDelete":false}', '{"kind":"ref","references":"t","encrypted":true}',
	'{"kind":"file","encrypted":true}', '{"kind":"crdtOrSet","encrypted":true}',
	'{"kind":"text","encrypted":true,"unique":true,"default":"x"}',
	'{"kind":"sql"}', '{"kind":"sql","type":7}', '{"kind":"sql","type":"polygon","unique":true}', '{"kind":"sql","type":"point[]","unique":true}']) AS c;
SELECT pg_temp.option_faults('"auth":{}}, "u":{"columns":{"id":{"kind":"id","encrypted":true,"default":"x","type":"uuid"}}');

-- refs that lead nowhere
SELECT pg_temp.faults('{"version":"v","tables":{
	"a":{"key":"b","columns":{"b":{"kind":"ref","references":"b"}}},
	"b":{"key":"a","columns":{"a":{"kind":"ref","references":"a"}}},
	"self":{"key":"me","columns":{"me":{"kind":"ref","references":"self"}}},
	"outside":{"columns":{"id":{"kind":"id"},"a":{"kind":"ref","references":"a","default":"x"}}},
	"pair":{"key":["x","y"],"columns":{"x":{"kind":"int"},"y":{"kind":"int"}}},
	"half":{"columns":{"id":{"kind":"id"},"pair":{"kind":"ref","references":"pair"}}}}}');

-- defaults
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"text","default":1}', '{"kind":"text","default":null}', '{"kind":"json","default":null}',
	'{"kind":"int","default":"1"}', '{"kind":"int","default":1.0}', '{"kind":"int","default":1e3}', '{"kind":"int","default":9223372036854775808}',
	'{"kind":"bigint","default":"9223372036854775808"}', '{"kind":"bigint","default":"1.0"}', '{"kind":"bigint","default":" 1"}',
	'{"kind":"bigint","default":""}', '{"kind":"bigint","default":"-"}', '{"kind":"bigint","default":"0x1"}', '{"kind":"bigint","default":true}',
	'{"kind":"boolean","default":"true"}', '{"kind":"boolean","default":0}',
	'{"kind":"blob","default":"YQ"}', '{"kind":"blob","default":"YQ==YQ=="}', '{"kind":"blob","default":"YR=="}', '{"kind":"blob","default":"Y Q="}', '{"kind":"blob","default":"\\x00"}', '{"kind":"blob","default":[1]}',
	'{"kind":"json","default":1e999999}', '{"kind":"file","default":"h"}', '{"kind":"file","default":{"hash":"h"}}',
	'{"kind":"file","default":{"hash":"h","size":"1","mime":"m"}}', '{"kind":"file","default":{"hash":"h","size":-1,"mime":"m"}}',
	'{"kind":"file","default":{"hash":"h","size":1,"mime":"m","name":5}}', '{"kind":"file","default":[{"hash":"h","size":1,"mime":"m"}]}',
	'{"kind":"crdtCounter","default":0}', '{"kind":"crdtCounter","default":{"c":"1"}}', '{"kind":"crdtPnCounter","default":{}}',
	'{"kind":"crdtPnCounter","default":{"p":{},"n":{"c":null}}}', '{"kind":"crdtLwwRegister","default":{"ts":1,"clientID":"c"}}',
	'{"kind":"crdtOrSet","default":[]}', '{"kind":"ref","references":"t","default":1}',
	'{"kind":"sql","type":"date","default":"yesterday"}', '{"kind":"sql","type":"timestamptz","default":" NOW "}', '{"kind":"sql","type":"time","default":"now"}',
	'{"kind":"sql","type":"date","default":"2023-02-29"}', '{"kind":"sql","type":"date","default":{}}', '{"kind":"sql","type":"mood","default":"angry"}',
	'{"kind":"sql","type":"positive","default":-1}', '{"kind":"sql","type":"varchar(3)","default":"abcd"}', '{"kind":"sql","type":"numeric(3,1)","default":1000}',
	'{"kind":"sql","type":"int","default":"1); DROP TABLE t; --"}']) AS c;

-- types
CREATE TYPE declare_test.shell;
CREATE TABLE declare_test.source (a int);
SELECT pg_temp.column_faults(format('{"kind":"sql","type":%s}', to_json(type))) FROM unnest(ARRAY[
	'', ' ', 'moood', 'nowhere.mood', 'serial', 'BigSerial', 'anyelement', 'record', 'trigger', 'void', 'cstring', 'unknown', '_record', 'shell',
	'setof int', 'declare_test.source.a%type', 'int)', 'int; drop table t', 'int not null', 'int default 1', 'text collate "C"', 'numeric(1000000)',
	'int(3)', 'varchar(0)', 'int, b int', 'int -- x', E'int\n', 'int /* x', 'mood"', E'a\nb', repeat('x', 200)]) AS type;

-- predicates: one expression that stays between its parentheses
SELECT p, f FROM unnest(ARRAY[
	'true', '(a) = (b)', 'owner = plasma.ctx()->>''sub''', 'EXISTS (SELECT 1 FROM members m WHERE m.id = room)', 'true -- comment', 'a /* b */',
	'$q$x$q$ = a', '''a'' ''b''', E'a\n=\nb', 'CASE WHEN a THEN b END', '(SELECT true)',
	'', ' ', '-- comment', 'true)', '(true', 'true) OR (true', 'true); DROP TABLE t; --', 'true; SELECT true', 'true;', 'true) --', 'true /*', '*/ true',
	'true, true', 'a AS b', 'a b', '*', 'true FROM t', 'true WHERE true', 'true UNION SELECT true', 'true ORDER BY 1', 'true LIMIT 1', 'true FOR UPDATE', 'true INTO t',
	'DISTINCT true', 'ALL true', 'SELECT true', 'VALUES (true)', 'TABLE t', 'WITH x AS (SELECT 1) SELECT true', 'true GROUP BY 1', 'true HAVING true',
	'''open', '$q$open', '"open', '$1', 'DROP TABLE t', 'true USING (true', 'true) WITH CHECK (true']) AS p,
	pg_temp.option_faults(format('"auth":{"write":%s}', to_json(p))) AS f;

-- strings that JSON has and text has not, and deep nesting
SELECT plasma.check_declaration('{"version":"\u0000","tables":{}}');
SELECT pg_temp.faults(d::json) FROM unnest(ARRAY[
	'{"version":"v","tables":{"a\u0000b":{}}}', '{"version":"\ud800","tables":{}}', '{"version":"\ude00\ud83d","tables":{}}',
	'{"version":"v","tables":{"\ud800x":{}}}']) AS d;
SELECT pg_temp.faults(('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},"c":{"kind":"json","default":'
	|| repeat('[', 1000) || '{"a":1,"a":2}' || repeat(']', 1000) || '}}}}}')::json)
	= '$.tables.t.columns.c.default' || repeat('[0]', 1000) || '.a: the key occurs more than once; each key of an object may occur once';
DO $$
BEGIN
	PERFORM plasma.check_declaration((repeat('[', 1000000) || repeat(']', 1000000))::json);
EXCEPTION WHEN statement_too_complex THEN
	RAISE NOTICE 'too deep';
END
$$;

-- many faults: each is told
SELECT count(*), min(f), max(f)
FROM (SELECT pg_temp.faults(format('{"version":"v","tables":{%s}}', string_agg(
		format('"t%s":{"columns":{"id":{"kind":"id"},"c":{"kind":"k"}}}', lpad(n::text, 4, '0')), ','))::json) AS f
	FROM generate_series(1, 1000) AS n) x;

-- what tables check of the values: NULL and the shapes of each kind pass
CREATE FUNCTION pg_temp.passes(kind text, modifiers text, value jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	check_sql text := plasma.check_declaration(('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},"a \"b":{"kind":"' || kind || '"' || modifiers || '}}}}}')::json)
		#>> '{tables,0,columns,1,check}';
	passed boolean;
BEGIN
	EXECUTE 'SELECT ' || check_sql || ' FROM (SELECT $1 AS "a ""b") AS t' INTO passed USING value;
	RETURN passed;
END
$$;
SELECT k, v, pg_temp.passes(k, '', v::jsonb) FROM (VALUES
	('file', NULL), ('file', '{"hash":"h","size":1,"mime":"m"}'), ('file', '{"hash":"h","size":1,"mime":"m","name":"n","more":1}'),
	('file', '{"hash":"h","size":1,"mime":"m","name":null}'), ('file', '{"hash":1,"size":1,"mime":"m"}'), ('file', '{"hash":"h","size":"1","mime":"m"}'),
	('file', '{"hash":"h","size":1}'), ('file', '{"size":1,"mime":"m"}'), ('file', '{}'), ('file', '[{"hash":"h","size":1,"mime":"m"}]'), ('file', 'null'), ('file', '"h"'),
	('crdtCounter', NULL), ('crdtCounter', '{}'), ('crdtCounter', '{"a":1,"b":-2.5}'), ('crdtCounter', '{"a":1,"b":"2"}'), ('crdtCounter', '{"a":[1]}'), ('crdtCounter', '[1]'), ('crdtCounter', '1'),
	('crdtPnCounter', '{"p":{},"n":{}}'), ('crdtPnCounter', '{"p":{"a":1},"n":{"a":2}}'), ('crdtPnCounter', '{"p":{"a":1}}'), ('crdtPnCounter', '{"p":{"a":"1"},"n":{}}'),
	('crdtPnCounter', '{"p":{},"n":{"a":null}}'), ('crdtPnCounter', '{"p":[],"n":{}}'),
	('crdtLwwRegister', '{"value":null,"ts":1,"clientID":"c"}'), ('crdtLwwRegister', '{"value":[1],"ts":1,"clientID":"c"}'), ('crdtLwwRegister', '{"ts":1,"clientID":"c"}'),
	('crdtLwwRegister', '{"value":1,"ts":"1","clientID":"c"}'), ('crdtLwwRegister', '{"value":1,"ts":1}'),
	('crdtOrSet', '{}'), ('crdtOrSet', '{"a":1}'), ('crdtOrSet', '[]'), ('crdtOrSet', 'null')) AS x (k, v);
SELECT v, pg_temp.passes('text', ',"encrypted":true', v::jsonb) FROM (VALUES (NULL),
	('{"v":1,"alg":"AES-GCM-256","keyId":"k","nonce":"n","ct":"c"}'), ('{"v":1,"alg":"AES-GCM-256","keyId":"k","nonce":"n"}'), ('{"v":"1","alg":"a","keyId":"k","nonce":"n","ct":"c"}'),
	('{"v":1,"alg":"a","keyId":null,"nonce":"n","ct":"c"}'), ('"plain"'), ('{}')) AS x (v);
SELECT c->>'name' FROM jsonb_array_elements(plasma.check_declaration('{"version":"v","tables":{"t":{"columns":{
	"id":{"kind":"id"},"a":{"kind":"text"},"b":{"kind":"json"},"c":{"kind":"sql","type":"jsonb"},"d":{"kind":"file"}}}}}') #> '{tables,0,columns}') AS c
WHERE c->>'check' IS NOT NULL;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA declare_test CASCADE;

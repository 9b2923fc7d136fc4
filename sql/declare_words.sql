-- The modifiers that speak of the database: expressions, identity, enum types,
-- collations, foreign keys; tables without a key; and every way to misuse them.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
RESET client_min_messages;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE SCHEMA words;
CREATE SCHEMA words_more;
CREATE TYPE words.mood AS ENUM ('sad', 'ok');
CREATE TYPE words_more.mood AS ENUM ('other');
CREATE TYPE words.pair AS (a int, b int);
CREATE DOMAIN words.mood_domain AS words.mood;
CREATE DOMAIN words.small AS int;
CREATE COLLATION words.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SET search_path = public, words_more;

-- What is understood of each column beside an id.
CREATE FUNCTION pg_temp.column_words(columns text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT (jsonb_strip_nulls(c) - '{check,unique,encrypted}'::text[])::text
	FROM jsonb_array_elements(plasma.check_declaration(('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},'
		|| columns || '}}}}')::json) #> '{tables,0,columns}') WITH ORDINALITY AS x (c, n)
	WHERE n > 1 ORDER BY n
$$;

CREATE FUNCTION pg_temp.faults(schema text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	PERFORM plasma.check_declaration(schema::json);
	RETURN NEXT 'no fault';
EXCEPTION WHEN SQLSTATE 'PL002' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN QUERY SELECT regexp_split_to_table(detail, E'\n');
END
$$;

CREATE FUNCTION pg_temp.column_faults(c text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.faults('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},"c":' || c || '}}}}')
$$;

--
-- Expressions
--
SELECT pg_temp.column_words($$
	"a":{"kind":"sql","type":"timestamptz","defaultExpression":"now()"},
	"b":{"kind":"text","defaultExpression":"gen_random_uuid()::text -- made here"},
	"c":{"kind":"int","generated":"length(b)"},
	"d":{"kind":"json","nullable":true,"defaultExpression":"jsonb_build_object('a', 1)"},
	"e":{"kind":"ref","references":"t","defaultExpression":"current_user::text"},
	"f":{"kind":"sql","type":"text[]","defaultExpression":"ARRAY['a', $q$it's$q$]"}$$);

-- one expression it must be; it never leaves its place
SELECT key, e, f FROM unnest(ARRAY['defaultExpression', 'generated']) AS key,
	unnest(ARRAY['', ' ', '-- none', '1, 2', '1) --', '1); DROP TABLE t; --', '1; SELECT 1', '1 AS a', '1 FROM t', '(1', '1)', '1) STORED, x int GENERATED ALWAYS AS (1',
		'1 REFERENCES t', '1 NOT NULL', '1 CHECK (true)', 'SELECT 1', 'DROP TABLE t', '''open', '/* open', '1 /* closed */ -- and on']) AS e,
	pg_temp.column_faults(format('{"kind":"int",%s:%s}', to_json(key), to_json(e))) AS f;
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"int","defaultExpression":1}', '{"kind":"int","defaultExpression":null}', '{"kind":"int","generated":true}',
	'{"kind":"int","default":1,"defaultExpression":"1"}', '{"kind":"int","default":1,"generated":"1","identity":"always"}',
	'{"kind":"int","nullable":true,"default":null,"generated":"1"}',
	'{"kind":"text","encrypted":true,"defaultExpression":"1","generated":"1","identity":"serial","enum":[],"collation":"\"C\""}']) AS c;
SELECT pg_temp.faults('{"version":"v","tables":{
	"a":{"columns":{"id":{"kind":"id","defaultExpression":"gen_random_uuid()"}}},
	"b":{"columns":{"id":{"kind":"id","generated":"1"}}},
	"c":{"columns":{"id":{"kind":"id","identity":"always"}}},
	"d":{"key":"id","columns":{"id":{"kind":"text","defaultExpression":"gen_random_uuid()"}}}}}');

--
-- Identity
--
SELECT pg_temp.column_words($$
	"a":{"kind":"int","identity":"always"}, "b":{"kind":"bigint","identity":"byDefault"},
	"c":{"kind":"sql","type":"int","identity":"serial"}, "d":{"kind":"sql","type":"smallint","nullable":true,"identity":"serial"}$$);
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"int","identity":"Always"}', '{"kind":"int","identity":true}', '{"kind":"int","identity":null}', '{"kind":"int","identity":"serial\"; DROP TABLE t"}',
	'{"kind":"int","nullable":true,"identity":"always"}', '{"kind":"text","identity":"serial"}', '{"kind":"sql","type":"numeric","identity":"always"}',
	'{"kind":"sql","type":"words.small","identity":"byDefault"}', '{"kind":"ref","references":"t","identity":"always"}',
	'{"kind":"sql","type":"mood","enum":["a"],"identity":"always"}', '{"kind":"int","identity":"always","default":1}']) AS c;

--
-- Enum types
--

-- there or still to be made; the table's schema comes before the search path
SELECT pg_temp.column_words($$
	"a":{"kind":"sql","type":"words.mood","enum":["sad","ok"]}, "b":{"kind":"sql","type":"words.mood[]","enum":["sad","ok"]},
	"c":{"kind":"sql","type":"mood","enum":["new"]}, "d":{"kind":"sql","type":"public.colour","enum":["red"],"unique":true},
	"e":{"kind":"sql","type":"colour [] ","enum":["red"],"nullable":true}, "f":{"kind":"sql","type":"\"Odd \"\"Name\"","enum":[""]},
	"g":{"kind":"sql","type":"words_more.none","enum":[]}, "h":{"kind":"sql","type":"int4x","enum":["it's","\"; DROP TYPE mood; --","a\\b","\u00e9"]},
	"i":{"kind":"sql","type":"mood","nullable":true}$$);
SELECT c->>'type' FROM jsonb_path_query(plasma.check_declaration('{"version":"v","tables":{
	"a":{"schema":"words","columns":{"id":{"kind":"id"},"c":{"kind":"sql","type":"mood","enum":["sad","ok"]},"d":{"kind":"sql","type":"fresh","enum":[]}}},
	"b":{"schema":"not_there","columns":{"id":{"kind":"id"},"c":{"kind":"sql","type":"mood","enum":["other"]},"d":{"kind":"sql","type":"fresh","enum":[]}}}}}'),
	'$.tables[*].columns[*] ? (@.name != "id")') AS c;

-- defaults are declared labels, whatever the type has
SELECT pg_temp.column_words($$
	"a":{"kind":"sql","type":"words.mood","enum":["sad","ok","new"],"default":"new"},
	"b":{"kind":"sql","type":"fresh","enum":["it's"],"default":"it's"},
	"c":{"kind":"sql","type":"fresh[]","enum":["it's"],"default":"{it's,NULL,it's}"},
	"d":{"kind":"sql","type":"fresh[]","enum":["it's"],"default":"{}"},
	"e":{"kind":"sql","type":"fresh","enum":["it's"],"nullable":true,"default":null},
	"f":{"kind":"sql","type":"fresh","enum":["it's"],"defaultExpression":"'it''s'"},
	"g":{"kind":"sql","type":"today","enum":["now"],"default":"now"}$$);
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"sql","type":"words.mood","enum":["sad"],"default":"ok"}', '{"kind":"sql","type":"fresh","enum":["a"],"default":"b''; DROP TABLE t; --"}',
	'{"kind":"sql","type":"fresh","enum":["1"],"default":[]}', '{"kind":"sql","type":"fresh[]","enum":["a"],"default":"a"}',
	'{"kind":"sql","type":"fresh[]","enum":["a"],"default":"{a,b}"}', '{"kind":"sql","type":"fresh","enum":["a"],"default":null}']) AS c;

-- a key, and a ref to it, of a type that is still to be made
SELECT t->>'name', c->>'name', c->>'type', c->>'enum' FROM jsonb_array_elements(plasma.check_declaration('{"version":"v","tables":{
	"a":{"key":"c","columns":{"c":{"kind":"sql","type":"fresh","enum":["x"]}}},
	"b":{"columns":{"id":{"kind":"id"},"a":{"kind":"ref","references":"a","default":"x"}}}}}')->'tables') AS t, jsonb_array_elements(t->'columns') AS c;

-- labels
SELECT pg_temp.column_faults(format('{"kind":"sql","type":"fresh","enum":%s}', labels)) FROM unnest(ARRAY[
	'null', '"a"', '{"a":"b"}', 'true', '["a",1,null,["b"]]', '["a","b","a"]', '["1234567890123456789012345678901234567890123456789012345678901234"]',
	'["123456789012345678901234567890123456789012345678901234567890123"]', '["\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d\u4e2d"]']) AS labels;
SELECT pg_temp.faults('{"version":"v","tables":{"t":{"columns":{"id":{"kind":"id"},
	"a":{"kind":"sql","type":"fresh","enum":["a","b"]}, "b":{"kind":"sql","type":"fresh[]","enum":["a","b"]},
	"c":{"kind":"sql","type":"public.fresh","enum":["b","a"]}, "d":{"kind":"sql","type":"words.fresh","enum":["a"]}}},
	"u":{"columns":{"id":{"kind":"id"},"a":{"kind":"sql","type":"fresh","enum":[]},"b":{"kind":"sql","type":"words.fresh","enum":["a","a2"]}}}}}');

-- names of types
SELECT type, f FROM unnest(ARRAY[
	'', ' ', '[]', 'a.b.c', 'a b', 'a;', 'a)', 'a, b', 'mood; DROP TYPE mood', 'mood AS ENUM (''x''); --', '"open', 'mood[][]', 'mood[3]', 'mood ARRAY', 'setof mood', 'mood%TYPE', 'varchar(3)',
	'int', 'text', 'words.pair', 'words.mood_domain', 'words._mood', 'select', 'pg_catalog.mood', 'plasma.mood', 'pg_temp.mood', 'information_schema.mood', '_plasma_mood', '"".mood', 'words.""',
	'E''x''', '1mood', repeat('x', 63), repeat('x', 64), repeat('x', 64) || '.y', E'mood\n', 'mood -- x', '"mo""od"', 'no_schema.mood']) AS type,
	pg_temp.column_faults(format('{"kind":"sql","type":%s,"enum":["a"]}', to_json(type))) AS f;
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"text","enum":["a"]}', '{"kind":"sql","enum":["a"]}', '{"kind":"sql","type":5,"enum":["a"]}', '{"kind":"sql","type":"t","enum":["a"]}',
	'{"kind":"sql","type":"T","enum":["a"]}', '{"kind":"sql","type":"\"T\"","enum":["a"]}']) AS c;
SELECT pg_temp.faults('{"version":"v","tables":{"t":{"key":["c"],"columns":{"c":{"kind":"sql","type":"fresh[]","enum":["a"]}}}}}');

--
-- References
--
SELECT pg_temp.column_words($$
	"a":{"kind":"ref","references":"t"}, "b":{"kind":"ref","references":"t","enforced":true},
	"c":{"kind":"ref","references":"t","onDelete":"cascade"}, "d":{"kind":"ref","references":"t","onDelete":"restrict","enforced":true},
	"e":{"kind":"ref","references":"t","onDelete":"noAction","enforced":false}, "f":{"kind":"ref","references":"t","onDelete":"setDefault","default":"x"},
	"g":{"kind":"ref","references":"t","onDelete":"setDefault","nullable":true}, "h":{"kind":"ref","references":"t","onDelete":"setDefault","defaultExpression":"'x'"},
	"i":{"kind":"ref","references":"t","onDelete":"cascade","generated":"left(a, 1)"}$$);
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"text","enforced":true}', '{"kind":"ref","references":"t","enforced":1}', '{"kind":"ref","references":"t","enforced":null}',
	'{"kind":"ref","references":"t","enforced":false,"onDelete":"cascade"}', '{"kind":"ref","references":"t","enforced":false,"onDelete":"setDefault","nullable":true}',
	'{"kind":"ref","references":"t","onDelete":"setDefault"}', '{"kind":"ref","references":"t","onDelete":"SET DEFAULT; DROP TABLE t"}',
	'{"kind":"ref","references":"t","onDelete":"setNull","nullable":true,"generated":"id"}', '{"kind":"ref","references":"t","onDelete":"setDefault","nullable":true,"generated":"id"}']) AS c;

--
-- Collations
--
SELECT pg_temp.column_words($$
	"a":{"kind":"text","collation":"pg_catalog.\"C\""}, "b":{"kind":"text","collation":"\"POSIX\"","unique":true},
	"c":{"kind":"sql","type":"varchar(9)[]","collation":"words.loose"}, "d":{"kind":"ref","references":"t","collation":"\"default\""}$$);
SELECT pg_temp.column_faults(format('{"kind":"text","collation":%s}', c)) FROM unnest(ARRAY[
	'1', 'null', '""', '" "', '"C"', '"\"C\"; DROP TABLE t"', '"\"C\" NOT NULL"', '"words.nope"', '"nope.loose"', '"a.b.c.d"', '"\"C"', '"words.loose --"',
	'"1234567890123456789012345678901234567890123456789012345678901234567890"']) AS c;
SELECT pg_temp.column_faults(c) FROM unnest(ARRAY[
	'{"kind":"int","collation":"\"C\""}', '{"kind":"json","collation":"\"C\""}', '{"kind":"sql","type":"fresh","enum":["a"],"collation":"\"C\""}']) AS c;
SELECT pg_temp.faults('{"version":"v","tables":{
	"a":{"columns":{"id":{"kind":"id","collation":"words.loose"}}}, "b":{"columns":{"id":{"kind":"id","collation":"\"C\""}}},
	"c":{"changeLogSuppressed":true,"columns":{"id":{"kind":"id","collation":"words.loose"}}}}}');

--
-- Tables that are not synced need no key, and none that syncing can use
--
SELECT t->>'name', t->>'key' FROM jsonb_array_elements(plasma.check_declaration('{"version":"v","tables":{
	"a":{"key":[],"changeLogSuppressed":true,"columns":{"n":{"kind":"sql","type":"numeric"}}},
	"b":{"key":["n","m"],"changeLogSuppressed":true,"columns":{"n":{"kind":"sql","type":"numeric"},"m":{"kind":"json"}}},
	"c":{"columns":{"id":{"kind":"id"},"d":{"kind":"ref","references":"d"}}},
	"d":{"key":"n","changeLogSuppressed":true,"columns":{"n":{"kind":"sql","type":"numeric"}}}}}')->'tables') AS t;
SELECT pg_temp.faults('{"version":"v","tables":{
	"a":{"key":[],"columns":{"n":{"kind":"int"}}},
	"b":{"key":[],"changeLogSuppressed":false,"columns":{"n":{"kind":"int"}}},
	"c":{"changeLogSuppressed":true,"columns":{"n":{"kind":"int"}}},
	"d":{"key":[],"changeLogSuppressed":true,"columns":{"id":{"kind":"id"}}},
	"e":{"key":["n"],"changeLogSuppressed":true,"columns":{"n":{"kind":"int","nullable":true}}},
	"f":{"key":[],"changeLogSuppressed":true,"columns":{"n":{"kind":"int"}}},
	"g":{"columns":{"id":{"kind":"id"},"r":{"kind":"ref","references":"f"}}},
	"h":{"key":"n","changeLogSuppressed":true,"columns":{"n":{"kind":"sql","type":"numeric"}}},
	"i":{"key":"r","columns":{"r":{"kind":"ref","references":"h"}}},
	"j":{"key":"r","columns":{"r":{"kind":"ref","references":"i"}}},
	"k":{"columns":{"n":{"kind":"sql","type":"fresh","enum":["a"]}}}}}');

--
-- Names
--
SELECT pg_temp.faults('{"version":"v","tables":{
	"_plasma_t":{"columns":{"id":{"kind":"id"},"_plasma_c":{"kind":"int"},"_PLASMA_C":{"kind":"int"},"_plasma":{"kind":"int"},"tableoid":{"kind":"int"},"ctid":{"kind":"int"}}},
	"ab\"; DROP TABLE \"x":{"columns":{"id":{"kind":"id"},"Id":{"kind":"int"},"''); DROP":{"kind":"int"}}}}}');
SELECT pg_temp.faults(format('{"version":"v","tables":{"%1$s4":{"columns":{"id":{"kind":"id"},"%1$s4":{"kind":"int"},"x":{"kind":"int"},"%1$s5":{"kind":"int"},"%1$s":{"kind":"int"}}},
	"%1$s":{"columns":{"id":{"kind":"id"},"%2$s\u4e2d":{"kind":"int"},"%2$s\u00e9":{"kind":"int"},"%2$s":{"kind":"int"}}}}}',
	repeat('0123456789', 6) || '123', repeat('0123456789', 6) || '12'));

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA words, words_more CASCADE;

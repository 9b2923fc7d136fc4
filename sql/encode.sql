-- Rows as JSON and keys as text.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE SCHEMA encode;
SET search_path = encode, public;
\pset format unaligned
\pset tuples_only on

-- Numbers, booleans, null; the names of columns are escaped, too.
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	1::int2 AS i2, -2147483648 AS i4, 9223372036854775807 AS i8,
	true AS t, false AS f, NULL::text AS nil,
	1.50::numeric AS n, 1e30::numeric AS big, -0.5::numeric AS neg,
	0.1::float4 AS f4, 0.1::float8 AS f8, 1e300::float8 AS huge, 1e-7::float8 AS small,
	'-0'::float8 AS minus_zero, 1 AS "a ""b""
	\ c") r;
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	'NaN'::numeric AS n, 'Infinity'::numeric AS ni, '-Infinity'::numeric AS nn,
	'NaN'::float4 AS f4, '-Infinity'::float4 AS f4i, 'Infinity'::float8 AS f8, 'NaN'::float8 AS f8n) r;

-- Columns named as bigints are strings, but only where they are int8.
CREATE DOMAIN big AS int8;
SELECT plasma.encode_row(r, '{a,b,c,d,nobody}') FROM (SELECT
	9007199254740993::int8 AS a, 1::int4 AS b, 'x' AS c, 5::big AS d, 7::int8 AS e, NULL::int8 AS f) r;
SELECT plasma.encode_row(r, ARRAY[x]) FROM (SELECT 1::int8 AS a, 2::int8 AS b) r, unnest('{a,b,a}'::text[]) x;

-- Text types, uuid, json, bytea.
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	'text'::text AS t, 'varchar'::varchar(10) AS v, 'pad'::char(5) AS c, 'name'::name AS n, 'q'::"char" AS ch,
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid AS u,
	'{"b" : 1, "a":[null]}'::json AS j, '{"b" : 1, "a":[null]}'::jsonb AS jb, 'null'::jsonb AS jnull,
	'\x00ff10'::bytea AS b, ''::bytea AS empty, '\xfb'::bytea AS one) r;
SELECT length(plasma.encode_row(r, '{}')->>'b') AS base64_has_no_line_breaks
FROM (SELECT decode(repeat('ab', 300), 'hex') AS b) r;

-- Dates and times: ISO 8601, timestamptz in UTC.
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	'2024-02-29'::date AS d, '0044-03-15 BC'::date AS bc, 'infinity'::date AS inf, '12024-01-01'::date AS far,
	'2024-02-29 12:34:56.789'::timestamp AS ts, '-infinity'::timestamp AS tsinf,
	'2024-02-29 12:34:56.789+05:30'::timestamptz AS tz, 'infinity'::timestamptz AS tzinf,
	'0044-03-15 00:00:00+00 BC'::timestamptz AS tzbc,
	'24:00:00'::time AS t, '12:00:00.5+02'::timetz AS ttz, '1 year -2 days 03:00:00.5'::interval AS i) r;

-- Every other type is the text that its output function gives.
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	'10.0.0.0/8'::cidr AS cidr, '::1'::inet AS inet, '08:00:2b:01:02:03'::macaddr AS mac,
	B'101'::bit(3) AS bits, '(1.1,2)'::point AS p, 'fat & cat'::tsquery AS q, 26::oid AS oid,
	'[1,5)'::int4range AS ir, '{[1,2],[5,6]}'::int4multirange AS mr,
	'["2024-01-01 00:00+02","2024-01-02 00:00+02")'::tstzrange AS tr,
	'12.5'::money AS m, 'pg_catalog.pg_class'::regclass AS rc, '<a>"</a>'::xml AS x) r;

-- Strings: what JSON must escape is escaped, and nothing else.
SELECT plasma.encode_row(r, '{}') FROM (SELECT
	string_agg(chr(i), '' ORDER BY i) AS control, E'"\\/\x7f' AS marks, E'\u00e9\u2028\U0001F600' AS unicode
	FROM generate_series(1, 31) i) r;
-- A special character at every place of strings of every length up to 40 comes back.
SELECT count(*) AS strings, count(*) FILTER (WHERE plasma.encode_row(r, '{}')::jsonb ->> 's' IS DISTINCT FROM s) AS wrong
FROM (SELECT overlay(repeat('x', len) PLACING special FROM at) AS s
	FROM generate_series(1, 40) len, generate_series(1, len) at,
		unnest(ARRAY['"', '\', E'\n', E'\x01', E'\x1f', ' ', '!', '#', '[', ']', E'\x7f', 'é', '€', '😀', '""', E'\\\n']) special) r;
-- The same text as the server's own JSON, for all characters of the lower plane.
SELECT count(*) AS different FROM (SELECT chr(i) AS s FROM generate_series(1, 65533) i WHERE i NOT BETWEEN 55296 AND 57343) r
WHERE plasma.encode_row(r, '{}')::text <> row_to_json(r)::text;
SELECT length(j), md5(j::jsonb ->> 's') = md5(repeat(E'0123456789"\n', 1000000)) AS same
FROM (SELECT plasma.encode_row(r, '{}')::text AS j FROM (SELECT repeat(E'0123456789"\n', 1000000) AS s) r) t;

-- Enums, domains, arrays, composites, one in the other.
CREATE TYPE mood AS ENUM ('sad', 'so "so"', 'glad');
CREATE DOMAIN feeling AS mood;
CREATE TYPE point3 AS (x int8, "y z" text, at timestamptz);
CREATE DOMAIN place AS point3;
CREATE TYPE path3 AS (name text, points point3[], mood feeling);
CREATE DOMAIN moods AS mood[];
SELECT plasma.encode_row(r, '{x}') FROM (SELECT
	'so "so"'::mood AS e, 'glad'::feeling AS d, '{sad,NULL,"so \"so\""}'::mood[] AS ea, '{glad}'::moods AS da,
	'{}'::int[] AS none, '[5:6]={7,8}'::int[] AS bounds, '{{1,2},{3,NULL}}'::int[] AS two,
	'{{{1},{2}},{{3},{4}}}'::int8[] AS three, '{"a\"b",c}'::text[] AS texts, ARRAY['{"a":1}'::jsonb] AS jsons,
	ARRAY['2024-01-01 00:00+01'::timestamptz] AS times, '{NaN,1}'::numeric[] AS numbers, '1 2'::int2vector AS vector) r;
SELECT plasma.encode_row(r, '{x}') FROM (SELECT
	(1, 'a"', '2024-01-01 00:00+01')::point3 AS p, (2, NULL, NULL)::point3::place AS pl,
	('way', ARRAY[(1, 'b', NULL)::point3, NULL], 'sad')::path3 AS way, ROW(1, ROW('x', ARRAY[ROW(2)])) AS anonymous,
	NULL::point3 AS none) r;
SELECT plasma.encode_row(ROW(), '{}') AS no_columns, plasma.encode_row(NULL, '{}') IS NULL AS no_row;

-- One call site, rows of several types in turn, and each keeps its shape.
SELECT plasma.encode_row((ARRAY[
	ROW(1), ROW('two', 2::int8), ROW((3, 'c', NULL)::point3, '{4}'::int[])])[i], '{f2}')
FROM unnest('{1,2,1,3,2,3,1}'::int[]) i;
SELECT plasma.encode_row(ROW((ARRAY[ROW(1), ROW('two', interval '2 s'), ROW('4'::money)])[i]), '{}')
FROM unnest('{1,2,3,2,1}'::int[]) i;
CREATE FUNCTION encode_all(queries text[]) RETURNS SETOF json LANGUAGE plpgsql AS $$
DECLARE
	query text;
	r record;
BEGIN
	FOREACH query IN ARRAY queries LOOP
		IF query LIKE 'ALTER%' THEN
			EXECUTE query;
		ELSE
			FOR r IN EXECUTE query LOOP
				RETURN NEXT plasma.encode_row(r, '{}');
			END LOOP;
		END IF;
	END LOOP;
END
$$;
-- The type of a row is altered while a call site lives.
CREATE TYPE changing AS (x int);
CREATE TABLE altered (p changing, ps changing[]);
INSERT INTO altered VALUES (ROW(1), ARRAY[ROW(2)::changing]);
SELECT encode_all('{SELECT a.*\, ROW(3\, p) AS nested FROM altered a, SELECT 1 AS other, ALTER TYPE changing ADD ATTRIBUTE y int,
	SELECT a.*\, ROW(3\, p) AS nested FROM altered a, ALTER TYPE changing RENAME ATTRIBUTE x TO z,
	SELECT a.*\, ROW(3\, p) AS nested FROM altered a, ALTER TYPE changing DROP ATTRIBUTE z, SELECT a.*\, ROW(3\, p) AS nested FROM altered a,
	ALTER TABLE altered DROP COLUMN p, SELECT * FROM altered}');
ALTER TYPE mood RENAME VALUE 'glad' TO 'happy';
SELECT encode_all('{SELECT ''happy''::mood AS e}');

-- No cast is looked up: anybody can make one, and triggers run as the owner.
CREATE FUNCTION evil(mood) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cast function run'; END $$;
CREATE FUNCTION evil(point3) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cast function run'; END $$;
CREATE FUNCTION evil_text(mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cast function run'; END $$;
CREATE FUNCTION evil(inet) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'cast function run'; END $$;
CREATE CAST (mood AS json) WITH FUNCTION evil(mood);
CREATE CAST (point3 AS json) WITH FUNCTION evil(point3);
CREATE CAST (mood AS text) WITH FUNCTION evil_text(mood) AS IMPLICIT;
CREATE CAST (inet AS json) WITH FUNCTION evil(inet);
CREATE TABLE cast_trap (id mood PRIMARY KEY, f feeling, c point3, cs point3[], i inet, pl place, r int4range);
INSERT INTO cast_trap VALUES ('sad', 'happy', '(1,,)', '{"(2,,)"}', '10.0.0.1', '(3,,)', '[1,3)');
SELECT row_to_json(t) FROM cast_trap t;
SELECT plasma.encode_row(t, '{}') FROM cast_trap t;
SELECT plasma.encode_key(t, 'cast_trap'::regclass, '{id,f}') FROM cast_trap t;

-- No setting of the session changes the JSON or a key, nor is one changed.
CREATE TYPE span AS RANGE (SUBTYPE = interval);
CREATE TYPE priced AS (price money, span span);
CREATE TABLE settled (
	d date, ts timestamp, tz timestamptz, t time, ttz timetz, i interval, f4 float4, f8 float8, b bytea, m money,
	rc regclass, p point, tr tstzrange, sp span, c priced, ms money[], js timestamptz[], x xml);
INSERT INTO settled VALUES ('2024-03-04', '2024-03-04 05:06:07.8', '2024-03-04 05:06:07.8+00', '05:06', '05:06+03',
	'1 mon 2 days 03:04:05', 1::float4 / 3, 1::float8 / 3, 'a\134b', 12.34, 'settled', '(0.1,0.3333333333333333)',
	'[2024-03-04 05:06+00,2024-03-05 05:06+00)', '["1 day","2 days")', ROW(5.5, '["1 day","2 days")'), '{1.25}',
	'{2024-03-04 05:06:07.8+00}', '<a/>');
CREATE TABLE settled_as AS SELECT plasma.encode_row(s, '{}')::text AS value,
	plasma.encode_key(s, 'settled'::regclass, '{d,ts,tz,t,b}') AS row_id,
	plasma.encode_key(s, 'settled'::regclass, '{tz}') AS single,
	plasma.encode_key(s, 'settled'::regclass, '{m,rc,tr,c,js}') AS odd FROM settled s;
SELECT value, row_id, single, odd FROM settled_as;
SET DateStyle = 'German, DMY';
SET TimeZone = 'Asia/Kathmandu';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = -15;
SET bytea_output = 'escape';
SET quote_all_identifiers = on;
SET lc_monetary = 'POSIX';
SELECT plasma.encode_row(s, '{}')::text = value,
	plasma.encode_key(s, 'settled'::regclass, '{d,ts,tz,t,b}') = row_id,
	plasma.encode_key(s, 'settled'::regclass, '{tz}') = single,
	plasma.encode_key(s, 'settled'::regclass, '{m,rc,tr,c,js}') = odd FROM settled s, settled_as;
SET search_path = public;
SELECT plasma.encode_row(s, '{}')::text = value,
	plasma.encode_key(s, 'encode.settled'::regclass, '{m,rc,tr,c,js}') = odd FROM encode.settled s, encode.settled_as;
SELECT name, setting FROM pg_settings WHERE name IN ('DateStyle', 'TimeZone', 'IntervalStyle', 'extra_float_digits',
	'bytea_output', 'quote_all_identifiers', 'lc_monetary', 'search_path') ORDER BY name;
-- What a key's text says is what the value was, whatever the session says.
SELECT count(*) AS keys, count(*) FILTER (WHERE ts IS DISTINCT FROM (plasma.decode_key(k, 2))[1]::timestamptz
	OR b IS DISTINCT FROM (plasma.decode_key(k, 2))[2]::bytea) AS wrong
FROM (SELECT ts, b, plasma.encode_key(r, 0, '{ts,b}') AS k
	FROM (SELECT ts::timestamptz, b::bytea FROM unnest(ARRAY['infinity', '-infinity', '0044-03-15 01:02:03 BC', '12345-01-01 00:00:00.000001+00',
		'2024-10-27 02:30:00+00', '1800-01-01']) ts, unnest(ARRAY['', '\x', '\x00', '\x5c27', 'abc']) b) r) k;
RESET ALL;
SET client_min_messages = warning;
SET search_path = encode, public;

-- Dropped, renamed and added columns.
CREATE TABLE shape (gone text, id text PRIMARY KEY, "the title" text, also_gone int, n int8);
INSERT INTO shape VALUES ('g', 'k1', 't', 1, 5);
SELECT plasma.encode_row(s, '{n}'), plasma.encode_key(s, 'shape'::regclass, '{id}') FROM shape s;
ALTER TABLE shape DROP COLUMN gone;
ALTER TABLE shape DROP COLUMN also_gone;
ALTER TABLE shape ADD COLUMN late int DEFAULT 7;
SELECT plasma.encode_row(s, '{n}'), plasma.encode_key(s, 'shape'::regclass, '{id}') FROM shape s;
ALTER TABLE shape RENAME COLUMN "the title" TO title;
ALTER TABLE shape RENAME COLUMN id TO uid;
SELECT plasma.encode_row(s, '{n}'), plasma.encode_key(s, 'shape'::regclass, '{id}') FROM shape s;
SELECT plasma.encode_key(s, 'shape'::regclass, '{id,n}') FROM shape s;
ALTER TABLE shape DROP CONSTRAINT shape_pkey;
SELECT plasma.encode_key(s, 'shape'::regclass, '{id}') FROM shape s;
-- Of several key columns each keeps its place, in the order of the declaration.
CREATE TABLE pair (b int, a text, c uuid, PRIMARY KEY (c, b, a));
INSERT INTO pair VALUES (1, 'x', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT plasma.encode_key(p, 'pair'::regclass, '{a,b,c}') FROM pair p;
ALTER TABLE pair RENAME COLUMN b TO "B";
SELECT plasma.encode_key(p, 'pair'::regclass, '{a,b,c}') FROM pair p;
ALTER TABLE pair RENAME COLUMN c TO "C";
SELECT plasma.encode_key(p, 'pair'::regclass, '{a,c,b}') FROM pair p;

-- Through the transition table of a trigger, dropped columns included.
CREATE FUNCTION show_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN SELECT plasma.encode_key(n.*, TG_RELID, '{uid}') || ' ' || plasma.encode_row(n.*, '{n}') FROM new_rows n ORDER BY 1 LOOP
		RAISE WARNING '%', line;
	END LOOP;
	RETURN NULL;
END
$$;
CREATE TRIGGER show_rows AFTER INSERT ON shape REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION show_rows();
INSERT INTO shape VALUES ('k2', 'two', 2, 3), ('k3', NULL, NULL, NULL);
ALTER TABLE shape DROP COLUMN title;
ALTER TABLE shape ADD COLUMN more numeric(4,2);
INSERT INTO shape VALUES ('k4', 4, 5, 1.5);

-- Keys: one column is its text, several are a JSON array of texts.
SELECT plasma.encode_key(r, 0, ARRAY[c]) FROM (SELECT 'a"b'::text AS t, 5::int2 AS i2, 6 AS i4, -7::int8 AS i8, true AS b,
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid AS u, '2024-02-29'::date AS d, '12:30'::time AS tm,
	'2024-02-29 12:00'::timestamp AS ts, '2024-02-29 12:00+02'::timestamptz AS tz, '\x01ff'::bytea AS by,
	'happy'::mood AS e, 26::oid AS o, '::1'::inet AS ip, ''::text AS empty, '["a"]'::text AS looks_like_two) r,
	unnest('{t,i2,i4,i8,b,u,d,tm,ts,tz,by,e,o,ip,empty,looks_like_two}'::text[]) c;
SELECT plasma.encode_key(r, 0, '{t,i,n}') AS k, plasma.decode_key(plasma.encode_key(r, 0, '{t,i,n}'), 3) = ARRAY[t, i::text, n] AS same
FROM (SELECT t, 5::int8 AS i, E'\n"\\' AS n FROM unnest('{"","a,b","[\"a\"]",null text}'::text[]) t) r;
SELECT plasma.encode_key(r, 0, '{t}') FROM (SELECT NULL::text AS t) r;
SELECT plasma.encode_key(r, 0, '{}') FROM (SELECT 'a'::text AS t) r;
-- Back from the text: the right number of strings, or nothing.
SELECT id, n, plasma.decode_key(id, n) FROM (VALUES
	('["a","b"]', 2), ('["a","b"]', 1), ('a', 1), ('', 1), ('["a","b"]', 3), ('["a",1]', 2), ('["a",null]', 2), ('{"a":"b"}', 2),
	('["a",["b"]]', 2), ('["a","b"', 2), ('["a","b"] x', 2), ('"ab"', 2), ('', 2), ('[]', 0), ('["a","\u0000"]', 2), ('["a","\ud800"]', 2)) v(id, n);

-- 200 and 1000 columns.
DO $$
BEGIN
	FOR n IN 200..1000 BY 800 LOOP
		EXECUTE (SELECT format('CREATE TABLE wide%s (%s)', n, string_agg(format('c%s %s', i,
			(ARRAY['int8', 'text', 'bool', 'timestamptz'])[(i - 1) % 4 + 1]), ', ' ORDER BY i)) FROM generate_series(1, n) i);
	END LOOP;
END
$$;
INSERT INTO wide200 (c1, c2, c199) VALUES (1, 'two', true);
INSERT INTO wide1000 (c997, c1000) VALUES (997, '2024-01-01 00:00+00');
SELECT (SELECT count(*) FROM json_object_keys(j)) AS keys, j -> 'c1', j -> 'c2', j -> 'c199', j -> 'c200'
FROM (SELECT plasma.encode_row(w, '{c1}') AS j FROM wide200 w) w;
SELECT (SELECT count(*) FROM json_object_keys(j)) AS keys, j -> 'c997', j -> 'c999', j -> 'c1000'
FROM (SELECT plasma.encode_row(w, '{}') AS j FROM wide1000 w) w;
SELECT plasma.encode_row(w, '{}')::text = row_to_json(w)::text AS same FROM wide200 w;

-- Values stored compressed and out of line.
CREATE TABLE stored (id int PRIMARY KEY, t text, b bytea, j jsonb, a text[], c path3);
INSERT INTO stored SELECT 1, t, t::bytea, to_jsonb(t), ARRAY[t, 'b'], ROW(t, NULL, 'sad')::path3
FROM (SELECT string_agg(md5(i::text), '') AS t FROM generate_series(1, 3000) i) s;
SELECT j ->> 't' = t, decode(j ->> 'b', 'base64') = b, j -> 'j' #>> '{}' = t, j #>> '{a,0}' = t, j #>> '{c,name}' = t
FROM (SELECT t, b, plasma.encode_row(s, '{}') AS j FROM stored s) s;

-- Nothing is kept from row to row.
CREATE FUNCTION used() RETURNS bigint LANGUAGE sql AS 'SELECT sum(used_bytes) FROM pg_backend_memory_contexts';
BEGIN;
DECLARE rows CURSOR FOR SELECT plasma.encode_row(r, '{}') FROM (SELECT i, i * interval '1 s' AS iv, int4range(i, i + 5) AS ir,
	repeat('x', 500) AS t, ARRAY[(i, 'x', now())::point3] AS ps, i::numeric AS n, ROW(i, 'a') AS c FROM generate_series(1, 20000) i) r;
MOVE 100 FROM rows;
SELECT used() AS before \gset
MOVE 15000 FROM rows;
SELECT used() - :before < 100000 AS flat;
COMMIT;

RESET search_path;
DROP SCHEMA encode CASCADE;

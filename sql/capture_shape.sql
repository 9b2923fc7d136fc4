-- Capture: names and shapes of tables, and what is done to them by hand.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', table_name, op, row_id, value) FROM gone ORDER BY row_version
$$;
CREATE FUNCTION pg_temp.functions() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT DISTINCT proname::text COLLATE "C" FROM pg_proc JOIN pg_trigger ON tgfoid = pg_proc.oid WHERE pronamespace = 'plasma'::regnamespace ORDER BY 1
$$;
CREATE FUNCTION pg_temp.columns(n int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format(', "c%s": {"kind":"int", "nullable":true}', i), '') FROM generate_series(2, n) AS i
$$;
DELETE FROM plasma.changes;

-- A table of each hard name, one in a second schema, and columns that are named
-- like what the functions use.
CREATE SCHEMA "other.schema";
CREATE FUNCTION pg_temp.declared(version text, VARIADIC names text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema(json_build_object('version', version, 'tables', (
		SELECT json_object_agg(name, '{"columns":{"id":{"kind":"id"}, "n":{"kind":"int","nullable":true}, "o":{"kind":"int","nullable":true},
			"new":{"kind":"text","nullable":true}, "tg_relid":{"kind":"text","nullable":true}, "plasma_new":{"kind":"text","nullable":true}}}'::json)
		FROM unnest(names) AS name)))
$$;
CREATE TEMP TABLE hard_names AS SELECT * FROM (VALUES
	('select'), ('UPPER Case'), ('dotted.name'), ('quo"ted'), ('apo''strophe'), ('back\slash'), ('per%s%h cent'), ('naïve äöü 表'), ('$body$'),
	('t'), ('t_insert'), ('t_insert_fn'), ('a' || repeat('b', 40)), ('a' || repeat('b', 61) || '1'), ('a' || repeat('b', 61) || '2'), (repeat('ü', 31) || 'x')) AS v (name);
SELECT pg_temp.declared('shapes', VARIADIC (SELECT array_agg(name) FROM hard_names))->'created' IS NOT NULL;
SELECT * FROM pg_temp.functions() WHERE functions ~ 'insert_fn$';
DO $$
DECLARE name text;
BEGIN
	FOR name IN SELECT h.name FROM hard_names AS h LOOP
		EXECUTE format('INSERT INTO %I VALUES (''i'', 1, 2, ''x'', ''y'')', name);
		EXECUTE format('UPDATE %I SET o = 3', name);
		EXECUTE format('DELETE FROM %I', name);
		EXECUTE format('TRUNCATE %I', name);
	END LOOP;
END $$;
SELECT name, string_agg(concat_ws(' ', op, row_id, value->>'o'), ', ' ORDER BY row_version) FROM hard_names LEFT JOIN plasma.changes ON table_name = name GROUP BY name ORDER BY name COLLATE "C";
SELECT pg_temp.declared('shapes', VARIADIC (SELECT array_agg(name) FROM hard_names))->'changed';

-- Under a name that is taken already in another schema.
DELETE FROM plasma.changes;
DELETE FROM plasma.tables WHERE table_name = 't';
SELECT plasma.ensure_schema('{"version":"shapes2","tables":{"t":{"schema":"other.schema","columns":{"id":{"kind":"id"}}}}}')->'created';
INSERT INTO t VALUES ('in public');
INSERT INTO "other.schema".t VALUES ('in other');
SELECT pg_temp.entries();
SELECT tgrelid::regclass, regexp_replace(tgfoid::regproc::text, '_[0-9a-f]{8}_', '_<hash>_') FROM pg_trigger WHERE tgname = '_plasma_trg_t_insert' ORDER BY 1;
DO $$
DECLARE name text;
BEGIN
	FOR name IN SELECT h.name FROM hard_names AS h LOOP
		EXECUTE format('DROP TABLE %I', name);
	END LOOP;
END $$;
DROP SCHEMA "other.schema" CASCADE;

-- Columns renamed, added, dropped by hand, and the table renamed: writes go on.
SELECT plasma.ensure_schema('{"version":"shapes3","tables":{
	"plain":{"columns":{"id":{"kind":"id"}, "a":{"kind":"text","nullable":true}, "b":{"kind":"bigint","nullable":true}}},
	"pairs":{"key":["x","y"], "columns":{"x":{"kind":"text"}, "y":{"kind":"int"}, "v":{"kind":"text","nullable":true}}}}}')->'created';
INSERT INTO plain VALUES ('1', 'one', 1);
INSERT INTO pairs VALUES ('a', 1, 'a1'), ('a"b', 2, 'x');
SELECT pg_temp.entries();
ALTER TABLE plain RENAME a TO "the a";
ALTER TABLE plain ADD extra int DEFAULT 7;
UPDATE plain SET "the a" = 'uno';
ALTER TABLE plain DROP b;
UPDATE plain SET "the a" = 'une';
ALTER TABLE plain ALTER extra TYPE text USING extra::text;
UPDATE plain SET extra = 'text';
INSERT INTO plain VALUES ('2', 'two');
ALTER TABLE plain RENAME id TO ident;
ALTER TABLE plain RENAME TO renamed;
UPDATE renamed SET ident = '3' WHERE ident = '2';
ALTER TABLE pairs RENAME y TO z;
UPDATE pairs SET v = 'a2', z = 3 WHERE x = 'a';
SELECT pg_temp.entries();
-- Nothing is left to tell rows apart by: nothing is logged, nothing breaks.
ALTER TABLE renamed DROP ident;
INSERT INTO renamed VALUES ('no key');
UPDATE renamed SET extra = 'no key';
SELECT pg_temp.entries();
DROP TABLE renamed, pairs;

-- Wide tables.
SELECT plasma.ensure_schema(('{"version":"shapes4","tables":{"wide":{"columns":{"id":{"kind":"id"}' || pg_temp.columns(200) || '}},"widest":{"columns":{"id":{"kind":"id"}' || pg_temp.columns(1600) || '}}}}')::json)->'created';
INSERT INTO wide (id, c200) VALUES ('w', 200);
INSERT INTO widest (id, c1600) VALUES ('w', 1600);
UPDATE wide SET c2 = 2;
UPDATE widest SET c2 = 2;
DELETE FROM widest;
SELECT table_name, op, row_id, value->'c2', value->'c200', value->'c1600', (SELECT count(*) FROM json_object_keys(value)) FROM plasma.changes ORDER BY row_version;
DROP TABLE wide, widest;

DROP EXTENSION plasma CASCADE;

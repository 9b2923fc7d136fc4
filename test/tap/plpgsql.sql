-- What plpgsql_check finds in the functions that plasma generates, on each table that
-- calls them.  Skipped where that extension is not installed.
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check') AS available \gset
\if :available
LOAD 'plpgsql_check'; -- its later versions want to come before the first call of PL/pgSQL
\endif
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE SCHEMA IF NOT EXISTS tap;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA tap;
SET LOCAL search_path = pg_catalog, tap, public;

CREATE TABLE public.checked_parts (id text NOT NULL, part int NOT NULL, PRIMARY KEY (part, id)) PARTITION BY LIST (part);
CREATE TABLE public.checked_parts_1 PARTITION OF public.checked_parts FOR VALUES IN (1);
CREATE TABLE public.checked_parts_2 (n int, part int NOT NULL, id text NOT NULL);
ALTER TABLE public.checked_parts_2 DROP n;
ALTER TABLE public.checked_parts ATTACH PARTITION public.checked_parts_2 FOR VALUES IN (2);
SELECT plasma.ensure_schema('{"version": "checked", "tables": {
	"checked plain": {"columns": {"id": {"kind": "id"}, "n": {"kind": "bigint"}, "plasma_new": {"kind": "text"}, "new": {"kind": "text"}}},
	"checked bare": {"history": false, "columns": {"id": {"kind": "id"}, "up": {"kind": "ref", "references": "checked bare", "onDelete": "cascade"}}},
	"checked_parts": {"key": ["part", "id"], "columns": {"id": {"kind": "text"}, "part": {"kind": "sql", "type": "int4"}}}}}')
\g /dev/null

-- Each function on each table that calls it. Statement and row triggers share a
-- function, which reads the transition tables only for the former.
CREATE TEMP TABLE checked AS
SELECT DISTINCT t.tgrelid, t.tgfoid, t.tgrelid::regclass || ': ' || p.proname AS what,
	max(COALESCE(t.tgoldtable, '')::text) OVER of_function AS old_table,
	max(COALESCE(t.tgnewtable, '')::text) OVER of_function AS new_table
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.pronamespace = 'plasma'::regnamespace AND NOT t.tgisinternal AND p.proname LIKE '\_plasma\_trg\_%'
WINDOW of_function AS (PARTITION BY t.tgfoid);

CREATE FUNCTION pg_temp.complaints(relation oid, function oid, old_table text, new_table text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	complaints text;
BEGIN
	-- Two names that are both empty are refused by its later versions as the same.
	EXECUTE 'SELECT string_agg(concat_ws('' '', lineno, level, message), E''\n'')
		FROM tap.plpgsql_check_function_tb($1, relid => $2, oldtable => COALESCE(NULLIF($3, ''''), ''no_old_table''), newtable => $4, extra_warnings => true,
			security_warnings => true, performance_warnings => false)'
		INTO complaints USING function::regprocedure, relation::regclass, old_table, new_table;
	RETURN complaints;
END $$;

SELECT plan(1 + (SELECT count(*)::int FROM checked));
SELECT cmp_ok((SELECT count(*) FROM checked), '>=', 20::bigint, 'there are triggers on tables of every form');
\if :available
CREATE EXTENSION plpgsql_check SCHEMA tap;
SELECT is(pg_temp.complaints(tgrelid, tgfoid, old_table, new_table), NULL, what)
FROM checked ORDER BY what COLLATE "C";
\else
SELECT skip('plpgsql_check is not installed', count(*)::int) FROM checked;
\endif

SELECT * FROM finish();
ROLLBACK;

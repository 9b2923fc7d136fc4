#!/usr/bin/env bash
#
# The planner where it should cost nothing: a plan and ensure_schema with nothing to
# do over 100 tables of 20 columns, and a nullable column for 10 million rows beside
# one for 10 thousand.
#
# Queries are those that auto_explain tells of, nested ones included; the call itself
# is not counted.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

rounds=7
large=10000000
small=10000
scratch=$(mktemp -d "${TMPDIR:-/tmp}/planner.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

sql -f "$here/lib/schema.sql"
sql <<'SQL'
-- 20 columns of every sort in each of 100 tables, each but the first with a reference.
CREATE FUNCTION bench.hundred(version text) RETURNS json LANGUAGE sql AS $$
	SELECT json_build_object('version', version, 'tables', json_object_agg('t' || t,
		json_build_object('columns', (SELECT json_object_agg(c, k) FROM (
			SELECT 'id', '{"kind": "id"}'::json
			UNION ALL SELECT 'up', json_build_object('kind', 'ref', 'references', 't' || greatest(t - 1, 1),
				'onDelete', 'cascade', 'nullable', true)
			UNION ALL SELECT 'c' || i, (ARRAY['{"kind": "text"}', '{"kind": "int", "default": 0}',
				'{"kind": "json", "nullable": true}', '{"kind": "boolean", "default": false}',
				'{"kind": "text", "unique": true, "nullable": true}',
				'{"kind": "sql", "type": "numeric(10,2)", "nullable": true}'])[1 + i % 6]::json
			FROM generate_series(1, 18) i) columns (c, k))) ORDER BY t))
	FROM generate_series(1, 100) t $$;

CREATE FUNCTION bench.grown(version text, added text) RETURNS json LANGUAGE sql AS $$
	SELECT json_build_object('version', version, 'tables', json_build_object(
		'few', json_build_object('columns', columns), 'many', json_build_object('columns', columns)))
	FROM (SELECT json_object_agg(c, k) FROM (
		SELECT 'id', '{"kind": "id"}'::json
		UNION ALL SELECT 'title', '{"kind": "text"}'
		UNION ALL SELECT a, '{"kind": "text", "nullable": true}' FROM unnest(added::text[]) a) x (c, k)) y (columns) $$;
SQL
value "SELECT plasma.ensure_schema(bench.hundred('bench-v1'))" >/dev/null
sql -c "VACUUM ANALYZE"
value "SELECT bench.hundred('bench-v1')" | tr -d '\n' >"$scratch/declaration"

# queries CALL: how many queries run inside it, once it is warm.
queries()
{
	{
		printf '%s;\n' "$1" "$1"
		cat <<'SQL'
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET client_min_messages = log;
SQL
		printf '%s;\n' "$1"
	} | sql -f - 2>&1 >/dev/null | grep -c 'Query Text:' | awk '{print $1 - 1}'
}

# run FILE: one run of pgbench; the mean milliseconds of a transaction.
run()
{
	pgbench -n -f "$scratch/$1.sql" -T 2 2>/dev/null | sed -n 's/^latency average = \(.*\) ms$/\1/p'
}

for call in plan ensure_schema; do
	echo "SELECT plasma.$call('$(cat "$scratch/declaration")');" >"$scratch/$call.sql"
done
echo "SELECT '$(cat "$scratch/declaration")'::json IS NULL;" >"$scratch/reading.sql"
for ((i = 0; i < rounds; i++)); do
	for call in reading plan ensure_schema; do
		run "$call" >>"$scratch/$call"
	done
done
reading=$(median <"$scratch/reading")
plan=$(median <"$scratch/plan")
ensure=$(median <"$scratch/ensure_schema")
[ "$(value "SELECT plasma.plan(bench.hundred('bench-v1')) ->> 'status'")" = noop ]
row "plan with nothing to do, 100 tables of 20 columns, beside reading its JSON" \
	"$(calc "$plan") ms" "$(calc "$reading") ms" "$(calc "$plan" 1)" 50 " ms"
row "catalog queries of that plan" - - \
	"$(queries "SELECT plasma.plan('$(cat "$scratch/declaration")')")" 15 " queries"
row "ensure_schema with nothing to do, the same tables, beside reading its JSON" \
	"$(calc "$ensure") ms" "$(calc "$reading") ms" "$(calc "$ensure")" 2 " ms"

value "SELECT plasma.run_migrations('{\"version\": \"none\", \"tables\": {}}', '{\"policy\": \"data\"}')" >/dev/null
sql -c "CREATE TABLE few (id text PRIMARY KEY, title text NOT NULL)" \
	-c "CREATE TABLE many (LIKE few INCLUDING ALL)" \
	-c "INSERT INTO few SELECT i, 'Water the plants' FROM generate_series(1, $small) i" \
	-c "INSERT INTO many SELECT i, 'Water the plants' FROM generate_series(1, $large) i"
value "SELECT plasma.run_migrations(bench.grown('grown-0', '{}'))" >/dev/null
sql -c "VACUUM ANALYZE few, many"

# add TABLE N: the milliseconds of run_migrations that gives the table a column.
added_few= added_many=
add()
{
	local list="added_$1"
	printf -v "$list" '%s' "${!list:+${!list},}x$2"
	sql >/dev/null <<SQL
CREATE OR REPLACE FUNCTION bench.next() RETURNS json LANGUAGE sql AS \$\$
	SELECT json_build_object('version', 'grown-$1-$2', 'tables', json_build_object(
		'few', bench.grown('', '{$added_few}') -> 'tables' -> 'few',
		'many', bench.grown('', '{$added_many}') -> 'tables' -> 'many')) \$\$;
SQL
	time_ms value "SELECT plasma.run_migrations(bench.next())"
}

for ((i = 0; i < rounds; i++)); do
	add few "$i" >>"$scratch/few"
	add many "$i" >>"$scratch/many"
done
few=$(median <"$scratch/few")
many=$(median <"$scratch/many")
row "run_migrations adding a nullable column to 10 million rows, beside 10 thousand" \
	"$(calc "$many" 1) ms" "$(calc "$few" 1) ms" "$(calc "$many / $few")" 1.3

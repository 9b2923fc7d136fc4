#!/usr/bin/env bash
#
# First pull: 1,000,000 rows in pages of 10,000, beside COPY of the same rows as
# text, read by one client in the same way; and the memory of the backend meanwhile.
#
# A pull goes through a table in the order of its keys.  Where rows lie in that
# order, as with keys that grow with time, it reads block by block as COPY does;
# where they do not, as with random keys, each row is a visit to another block.
# Both are measured.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

max_mb=100
count=1000000
rounds=5
scratch=$(mktemp -d "${TMPDIR:-/tmp}/first_pull.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

fetch=$scratch/fetch
"${CC:-gcc}" -O2 -pthread -I"$("${PG_CONFIG:-pg_config}" --includedir)" -o "$fetch" "$here/lib/fetch.c" \
	-L"$("${PG_CONFIG:-pg_config}" --libdir)" -lpq

# The table is adopted, so that its rows are in no log.
prepare()
{
	sql <<SQL
SET client_min_messages = warning;
DROP TABLE IF EXISTS public.todos CASCADE;
CREATE TABLE public.todos (id text PRIMARY KEY, title text NOT NULL,
	done boolean NOT NULL DEFAULT false, rank bigint, meta jsonb);
INSERT INTO public.todos SELECT * FROM bench.rows($count) ORDER BY $1;
VACUUM ANALYZE public.todos;
SELECT plasma.ensure_schema(bench.declaration()) \g /dev/null
SQL
	rm -f "$scratch/copy" "$scratch/pull"
}

# Rounds of COPY and pull by turns; medians into copied, pulled, pages, and MB.
measure()
{
	local i copy=("$fetch" copy "SELECT id, title, done, rank, meta FROM public.todos")
	"${copy[@]}" >/dev/null
	"$fetch" pull 10000 >/dev/null
	for ((i = 0; i < rounds; i++)); do
		"${copy[@]}" >>"$scratch/copy"
		"$fetch" pull 10000 >>"$scratch/pull"
	done
	copied=$(cut -d ' ' -f 1 "$scratch/copy" | median)
	pulled=$(cut -d ' ' -f 1 "$scratch/pull" | median)
	pages=$(cut -d ' ' -f 2 "$scratch/pull" | median)
	start_mb=$(cut -d ' ' -f 3 "$scratch/pull" | median | awk '{print $1 / 1024}')
	peak_mb=$(cut -d ' ' -f 4 "$scratch/pull" | sort -n | tail -n 1 | awk '{print $1 / 1024}')
	[ "$(cut -d ' ' -f 2 "$scratch/copy" | median)" -eq "$count" ] || { echo "COPY lost rows" >&2; exit 1; }
	[ "$pages" -ge $((count / 10000)) ] || { echo "the pull ended after $pages pages" >&2; exit 1; }
}

report()
{
	row "$1" "$(calc "$pulled / 1000") s" "$(calc "$copied / 1000") s" "$(calc "$pulled / $copied")" 2
}

sql -f "$here/lib/schema.sql"
prepare id
measure
report "first pull of 1,000,000 rows in $pages pages, beside COPY as text; rows stored by key"
prepare title
measure
report "the same with rows stored in another order than by key"
row "memory of the backend of a first pull, the most beside the start" "$(calc "$peak_mb" 0) MB" \
	"$(calc "$start_mb" 0) MB" "$(calc "$peak_mb - $start_mb" 0)" "$max_mb" " MB more"

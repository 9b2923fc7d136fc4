#!/usr/bin/env bash
#
# Compaction: how many entries a second it takes in at full speed, beside how many
# capture writes; and what is left of the throughput of writers while the procedure
# runs as it is set up, beside their throughput without it.  With and without
# alternate; the compaction is cancelled each time, and goes on where it was.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

keys=50000
writers=4
scratch=$(mktemp -d "${TMPDIR:-/tmp}/compaction.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

sql -f "$here/lib/schema.sql"
sql <<SQL
SELECT plasma.ensure_schema(bench.declaration()) \g /dev/null
INSERT INTO public.todos SELECT 'k' || i, 'Water the plants on floor ' || i, false, i FROM generate_series(1, $keys) i;
SQL

# Full speed.
for ((i = 0; i < 5; i++)); do
	sql <<SQL
SET plasma.retention = 0;
SELECT extract(epoch FROM clock_timestamp()) AS started \gset
UPDATE public.todos SET rank = rank + 1;
UPDATE public.todos SET rank = rank + 1;
INSERT INTO bench.times VALUES ('written', 2 * $keys / (extract(epoch FROM clock_timestamp()) - :started));
SELECT extract(epoch FROM clock_timestamp()) AS started \gset
SELECT (plasma.compact_change_log()->>'scanned')::int AS scanned \gset
INSERT INTO bench.times VALUES ('compacted', :scanned / (extract(epoch FROM clock_timestamp()) - :started));
VACUUM plasma.changes, plasma.compacted_rows, public.todos;
SQL
done
written=$(value "SELECT bench.median('written')")
compacted=$(value "SELECT bench.median('compacted')")
row "entries that compaction takes in per second, beside those that capture writes, UPDATE included" \
	"$(calc "$compacted" 0)" "$(calc "$written" 0)" "$(calc "$compacted / $written")" -

# Beside writers.
sql <<SQL
INSERT INTO plasma.changes (table_name, row_id, op, value, created_at)
SELECT 'todos', 'k' || i % $keys + 1, 'put', '{"id":"old","title":"Water the plants on floor 1","done":false,"rank":1000,"meta":null}', 1730100000000 + i
FROM generate_series(1, 2000000) i;
SQL
cat >"$scratch/write.sql" <<SQL
\set n random(1, $keys)
UPDATE public.todos SET rank = rank + 1 WHERE id = 'k' || :n;
SQL

# Transactions a second.
write()
{
	pgbench -n -c "$writers" -T 4 -f "$scratch/write.sql" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}

write >/dev/null
for ((i = 0; i < 7; i++)); do
	write >>"$scratch/alone"
	PGAPPNAME=compaction PGOPTIONS='-c plasma.retention=0' psql -Xqc 'CALL plasma.compact()' >/dev/null 2>&1 &
	write >>"$scratch/beside"
	value "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'compaction'" |
		grep -q t || { echo "compaction was done before the writers" >&2; exit 1; }
	wait $! || true
done
alone=$(median <"$scratch/alone")
beside=$(median <"$scratch/beside")
row "writes per second by $writers connections while plasma.compact runs, beside without it: loss" \
	"$(calc "$beside" 0)" "$(calc "$alone" 0)" "$(calc "100 * (1 - $beside / $alone)" 1)" 10 " %"

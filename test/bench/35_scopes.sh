#!/usr/bin/env bash
#
# Scopes: pulls of one tenant in a database of many, beside a database that holds
# nothing but that tenant, alike in rows and transactions; and a tenant gained,
# beside a first pull of a table that holds the same rows only.
#
# All changes are captured ones.  The cookie is older than the last 100 changes of
# every tenant, so that what is to be pulled lies among a hundred changes of each
# other one.  The log says where they are in the same time however many there are; but
# a hundred rows of a large table are further apart than those of a small one.
#
# Each comparison is shown with the least, the median and the most of the ratios of
# its rounds.  TENANTS and ENTRIES make it smaller.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

tenants=${TENANTS:-10000}
entries=${ENTRIES:-10000000}
rounds=15
batch=200
numbers=$((tenants * 100))
updates=$((entries / numbers - 2))
tenant=$((tenants / 2 - tenants / 2 % 2))
gained=$((numbers < 10000 ? numbers : 10000))
crowd=$((tenants < 1000 ? tenants : 1000))
many=$PGDATABASE
alone=${PGDATABASE}_alone
whole=${PGDATABASE}_whole
writers=()
scratch=$(mktemp -d "${TMPDIR:-/tmp}/scopes.XXXXXX")
trap 'rm -rf "$scratch"; drop' EXIT

drop()
{
	psql -Xq -d postgres -c "SET client_min_messages = warning" \
		-c "DROP DATABASE IF EXISTS $alone WITH (FORCE)" -c "DROP DATABASE IF EXISTS $whole WITH (FORCE)"
}

# prepare DATABASE ONLY SCOPED
prepare()
{
	sql -d "$1" -v tenants="$tenants" -v only="$2" -v scoped="$3" \
		-c "SET client_min_messages = warning" -c "CREATE EXTENSION IF NOT EXISTS plasma" \
		-f "$here/lib/schema.sql" -f "$here/lib/tenants.sql"
}

# each DATABASE PROCEDURE [ARGUMENT]: over all numbers, each half by a session of its own.
each()
{
	local half=$((numbers / 2)) first
	sql -d "$1" -c "CALL bench.$2(0, $half - 1, $batch${3:+, $3})" &
	first=$!
	sql -d "$1" -c "CALL bench.$2($half, $numbers - 1, $batch${3:+, $3})"
	wait $first
}

# Waits until there are as many writers, each in a transaction that has written.
await_writers()
{
	local try
	for ((try = 0; try < 5000; try++)); do
		[ "$(value "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'writer'
			AND ($1 = 0 OR state = 'idle in transaction' AND backend_xid IS NOT NULL)" postgres)" != "$1" ] || return 0
	done
	echo "there are not $1 writers" >&2
	exit 1
}

# Eight transactions that have each written as many rows as there are tenants, and
# stay open.
open_writers()
{
	local i fd
	for ((i = 0; i < 8; i++)); do
		exec {fd}> >(PGAPPNAME=writer psql -Xq -v ON_ERROR_STOP=1 -d "$1")
		writers+=("$fd")
		printf 'BEGIN; SELECT pg_current_xact_id() \\g /dev/null\nUPDATE public.todos SET done = NOT done WHERE rank BETWEEN %s AND %s;\n' \
			$((i * tenants)) $((i * tenants + tenants - 1)) >&"$fd"
	done
	await_writers 8
}

# close_writers COMMIT|ROLLBACK
close_writers()
{
	local fd
	for fd in "${writers[@]}"; do
		printf '%s;\n\\q\n' "$1" >&"$fd"
		exec {fd}>&-
	done
	writers=()
	await_writers 0
}

fill()
{
	local i spread=
	[ "$1" = "$alone" ] || spread=$((numbers / gained))
	each "$1" insert_numbers "$spread"
	[ "$1" = "$alone" ] || value "INSERT INTO public.todos SELECT * FROM bench.tenant_rows('gathered',
		ARRAY(SELECT -n FROM generate_series(1, $gained) n))" "$1"
	for ((i = 0; i < updates; i++)); do
		each "$1" update_numbers
	done
	sql -d "$1" -c "VACUUM ANALYZE public.todos, public.members"
	open_writers "$1"
	value "SELECT bench.seen('amid', 'u$tenant')" "$1" >/dev/null
	close_writers COMMIT
	value "SELECT bench.seen('tenant', 'u$tenant')" "$1" >/dev/null
	[ "$1" = "$alone" ] || value "SELECT bench.seen('apart', 'u$((tenant + 1))')" "$1" >/dev/null
	[ "$1" = "$alone" ] || value "SELECT bench.seen('visitor ' || member, member) FROM public.members
		WHERE member IN (SELECT 'u' || t * $tenants / 51 FROM generate_series(1, 50) t)" "$1" >/dev/null
	tail=$(value "SELECT last_value FROM plasma.changes_row_version_seq" "$1")
	each "$1" update_numbers
}

# timed DATABASE FILE CALL: the milliseconds that the call noted.
timed()
{
	sql -d "$1" -c "CALL bench.$3" -c "WITH gone AS (DELETE FROM bench.times RETURNING ms) SELECT ms FROM gone" >>"$2"
}

# compare NAME TARGET DATABASE CALL BASE_DATABASE BASE_CALL
compare()
{
	local i figure base
	rm -f "$scratch"/*
	for ((i = 0; i < rounds; i++)); do
		timed "$5" "$scratch/base.$i" "$6"
		timed "$3" "$scratch/figure.$i" "$4"
		calc "$(median <"$scratch/figure.$i") / $(median <"$scratch/base.$i")" 3 >>"$scratch/ratios"
	done
	figure=$(cat "$scratch"/figure.* | median)
	base=$(cat "$scratch"/base.* | median)
	row "$1" "$(calc "$figure") ms" "$(calc "$base") ms" "$(awk "BEGIN {printf \"%.3g\", $figure / $base}")" "$2"
	printf '  ratios of %s rounds: %s\n' "$rounds" "$(spread <"$scratch/ratios")"
}

# compare_tenant NAME TARGET CALL: the same call in both databases.
compare_tenant()
{
	compare "$1" "$2" "$many" "$3" "$alone" "$3"
}

value "CREATE DATABASE $alone" postgres
value "CREATE DATABASE $whole" postgres
prepare "$many" NULL true
prepare "$alone" "$tenant" true
fill "$alone"
fill "$many"
printf '%s entries of %s tenants, and %s of one\n' \
	"$(value "SELECT count(*) FROM plasma.changes" "$many")" "$tenants" \
	"$(value "SELECT count(*) FROM plasma.changes" "$alone")"

timed "$many" "$scratch/visits" "visits('visitor', 100)"
visits=$(median <"$scratch/visits")
row "pull of 100 changes that nobody has read yet, by each of 50 tenants once" \
	"$(calc "$visits") ms" - "$(calc "$visits")" - " ms"
compare_tenant "pull of one tenant's 100 changes by 10 transactions, $tenants tenants, $entries log entries, beside the tenant alone" \
	1.5 "pulls('tenant', 100)"
compare "the same by 100 transactions, each row in a page of its own" \
	1.5 "$many" "pulls('apart', 100)" "$alone" "pulls('tenant', 100)"
compare_tenant "the changes by 10 transactions, and 8 that were running when the client pulled last" \
	1.5 "pulls('amid', 100)"
for database in "$alone" "$many"; do
	sql -d "$database" -c "VACUUM ANALYZE plasma.changes, public.todos"
done
compare_tenant "the changes by 10 transactions, vacuumed and analysed" 1.5 "pulls('tenant', 100)"
compare "those by 100 transactions" 1.5 "$many" "pulls('apart', 100)" "$alone" "pulls('tenant', 100)"
compare_tenant "those by 10 with the 8 that were running" 1.5 "pulls('amid', 100)"
compare "for comparison, the rows of those by 100 transactions read by their keys without plasma" \
	- "$many" "reads('t$((tenant + 1))', 100)" "$alone" "reads('t$tenant', 100)"

for database in "$alone" "$many"; do
	value "SELECT bench.seen('news', 'u$tenant')" "$database" >/dev/null
done
sql -d "$many" -c "CALL bench.update_numbers(0, 10 * $tenants - 1, $batch, 't$tenant')"
compare_tenant "pull with nothing new for the tenant, and $((10 * tenants)) changes for others" \
	1.5 "pulls('news', 0)"
open_writers "$many"
for database in "$alone" "$many"; do
	value "SELECT bench.seen('news amid', 'u$tenant')" "$database" >/dev/null
done
compare_tenant "the same with 8 running transactions" 1.5 "pulls('news amid', 0)"
close_writers ROLLBACK

sql -d "$many" -c "INSERT INTO public.members SELECT 'crowd', 't' || t FROM generate_series(0, $crowd - 1) t"
value "SELECT bench.seen('crowd', 'crowd')" "$many" >/dev/null
compare "pull with nothing new by a member of $crowd tenants, beside a member of one" - \
	"$many" "pulls('crowd', 0)" "$many" "pulls('news', 0)"
sql -d "$many" -c "CALL bench.update_numbers(0, 99, $batch)"
compare "pull of 100 changes by a member of $crowd tenants, beside a member of one" - \
	"$many" "pulls('crowd', 100)" "$many" "pulls('tenant', 100)"

# The documented system reads everybody's changes since the cookie, and filters them.
sql -d "$many" <<SQL
CREATE TABLE bench.documented AS SELECT row_version, table_name, row_id, op, value
FROM plasma.changes WHERE row_version > $tail;
ALTER TABLE bench.documented ADD PRIMARY KEY (row_version);
VACUUM ANALYZE bench.documented;
CREATE PROCEDURE bench.filters(expected int) LANGUAGE plpgsql AS \$\$
DECLARE
	started timestamptz;
	answer json;
BEGIN
	FOR i IN 1..2 LOOP
		COMMIT;
		started := clock_timestamp();
		SELECT json_agg(json_build_object('op', op, 'table', table_name, 'id', row_id, 'value', value)) INTO answer FROM (
			SELECT * FROM bench.documented c WHERE row_version > $tail AND EXISTS (SELECT FROM public.members m
				WHERE m.member = 'u$tenant' AND m.tenant = c.value ->> 'tenant')
			ORDER BY row_version LIMIT 1000) c;
		INSERT INTO bench.times VALUES ('filter', 1000 * extract(epoch FROM clock_timestamp() - started));
	END LOOP;
	IF json_array_length(answer) <> expected THEN
		RAISE EXCEPTION 'not % changes passed the filter', expected;
	END IF;
END \$\$;
SQL
rounds=3
compare "pull of one tenant's 100 changes, beside filtering the $numbers and more changes of all by a policy" - \
	"$many" "pulls('tenant', 100)" "$many" "filters(100)"
rounds=15

sql -d "$many" -c "INSERT INTO public.members VALUES ('joiner', 't0'), ('finder', 't0')"
for client in joiner finder; do
	value "SELECT bench.seen('$client', '$client')" "$many" >/dev/null
done
sql -d "$many" -c "INSERT INTO public.members VALUES ('joiner', 'gathered'), ('finder', 'scattered')"
prepare "$whole" -1 false
sql -d "$whole" -c "INSERT INTO public.todos SELECT * FROM bench.tenant_rows('gathered',
		ARRAY(SELECT -n FROM generate_series(1, $gained) n))" \
	-c "VACUUM ANALYZE public.todos, plasma.changes" -c "INSERT INTO bench.clients VALUES ('first', 'u0')"
compare "a scope of $gained rows gained, beside a first pull of a table of them" 1.1 \
	"$many" "fetches('joiner', $gained, 2)" "$whole" "fetches('first', $gained, 2)"
compare "the same with rows stored among those of others" - \
	"$many" "fetches('finder', $gained, 2)" "$whole" "fetches('first', $gained, 2)"

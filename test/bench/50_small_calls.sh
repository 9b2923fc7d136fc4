#!/usr/bin/env bash
#
# Calls that come often and do little, without a target: INSERTs of one row beside
# the uncaptured table and the documented row trigger, ensure_schema with nothing
# to do, a pull with nothing new, alone and by 100 connections at once.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

rounds=5
scratch=$(mktemp -d "${TMPDIR:-/tmp}/small_calls.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

sql -f "$here/lib/schema.sql"
value "SELECT plasma.ensure_schema(bench.declaration())" >/dev/null
sql -f "$here/lib/documented.sql"
sql <<'SQL'
CREATE TABLE bench.todos (LIKE public.todos INCLUDING ALL);
CREATE SEQUENCE bench.numbers;
CREATE TABLE bench.client (cookie text);
SQL

# run FILE [OPTION]...: one run of pgbench; the mean milliseconds of a transaction.
run()
{
	local file=$1
	shift
	pgbench -n -f "$scratch/$file.sql" "$@" 2>/dev/null |
		sed -n 's/^latency average = \(.*\) ms$/\1/p'
}

for shape in bench documented public; do
	echo "INSERT INTO $shape.todos (id, title) VALUES ('t' || nextval('bench.numbers'), 'Water the plants');" \
		>"$scratch/insert_$shape.sql"
done
for ((i = 0; i < rounds; i++)); do
	for shape in bench documented public; do
		run "insert_$shape" -M prepared -T 2 >>"$scratch/$shape"
	done
done
plain=$(median <"$scratch/bench")
documented=$(median <"$scratch/documented")
captured=$(median <"$scratch/public")
row "time added to an INSERT of one row, beside the documented row trigger" \
	"$(calc "($captured - $plain) * 1000" 0) µs" "$(calc "($documented - $plain) * 1000" 0) µs" \
	"$(calc "($captured - $plain) / ($documented - $plain)")" -

value "INSERT INTO bench.client SELECT plasma.pull(bench.pull_request(NULL, 10000)) ->> 'cookie'" >/dev/null
until [ "$(value "SELECT plasma.pull(bench.pull_request(cookie, 10000)) -> 'hasMore' IS NULL FROM bench.client")" = t ]; do
	value "UPDATE bench.client SET cookie = plasma.pull(bench.pull_request(cookie, 10000)) ->> 'cookie'"
done
value "UPDATE bench.client SET cookie = plasma.pull(bench.pull_request(cookie, 10000)) ->> 'cookie'"
echo "SELECT plasma.pull('$(value "SELECT bench.pull_request(cookie) FROM bench.client")');" >"$scratch/pull.sql"
echo "SELECT plasma.ensure_schema('$(value "SELECT bench.declaration()" | tr -d '\n')');" >"$scratch/ensure.sql"
echo "SELECT 1;" >"$scratch/nothing.sql"
for ((i = 0; i < rounds; i++)); do
	for call in nothing ensure pull; do
		run "$call" -T 1 >>"$scratch/$call"
	done
	run pull -T 2 -c 100 -j 2 >>"$scratch/crowd"
	run nothing -T 1 -c 100 -j 2 >>"$scratch/crowd_nothing"
done
nothing=$(median <"$scratch/nothing")
for call in ensure pull; do
	ms=$(median <"$scratch/$call")
	name="ensure_schema with nothing to do, beside SELECT 1"
	[ "$call" = ensure ] || name="pull with nothing new, beside SELECT 1"
	row "$name" "$(calc "$ms") ms" "$(calc "$nothing") ms" "$(calc "$ms / $nothing" 1)" -
done
crowd=$(median <"$scratch/crowd")
nothing=$(median <"$scratch/crowd_nothing")
row "pulls with nothing new by 100 connections at once, each second, beside SELECT 1" \
	"$(calc "100000 / $crowd" 0)" "$(calc "100000 / $nothing" 0)" "$(calc "$nothing / $crowd")" -

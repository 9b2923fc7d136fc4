#!/usr/bin/env bash
#
# Catch-up: a pull of 100 changes where the log holds 10 million entries, beside
# one where it holds 10 thousand.  Two databases, alike but for the log, whose old
# entries are spread over the same transactions.  Measured before the log was ever
# analysed or vacuumed (autovacuum is off for it, so that it stays so), and after.
#
# Entries that nobody has read yet have no hint bits, and whoever reads them first
# pays for that; so each connection pulls a few times before it is measured.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

long=${PGDATABASE}_long
transactions=200000
scratch=$(mktemp -d "${TMPDIR:-/tmp}/long_log.XXXXXX")
trap 'rm -rf "$scratch"; psql -Xq -d postgres -c "DROP DATABASE IF EXISTS $long"' EXIT

psql -Xq -d postgres -c "SET client_min_messages = warning" \
	-c "DROP DATABASE IF EXISTS $long" -c "CREATE DATABASE $long"
sql -d "$long" -c "CREATE EXTENSION plasma"

prepare()
{
	sql -d "$1" -f "$here/lib/schema.sql" -f - <<'SQL'
ALTER TABLE plasma.changes SET (autovacuum_enabled = off);
SELECT plasma.ensure_schema(bench.declaration()) \g /dev/null
INSERT INTO public.todos SELECT * FROM bench.rows(10000);
VACUUM ANALYZE public.todos;
TRUNCATE plasma.changes;
SQL
}

# The server's transactions from now on, of which the old entries will be.
spend_transactions()
{
	first=$(value "SELECT pg_current_xact_id()")
	sql <<SQL
DO \$\$
BEGIN
	FOR i IN 1..$transactions LOOP
		PERFORM pg_current_xact_id();
		COMMIT;
	END LOOP;
END \$\$;
SQL
}

fill()
{
	sql -d "$1" <<SQL
ALTER TABLE plasma.changes DROP CONSTRAINT changes_pkey;
INSERT INTO plasma.changes (xid, table_name, row_id, op, value, created_at)
SELECT ($first + i * $transactions / $2)::text::xid8, 'todos', 'old-' || i % 100000, 'put',
	'{"id":"old","title":"Water the plants on floor 1","done":false,"rank":1000,"meta":null}', 1730100000000 + i
FROM generate_series(1, $2::bigint) i;
SET maintenance_work_mem = '256MB';
ALTER TABLE plasma.changes ADD PRIMARY KEY (xid, row_version);
SQL
}

# The cookie of a client that has everything; then ten transactions of ten writes.
change()
{
	sql -d "$1" <<'SQL'
CREATE TABLE bench.client (cookie text);
DO $$
DECLARE
	answer json;
BEGIN
	LOOP
		answer := plasma.pull(bench.pull_request(answer ->> 'cookie', 10000));
		EXIT WHEN answer -> 'hasMore' IS NULL;
	END LOOP;
	INSERT INTO bench.client VALUES (answer ->> 'cookie');
	COMMIT;
	FOR i IN 1..100 LOOP
		UPDATE public.todos SET rank = -1 WHERE id =
			(SELECT id FROM public.todos WHERE rank > 0 ORDER BY id LIMIT 1);
		IF i % 10 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END $$;
SQL
}

# pulls DATABASE FILE: the milliseconds of a hundred pulls on a new connection.
pulls()
{
	sql -d "$1" <<'SQL' >>"$2"
DO $$
DECLARE
	request jsonb := bench.pull_request((SELECT cookie FROM bench.client));
	answer json;
	started timestamptz;
BEGIN
	FOR i IN 1..110 LOOP
		COMMIT;
		started := clock_timestamp();
		answer := plasma.pull(request);
		IF i > 10 THEN
			INSERT INTO bench.times VALUES ('pull', 1000 * extract(epoch FROM clock_timestamp() - started));
		END IF;
	END LOOP;
	IF json_array_length(answer -> 'patch') <> 100 THEN
		RAISE EXCEPTION 'not 100 changes were pulled: %', answer;
	END IF;
END $$;
WITH gone AS (DELETE FROM bench.times RETURNING ms) SELECT ms FROM gone;
SQL
}

measure()
{
	local i
	rm -f "$scratch/short" "$scratch/long"
	for ((i = 0; i < 7; i++)); do
		pulls "$PGDATABASE" "$scratch/short"
		pulls "$long" "$scratch/long"
	done
	in_short=$(median <"$scratch/short")
	in_long=$(median <"$scratch/long")
	row "$1" "$(calc "$in_long") ms" "$(calc "$in_short") ms" "$(calc "$in_long / $in_short")" 1.3
}

prepare "$PGDATABASE"
prepare "$long"
spend_transactions
fill "$PGDATABASE" 10000
fill "$long" 10000000
change "$PGDATABASE"
change "$long"
measure "pull of 100 changes from a log of 10 million entries, beside one of 10 thousand; never analysed"
for database in "$PGDATABASE" "$long"; do
	sql -d "$database" -c "VACUUM ANALYZE plasma.changes"
done
measure "the same, vacuumed and analysed"

#!/usr/bin/env bash
#
# Capture: the time that logging adds to one INSERT of 100,000 rows, plasma's
# statement trigger beside the documented row trigger.  Both logs and all tables
# are empty before each INSERT.  Then the same INSERT into a table with a scope,
# of 10,000 slices, beside one without.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

rm -f "$rows"
sql -f "$here/lib/schema.sql"
value "SELECT plasma.ensure_schema(bench.declaration())" >/dev/null
sql -f "$here/lib/documented.sql"
sql <<'SQL'
CREATE TABLE bench.source AS SELECT * FROM bench.rows(100000);
CREATE TABLE bench.todos (LIKE public.todos INCLUDING ALL);
CREATE PROCEDURE bench.insert_into(shape text) LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
BEGIN
	EXECUTE format('TRUNCATE %I.todos', shape);
	TRUNCATE plasma.changes, documented.changes;
	COMMIT;
	started := clock_timestamp();
	EXECUTE format('INSERT INTO %I.todos SELECT * FROM bench.source', shape);
	COMMIT;
	INSERT INTO bench.times VALUES (shape, 1000 * extract(epoch FROM clock_timestamp() - started));
END $$;
CREATE PROCEDURE bench.rounds(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		CALL bench.insert_into('bench');
		CALL bench.insert_into('documented');
		CALL bench.insert_into('public');
	END LOOP;
END $$;
VACUUM ANALYZE bench.source;
CALL bench.rounds(1);
TRUNCATE bench.times;
CALL bench.rounds(7);
SQL

plain=$(value "SELECT bench.median('bench')")
documented=$(value "SELECT bench.median('documented')")
captured=$(value "SELECT bench.median('public')")
printf 'INSERT of 100,000 rows: uncaptured %.0f ms, row trigger %.0f ms, plasma %.0f ms\n' \
	"$plain" "$documented" "$captured"
row "time added to an INSERT of 100,000 rows, beside the documented row trigger" \
	"$(calc "$captured - $plain" 0) ms" "$(calc "$documented - $plain" 0) ms" \
	"$(calc "($captured - $plain) / ($documented - $plain)")" 0.5

sql <<'SQL' >/dev/null
SELECT plasma.ensure_schema(format($${"version": "bench-scope",
	"scopes": {"team": "SELECT plasma.ctx() ->> 'team' AS team"},
	"tables": {"whole": {"columns": %1$s}, "cut": {"scope": "team", "columns": %1$s}}}$$,
	jsonb_set(bench.declaration()::jsonb #> '{tables,todos,columns}', '{team}', '{"kind": "text"}'))::json);
-- The index that slices are read by is none of capture's.
CREATE INDEX ON whole (team, id);
CREATE TABLE bench.team_source AS
	SELECT id, title, done, rank, meta, 'team ' || rank / 1000 % 10000 AS team FROM bench.source;
CREATE PROCEDURE bench.insert_cut(name text) LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
BEGIN
	EXECUTE format('TRUNCATE %I', name);
	TRUNCATE plasma.changes;
	COMMIT;
	started := clock_timestamp();
	EXECUTE format('INSERT INTO %I (id, title, done, rank, meta, team) SELECT id, title, done, rank, meta, team FROM bench.team_source', name);
	COMMIT;
	INSERT INTO bench.times VALUES (name, 1000 * extract(epoch FROM clock_timestamp() - started));
END $$;
CREATE PROCEDURE bench.rounds_cut(n int) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..n LOOP
		CALL bench.insert_cut('whole');
		CALL bench.insert_cut('cut');
	END LOOP;
END $$;
VACUUM ANALYZE bench.team_source;
CALL bench.rounds_cut(1);
DELETE FROM bench.times WHERE what IN ('whole', 'cut');
CALL bench.rounds_cut(7);
SQL
whole=$(value "SELECT bench.median('whole')")
cut=$(value "SELECT bench.median('cut')")
row "INSERT of 100,000 rows of 10,000 slices, captured with a scope, beside without" \
	"$(calc "$cut" 0) ms" "$(calc "$whole" 0) ms" "$(calc "$cut / $whole")" 1.3

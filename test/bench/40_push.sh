#!/usr/bin/env bash
#
# Push: 200 mutations that insert one row each, beside a plpgsql loop that calls
# the same function with the same values, on the same captured table; each in a
# transaction of its own, the commit included.

set -euo pipefail
# shellcheck source=test/bench/lib/measure.bash
. "$(dirname "$0")/lib/measure.bash"

sql -f "$here/lib/schema.sql"
sql <<'SQL'
SET client_min_messages = warning;
SELECT plasma.ensure_schema(bench.declaration()) \g /dev/null
CREATE FUNCTION public.add_todo(id text, title text, rank bigint DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.todos (id, title, rank) VALUES (id, title, rank);
END $$;
SELECT plasma.register_mutator('addTodo', 'public.add_todo(text, text, bigint)') \g /dev/null

CREATE PROCEDURE bench.push(round int) LANGUAGE plpgsql AS $$
DECLARE
	request jsonb;
	answer json;
	started timestamptz;
BEGIN
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'bench-v1', 'clientGroupID', 'g',
		'clientID', 'c', 'mutations', jsonb_agg(jsonb_build_object('id', round * 200 + i, 'name', 'addTodo',
			'args', jsonb_build_object('id', 'p' || round * 200 + i, 'title', 'Water the plants on floor ' || i, 'rank', i),
			'timestamp', 1730100000000)))
	INTO request FROM generate_series(1, 200) i;
	COMMIT;
	started := clock_timestamp();
	answer := plasma.push(request);
	COMMIT;
	INSERT INTO bench.times VALUES ('push', 1000 * extract(epoch FROM clock_timestamp() - started));
	IF (SELECT count(*) FROM json_array_elements(answer -> 'results') r WHERE r ->> 'status' = 'ok') <> 200 THEN
		RAISE EXCEPTION 'not all mutations were run: %', answer;
	END IF;
	COMMIT;
END $$;
CREATE PROCEDURE bench.loop(round int) LANGUAGE plpgsql AS $$
DECLARE
	started timestamptz;
BEGIN
	COMMIT;
	started := clock_timestamp();
	FOR i IN 1..200 LOOP
		PERFORM public.add_todo('l' || round * 200 + i, 'Water the plants on floor ' || i, i);
	END LOOP;
	COMMIT;
	INSERT INTO bench.times VALUES ('loop', 1000 * extract(epoch FROM clock_timestamp() - started));
	COMMIT;
END $$;
CREATE PROCEDURE bench.rounds(a int, b int) LANGUAGE plpgsql AS $$
BEGIN
	FOR round IN a..b LOOP
		CALL bench.loop(round);
		CALL bench.push(round);
	END LOOP;
END $$;
CALL bench.rounds(0, 9);
TRUNCATE bench.times;
CALL bench.rounds(10, 109);
SQL

pushed=$(value "SELECT bench.median('push')")
looped=$(value "SELECT bench.median('loop')")
row "push of 200 mutations of one row, beside a loop of the same calls" \
	"$(calc "$pushed" 1) ms" "$(calc "$looped" 1) ms" "$(calc "$pushed / $looped")" 1.5

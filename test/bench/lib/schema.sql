-- What every figure stands on: one table in three shapes, plain, with the row
-- trigger of the documented system, and captured by plasma; and rows for it.
SET client_min_messages = warning;
CREATE SCHEMA bench;

CREATE FUNCTION bench.declaration() RETURNS json LANGUAGE sql AS $$
	SELECT '{"version": "bench-v1", "tables": {"todos": {"columns": {
		"id":    {"kind": "id"},
		"title": {"kind": "text"},
		"done":  {"kind": "boolean", "default": false},
		"rank":  {"kind": "int", "nullable": true},
		"meta":  {"kind": "json", "nullable": true}}}}}'::json $$;

-- Rows as an application has them: random keys, a few words, a little JSON.
CREATE FUNCTION bench.rows(n bigint)
RETURNS TABLE (id text, title text, done boolean, rank bigint, meta jsonb) LANGUAGE sql AS $$
	SELECT gen_random_uuid()::text, 'Water the plants on floor ' || i, i % 3 = 0,
		i * 1000, CASE WHEN i % 4 = 0 THEN jsonb_build_object('tags', ARRAY['home', 'green'], 'n', i) END
	FROM generate_series(1, n) i $$;

CREATE FUNCTION bench.pull_request(cookie text DEFAULT NULL, "limit" int DEFAULT 1000)
RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'bench-v1', 'clientGroupID', 'g',
		'clientID', 'c', 'cookie', cookie, 'limit', "limit") $$;

-- One row per measurement, read back as medians.
CREATE TABLE bench.times (what text, ms float8);
CREATE FUNCTION bench.median(what text) RETURNS numeric LANGUAGE sql AS $$
	SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t.ms)::numeric, 3)
	FROM bench.times t WHERE t.what = median.what $$;

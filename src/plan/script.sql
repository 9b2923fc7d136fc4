-- A plan as a script for psql.

CREATE OR REPLACE FUNCTION plasma.plan_sql(plan jsonb)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'plasma_script_write';
COMMENT ON FUNCTION plasma.plan_sql(jsonb) IS 'What plasma.plan gave, as a script for psql that blocks others as little as can be';

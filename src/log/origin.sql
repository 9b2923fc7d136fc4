-- Which mutation is being run.

CREATE OR REPLACE FUNCTION plasma.origin()
RETURNS plasma.mutation_origin
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'plasma_origin_read';
COMMENT ON FUNCTION plasma.origin() IS 'The mutation that push is running; a row of nulls outside of push';

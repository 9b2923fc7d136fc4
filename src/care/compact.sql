-- Keeping the log short.

CREATE OR REPLACE FUNCTION plasma.compact_begin(safe_up_to_version bigint)
RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_compact_begin';
COMMENT ON FUNCTION plasma.compact_begin(bigint) IS 'Decides up to which transaction the log is to be compacted, and raises the floor';

CREATE OR REPLACE FUNCTION plasma.compact_step(batch integer, report jsonb)
RETURNS jsonb
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_compact_step';
COMMENT ON FUNCTION plasma.compact_step(integer, jsonb) IS 'Compacts one more batch and adds it to the report';

-- What a transaction has removed stays in its way until it ends: each batch that sweeps
-- or forgets passes over all before it.  So there are few, and they are large.
CREATE OR REPLACE FUNCTION plasma.compact_change_log(safe_up_to_version bigint DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	report jsonb := plasma.compact_begin(safe_up_to_version);
BEGIN
	WHILE NOT (report->>'finished')::boolean LOOP
		report := plasma.compact_step(100000, report);
	END LOOP;
	RETURN report - '{finished,pause}'::text[];
END
$$;
COMMENT ON FUNCTION plasma.compact_change_log(bigint) IS
	'Removes from the log, in this transaction, what neither pulls nor history need, and forgets clients that are long gone; says what it did';

-- No search_path is set here: a procedure with one cannot commit.  So each name and
-- operator says its schema.
CREATE OR REPLACE PROCEDURE plasma.compact(batch integer DEFAULT 10000, safe_up_to_version bigint DEFAULT NULL, INOUT result jsonb DEFAULT NULL)
LANGUAGE plpgsql
AS $$
BEGIN
	result := plasma.compact_begin(safe_up_to_version);
	COMMIT;
	WHILE NOT (result OPERATOR(pg_catalog.->>) 'finished')::pg_catalog.bool LOOP
		PERFORM pg_catalog.pg_sleep((result OPERATOR(pg_catalog.->>) 'pause')::pg_catalog.float8);
		COMMIT;
		result := plasma.compact_step(batch, result);
		COMMIT;
	END LOOP;
	result := result OPERATOR(pg_catalog.-) '{finished,pause}'::pg_catalog.text[];
END
$$;
COMMENT ON PROCEDURE plasma.compact(integer, bigint, jsonb) IS
	'The same in a transaction for each batch, with pauses that leave the server to others; after an interruption it goes on where it was';

-- Giving existing rows the default of a column that was added without it, so that
-- no statement rewrites the table.

CREATE OR REPLACE FUNCTION plasma.start_backfill(relation regclass, column_name text)
RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_backfill_start';
COMMENT ON FUNCTION plasma.start_backfill(regclass, text) IS 'Notes that the rows of a table wait for the default of a column, which may be about to be added';

CREATE OR REPLACE FUNCTION plasma.owes_backfill(relation regclass, column_name text, batch integer)
RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_backfill_owed';
COMMENT ON FUNCTION plasma.owes_backfill(regclass, text, integer) IS 'Whether rows wait for the default of a column; raises what keeps the caller from giving it';

CREATE OR REPLACE FUNCTION plasma.finish_backfill(relation regclass, column_name text)
RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_backfill_finish';
COMMENT ON FUNCTION plasma.finish_backfill(regclass, text) IS 'Notes that no row waits any more';

CREATE OR REPLACE FUNCTION plasma.backfill_fail(relation regclass, column_name text, message text, hint text)
RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_backfill_fail';
COMMENT ON FUNCTION plasma.backfill_fail(regclass, text, text, text) IS 'Raises that rows could not be given the default of a column';

-- One statement, which the server may refuse for what the default or a trigger does.
-- What a new attempt may cure is raised as it is.
CREATE OR REPLACE FUNCTION plasma.backfill_rows(relation regclass, column_name text, low tid DEFAULT NULL, high tid DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET row_security = off
AS $$
DECLARE
	filled bigint;
	hint pg_catalog.text;
BEGIN
	IF low IS NULL THEN
		EXECUTE pg_catalog.format('UPDATE %1$s SET %2$I = DEFAULT WHERE %2$I IS NULL', relation, column_name);
	ELSE
		EXECUTE pg_catalog.format('UPDATE ONLY %1$s SET %2$I = DEFAULT WHERE %2$I IS NULL'
			' AND ctid OPERATOR(pg_catalog.>=) $1 AND ctid OPERATOR(pg_catalog.<) $2', relation, column_name)
			USING low, high;
	END IF;
	GET DIAGNOSTICS filled = ROW_COUNT;
	RETURN filled;
EXCEPTION
	WHEN OTHERS THEN
		IF pg_catalog.left(SQLSTATE, 2) OPERATOR(pg_catalog.=) ANY ('{08,40,53,57,58,XX}'::pg_catalog.text[])
			OR SQLSTATE OPERATOR(pg_catalog.=) '55P03' THEN
			RAISE;
		END IF;
		GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
		PERFORM plasma.backfill_fail(relation, column_name, SQLERRM, hint);
		RETURN NULL;
END
$$;
COMMENT ON FUNCTION plasma.backfill_rows(regclass, text, tid, tid) IS 'Gives the rows of a range, or all of a table, the default of a column';

-- Blocks are walked through as they were at the beginning, in ranges that hold about
-- a batch of rows.  Rows that others move about meanwhile are found by the last
-- statement: it sees the whole table at one moment, and what is written to a row after
-- that moment it waits for.
--
-- It has no search_path of its own: a procedure that has one may not commit.  So every
-- name and operator is qualified, and triggers run as they do for any other write.
CREATE OR REPLACE PROCEDURE plasma.backfill(relation regclass, column_name text, batch integer DEFAULT 1000)
LANGUAGE plpgsql
AS $$
DECLARE
	leaf pg_catalog.regclass;
	block bigint;
	blocks bigint;
	width bigint;
	filled bigint;
BEGIN
	IF NOT plasma.owes_backfill(relation, column_name, batch) THEN
		RETURN;
	END IF;
	IF batch OPERATOR(pg_catalog.>) 0 THEN
		FOREACH leaf IN ARRAY COALESCE(
			(SELECT pg_catalog.array_agg(t.relid::pg_catalog.regclass) FROM pg_catalog.pg_partition_tree(relation) t WHERE t.isleaf),
			ARRAY[relation])
		LOOP
			block := 0;
			width := 1;
			blocks := pg_catalog.pg_relation_size(leaf)
				OPERATOR(pg_catalog./) pg_catalog.current_setting('block_size')::bigint;
			WHILE block OPERATOR(pg_catalog.<) blocks LOOP
				filled := plasma.backfill_rows(leaf, column_name, pg_catalog.format('(%s,0)', block)::pg_catalog.tid,
					pg_catalog.format('(%s,0)', LEAST(block OPERATOR(pg_catalog.+) width, 4294967295))::pg_catalog.tid);
				COMMIT;
				block := block OPERATOR(pg_catalog.+) width;
				IF filled OPERATOR(pg_catalog.>) batch THEN
					width := GREATEST(width OPERATOR(pg_catalog./) 2, 1);
				ELSIF (filled OPERATOR(pg_catalog.*) 2) OPERATOR(pg_catalog.<) batch THEN
					width := LEAST(width OPERATOR(pg_catalog.*) 2, 1024);
				END IF;
			END LOOP;
		END LOOP;
	END IF;
	PERFORM plasma.backfill_rows(relation, column_name);
	PERFORM plasma.finish_backfill(relation, column_name);
	IF batch OPERATOR(pg_catalog.>) 0 THEN
		COMMIT;
	END IF;
END
$$;
COMMENT ON PROCEDURE plasma.backfill(regclass, text, integer) IS 'Gives rows that wait for it the default of a column, batch by batch; with a batch of 0 in the transaction of the caller';

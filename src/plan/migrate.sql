-- A migration in a transaction for each step.

CREATE OR REPLACE FUNCTION plasma.migrate_begin() RETURNS void
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_begin';
COMMENT ON FUNCTION plasma.migrate_begin() IS
	'Waits until no other session migrates, and keeps it so until migrate_end, the end of the session or an error';

CREATE OR REPLACE FUNCTION plasma.migrate_step(schema json, options jsonb, INOUT migration bigint,
	OUT finished boolean, OUT result jsonb, OUT relation regclass, OUT column_name text, OUT batch integer)
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_step';
COMMENT ON FUNCTION plasma.migrate_step(json, jsonb, bigint) IS
	'Plans anew and does what comes first; where that is a backfill, says which';

CREATE OR REPLACE FUNCTION plasma.migrate_pause(options jsonb, attempts integer) RETURNS double precision
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_pause';
COMMENT ON FUNCTION plasma.migrate_pause(jsonb, integer) IS
	'Seconds to wait after a step that got no lock so many times; NULL where it is not to be tried again';

CREATE OR REPLACE FUNCTION plasma.migrate_fail(migration bigint, error text, context text) RETURNS void
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_fail';
COMMENT ON FUNCTION plasma.migrate_fail(bigint, text, text) IS 'Notes in the journal why a migration ended';

CREATE OR REPLACE FUNCTION plasma.migrate_raise(code text, message text, detail text, hint text, context text) RETURNS void
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_raise';
COMMENT ON FUNCTION plasma.migrate_raise(text, text, text, text, text) IS 'Raises the error of a step again';

CREATE OR REPLACE FUNCTION plasma.migrate_end() RETURNS void
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_migrate_end';
COMMENT ON FUNCTION plasma.migrate_end() IS 'Lets other sessions migrate';

-- No search_path is set here: a procedure with one cannot commit, and statements
-- of a plan are to see the caller's.  So each name and operator says its schema.
CREATE OR REPLACE PROCEDURE plasma.migrate(schema json, options jsonb DEFAULT '{}', INOUT result jsonb DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	-- A copy in memory: what an argument points to may be gone after a COMMIT.
	declaration pg_catalog.json := schema::pg_catalog.text::pg_catalog.json;
	step pg_catalog.record;
	ordinal pg_catalog.int8;
	attempts pg_catalog.int4 := 0;
	pause pg_catalog.float8;
	code pg_catalog.text;
	message pg_catalog.text;
	detail pg_catalog.text;
	hint pg_catalog.text;
	context pg_catalog.text;
BEGIN
	PERFORM plasma.migrate_begin();
	COMMIT;
	LOOP
		code := NULL;
		pause := NULL;
		BEGIN
			SELECT s.* INTO step FROM plasma.migrate_step(declaration, options, ordinal) s;
		EXCEPTION WHEN lock_not_available OR deadlock_detected OR query_canceled OR OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
				detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
		END;
		IF code IS NULL THEN
			attempts := 0;
			ordinal := step.migration;
		ELSE
			IF code OPERATOR(pg_catalog.=) ANY ('{55P03,40P01}'::pg_catalog.text[]) THEN
				attempts := attempts OPERATOR(pg_catalog.+) 1;
				pause := plasma.migrate_pause(options, attempts);
			END IF;
			IF pause IS NULL THEN
				PERFORM plasma.migrate_fail(ordinal, message, context);
			END IF;
		END IF;
		COMMIT;

		IF pause IS NOT NULL THEN
			PERFORM pg_catalog.pg_sleep(pause);
			COMMIT;
		ELSIF code IS NOT NULL THEN
			PERFORM plasma.migrate_raise(code, message, detail, hint, context);
		ELSIF step.finished THEN
			EXIT;
		ELSIF step.relation IS NOT NULL THEN
			CALL plasma.backfill(step.relation, step.column_name, step.batch);
		END IF;
	END LOOP;
	result := step.result;
	PERFORM plasma.migrate_end();
END
$$;
COMMENT ON PROCEDURE plasma.migrate(json, jsonb, jsonb) IS
	'Brings the database to a declaration in a transaction for each step, with the forms that block least; call it again after an interruption';

-- What the generated trigger functions call.

CREATE OR REPLACE FUNCTION plasma.log_key(relation oid, table_name text, key text[], bigints text[], scope text[], "row" record)
RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'plasma_entry_key';
COMMENT ON FUNCTION plasma.log_key(oid, text, text[], text[], text[], record) IS 'The id of a row of a captured relation; NULL where nothing identifies it';

CREATE OR REPLACE FUNCTION plasma.log_rows_step(state internal, relation oid, table_name text, key text[], bigints text[], scope text[], history boolean, old record, new record)
RETURNS internal
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_entry_step';
COMMENT ON FUNCTION plasma.log_rows_step(internal, oid, text, text[], text[], text[], boolean, record, record) IS 'Step of plasma.log_rows';

CREATE OR REPLACE FUNCTION plasma.log_rows_finish(state internal)
RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_entry_finish';
COMMENT ON FUNCTION plasma.log_rows_finish(internal) IS 'End of plasma.log_rows: the number of entries that were written';

CREATE OR REPLACE AGGREGATE plasma.log_rows(relation oid, table_name text, key text[], bigints text[], scope text[], history boolean, old record, new record) (
	SFUNC = plasma.log_rows_step,
	STYPE = internal,
	FINALFUNC = plasma.log_rows_finish,
	FINALFUNC_MODIFY = READ_WRITE,
	PARALLEL = UNSAFE
);
COMMENT ON AGGREGATE plasma.log_rows(oid, text, text[], text[], text[], boolean, record, record) IS 'Writes the rows that a statement changed into the change log, each as it was (old) and as it is (new)';

CREATE OR REPLACE FUNCTION plasma.log_truncate(relation oid, table_name text, key text[], bigints text[], scope text[], before boolean)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_truncate_log';
COMMENT ON FUNCTION plasma.log_truncate(oid, text, text[], text[], text[], boolean) IS 'Writes a TRUNCATE into the change log: of the table one clear, of a single partition its rows';

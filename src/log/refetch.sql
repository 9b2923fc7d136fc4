-- What the triggers on the sources of policies call.  No SECURITY DEFINER: it is C that
-- writes the log, whoever the writer of the source is, and looks itself for what the
-- relation is a source of.

CREATE OR REPLACE FUNCTION plasma.log_source_change()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_refetch_note';
COMMENT ON FUNCTION plasma.log_source_change() IS 'Trigger: clients fetch the tables anew whose policies read this one';

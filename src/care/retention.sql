-- How long the log keeps the history of one table.

CREATE OR REPLACE FUNCTION plasma.set_retention(relation regclass, retention interval)
RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_retention_set';
COMMENT ON FUNCTION plasma.set_retention(regclass, interval) IS 'Keeps every log entry of a table for longer than plasma.retention says; NULL for no longer';

-- The tables as a client's snapshot had them.

CREATE OR REPLACE FUNCTION plasma.snapshot_as_of(cookie text, tables text[] DEFAULT NULL)
RETURNS TABLE (table_name text, row_id text, value json)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_history_show';
COMMENT ON FUNCTION plasma.snapshot_as_of(text, text[]) IS 'The rows of synced tables as the log has them at the snapshot of a cookie; of all tables where none are named';

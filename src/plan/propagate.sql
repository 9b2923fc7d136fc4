-- How clients get rows that changed without an entry in the log.

CREATE OR REPLACE FUNCTION plasma.seed_changes(relation regclass)
RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_propagate_seed_changes';
COMMENT ON FUNCTION plasma.seed_changes(regclass) IS 'Writes a change log entry for every row of a synced table, and returns their number';

CREATE OR REPLACE FUNCTION plasma.reset_table(relation regclass)
RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_propagate_reset_table';
COMMENT ON FUNCTION plasma.reset_table(regclass) IS 'Makes every client fetch a synced table anew, and returns its new generation';

CREATE OR REPLACE FUNCTION plasma.keep_copies(relation regclass, added text[] DEFAULT '{}', changed text[] DEFAULT '{}')
RETURNS text[]
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_propagate_keep_copies';
COMMENT ON FUNCTION plasma.keep_copies(regclass, text[], text[]) IS 'Says that what clients hold of a synced table outlives this transaction''s DDL on it; returns the columns of which that is noted';

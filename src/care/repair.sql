-- Mending, beginning afresh, and leaving.

CREATE OR REPLACE FUNCTION plasma.repair()
RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_repair_run';
COMMENT ON FUNCTION plasma.repair() IS 'Mends what plasma.verify() finds, as far as that is safe, and returns what it did and what is left';

CREATE OR REPLACE FUNCTION plasma.new_epoch()
RETURNS uuid
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_epoch_renew';
COMMENT ON FUNCTION plasma.new_epoch() IS 'Lets every client start afresh at its next pull, and returns the new epoch of the log';

CREATE OR REPLACE FUNCTION plasma.drop_capture()
RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_release_run';
COMMENT ON FUNCTION plasma.drop_capture() IS 'Ends the capture of every table and removes what plasma generated for it; the tables stay as they are';

-- The change log.  Not dumped: a restored database starts a new one.

CREATE TABLE plasma.changes (
	row_version bigserial,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	table_name text NOT NULL,
	row_id text,
	op text NOT NULL CHECK (op IN ('put', 'del', 'clear')),
	value json,
	created_at bigint NOT NULL,
	client_group_id text,
	client_id text,
	mutation_id bigint,
	CHECK ((op = 'clear') = (row_id IS NULL)),
	PRIMARY KEY (xid, row_version)
);
COMMENT ON TABLE plasma.changes IS 'The change log: one row per write of one synced row';
COMMENT ON COLUMN plasma.changes.row_version IS 'Order of the writes; taken before the commit, so it is no cursor';
COMMENT ON COLUMN plasma.changes.xid IS 'The top-level transaction that wrote';
COMMENT ON COLUMN plasma.changes.row_id IS 'Canonical text of the key; NULL for clear';
COMMENT ON COLUMN plasma.changes.op IS 'put: the row was inserted or changed; del: deleted; clear: the table was truncated';
COMMENT ON COLUMN plasma.changes.value IS 'The row as the write left it; NULL for del and clear, and where the table keeps no history';
COMMENT ON COLUMN plasma.changes.created_at IS 'Milliseconds since 1970-01-01 00:00 UTC';
COMMENT ON COLUMN plasma.changes.client_group_id IS 'Origin of a write made by push; NULL for any other write';

-- A pull looks for clears first, whatever else is in the log.
CREATE INDEX changes_clear ON plasma.changes (xid) WHERE op = 'clear';
COMMENT ON INDEX plasma.changes_clear IS 'The truncations, which a catch-up sends before anything else';

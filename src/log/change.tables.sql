-- The change log.  Not dumped: a restored database starts a new one.

CREATE TABLE plasma.changes (
	row_version bigserial,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	table_name text NOT NULL,
	row_id text,
	op text NOT NULL CHECK (op IN ('put', 'del', 'clear', 'refetch')),
	value json,
	created_at bigint NOT NULL,
	client_group_id text,
	client_id text,
	mutation_id bigint,
	scope text COLLATE "C",
	old_scope text COLLATE "C",
	inserted boolean NOT NULL DEFAULT false,
	CHECK ((op IN ('clear', 'refetch')) = (row_id IS NULL)),
	PRIMARY KEY (xid, row_version)
);
COMMENT ON TABLE plasma.changes IS 'The change log: one row per write of one synced row';
COMMENT ON COLUMN plasma.changes.row_version IS 'Order of the writes; taken before the commit, so it is no cursor';
COMMENT ON COLUMN plasma.changes.xid IS 'The top-level transaction that wrote';
COMMENT ON COLUMN plasma.changes.row_id IS 'Canonical text of the key; NULL for clear and refetch';
COMMENT ON COLUMN plasma.changes.op IS 'put: the row was inserted or changed; del: deleted; clear: the table was truncated; refetch: who sees which rows may have changed';
COMMENT ON COLUMN plasma.changes.value IS 'The row as the write left it; NULL for del and clear, and where the table keeps no history';
COMMENT ON COLUMN plasma.changes.created_at IS 'Milliseconds since 1970-01-01 00:00 UTC';
COMMENT ON COLUMN plasma.changes.scope IS 'The slice that the row is in, for a del was in: scope:value, or the scope alone where the value is null; NULL for a table without a scope';
COMMENT ON COLUMN plasma.changes.old_scope IS 'The slice that the write took the row out of; NULL where it stayed';
COMMENT ON COLUMN plasma.changes.inserted IS 'Whether there was no row of this id before the write';
COMMENT ON COLUMN plasma.changes.client_group_id IS 'Origin of a write made by push; NULL for any other write';

-- A pull looks for clears first, whatever else is in the log.
CREATE INDEX changes_clear ON plasma.changes (xid) WHERE row_id IS NULL;
COMMENT ON INDEX plasma.changes_clear IS 'Truncations and refetches, which a catch-up sends before anything else';

-- It then reads what is everybody's, and what is in the slices of its caller.
CREATE INDEX changes_common ON plasma.changes (xid, row_version) WHERE scope IS NULL;
COMMENT ON INDEX plasma.changes_common IS 'Changes of tables without a scope';
CREATE INDEX changes_scope ON plasma.changes (scope, xid, row_version) WHERE scope IS NOT NULL;
COMMENT ON INDEX plasma.changes_scope IS 'Changes of the rows of a slice';
CREATE INDEX changes_old_scope ON plasma.changes (old_scope, xid, row_version) WHERE old_scope IS NOT NULL;
COMMENT ON INDEX plasma.changes_old_scope IS 'Rows that left a slice for another one';

-- What compaction remembers of itself.  As little dumped as the log.

CREATE TABLE plasma.compactions (
	table_name text PRIMARY KEY,
	horizon xid8 NOT NULL DEFAULT '0',
	xid xid8 NOT NULL DEFAULT '0',
	row_version bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE plasma.compactions IS 'How far the log is compacted: one row for all tables, and one for each whose history is kept for longer';
COMMENT ON COLUMN plasma.compactions.table_name IS 'The empty string: all tables that have no row of their own';
COMMENT ON COLUMN plasma.compactions.horizon IS 'Entries of older transactions are to be compacted';
COMMENT ON COLUMN plasma.compactions.xid IS 'With row_version: the last entry that was looked at; none up to it is ever read again';
INSERT INTO plasma.compactions VALUES ('');

-- Finds what a newer entry takes the place of, so that the log needs no index for it,
-- for which every writer would pay.
CREATE TABLE plasma.compacted_rows (
	table_name text NOT NULL,
	row_id text,
	xid xid8 NOT NULL,
	row_version bigint NOT NULL,
	forget_at xid8
);
CREATE UNIQUE INDEX compacted_rows_key ON plasma.compacted_rows (table_name, row_id);
CREATE UNIQUE INDEX compacted_rows_clear ON plasma.compacted_rows (table_name) WHERE row_id IS NULL;
CREATE INDEX compacted_rows_forget ON plasma.compacted_rows (forget_at) WHERE forget_at IS NOT NULL;
COMMENT ON TABLE plasma.compacted_rows IS 'The newest entry of each row and the last clear of each table, of the part of the log that is compacted';
COMMENT ON COLUMN plasma.compacted_rows.row_id IS 'NULL: a clear. A digest where the id is longer than 1000 bytes';
COMMENT ON COLUMN plasma.compacted_rows.forget_at IS 'NULL: a put that is in the log, or a clear whose table is still to be swept. Else the entry is gone, and no longer needs to be known when all transactions below this one are compacted';
COMMENT ON INDEX plasma.compacted_rows_clear IS 'One clear for each table';

-- The synced tables of the active declaration, as pull and capture need them.

CREATE TABLE plasma.tables (
	table_name text PRIMARY KEY,
	relation regclass NOT NULL UNIQUE,
	key_columns text[] NOT NULL,
	columns json NOT NULL,
	generation bigint NOT NULL DEFAULT 1,
	suppressed boolean NOT NULL DEFAULT false,
	history boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE plasma.tables IS 'The synced tables of the active declaration';
COMMENT ON COLUMN plasma.tables.table_name IS 'The name in the declaration and on the wire';
COMMENT ON COLUMN plasma.tables.columns IS 'Declared columns in order: [{"name": …, "kind": …}]';
COMMENT ON COLUMN plasma.tables.generation IS 'Raised where rows changed without a log entry; clients then fetch the table anew';
COMMENT ON COLUMN plasma.tables.suppressed IS 'changeLogSuppressed: the table exists, but is not captured and not pulled';
COMMENT ON COLUMN plasma.tables.history IS 'Whether the log keeps the row image beside its key';
SELECT pg_catalog.pg_extension_config_dump('plasma.tables', '');

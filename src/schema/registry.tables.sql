-- The synced tables of the active declaration, as pull and capture need them.

CREATE TABLE plasma.tables (
	table_name text PRIMARY KEY,
	schema_name text NOT NULL,
	relation regclass NOT NULL UNIQUE,
	key_columns text[] NOT NULL,
	columns json NOT NULL,
	generation bigint NOT NULL DEFAULT 1,
	suppressed boolean NOT NULL DEFAULT false,
	history boolean NOT NULL DEFAULT true,
	partitions regclass[] NOT NULL DEFAULT '{}',
	shape bigint NOT NULL DEFAULT 0,
	kept json NOT NULL DEFAULT '{}',
	retention interval,
	scope text,
	scope_columns text[],
	depends_on json,
	CHECK ((scope IS NULL) = (scope_columns IS NULL))
);
COMMENT ON TABLE plasma.tables IS 'The synced tables of the active declaration';
COMMENT ON COLUMN plasma.tables.table_name IS 'The name in the declaration and on the wire';
COMMENT ON COLUMN plasma.tables.schema_name IS 'The schema that the declaration puts the table in';
COMMENT ON COLUMN plasma.tables.columns IS 'Declared columns in order: [{"name": …, "kind": …, "encrypted": true where it is}]';
COMMENT ON COLUMN plasma.tables.generation IS 'Raised where rows changed without a log entry; clients then fetch the table anew';
COMMENT ON COLUMN plasma.tables.suppressed IS 'changeLogSuppressed: the table exists, but is not captured and not pulled';
COMMENT ON COLUMN plasma.tables.history IS 'Whether the log keeps the row image beside its key';
COMMENT ON COLUMN plasma.tables.partitions IS 'All partitions below the relation when capture was last installed, so that an attach or detach is noticed';
COMMENT ON COLUMN plasma.tables.shape IS 'Times that columns were added while clients kept the rows that they had';
COMMENT ON COLUMN plasma.tables.kept IS 'DDL that left clients'' rows good: {column: {"shape": since when clients know it, "mark": …, "counts_as": the mark before}}';
COMMENT ON COLUMN plasma.tables.retention IS 'How long the log keeps every entry of the table; NULL, or less than plasma.retention: as long as that';
COMMENT ON COLUMN plasma.tables.scope IS 'The scope of plasma.scopes that the table is cut by; NULL: clients get the whole of it';
COMMENT ON COLUMN plasma.tables.scope_columns IS 'Whose values name the slice that a row is in';
COMMENT ON COLUMN plasma.tables.depends_on IS 'auth.dependsOn: tables that decide who sees which row; false: none; NULL: not declared';
SELECT pg_catalog.pg_extension_config_dump('plasma.tables', '');

CREATE TABLE plasma.scopes (
	scope text PRIMARY KEY,
	query text NOT NULL,
	declared text
);
COMMENT ON TABLE plasma.scopes IS 'The scopes of the active declaration';
COMMENT ON COLUMN plasma.scopes.declared IS 'The query as it was declared: as long as that stays, names are not looked up again';
COMMENT ON COLUMN plasma.scopes.query IS 'Lists the slices that the caller may sync; the declared query with every name qualified, its columns of the types of the tables''';
SELECT pg_catalog.pg_extension_config_dump('plasma.scopes', '');

-- A generation must not be used twice: a client that was away while its table
-- left the declaration and came back would miss what was written in between.
CREATE TABLE plasma.former_tables (
	table_name text PRIMARY KEY,
	generation bigint NOT NULL
);
COMMENT ON TABLE plasma.former_tables IS 'Tables that an earlier declaration held and the active one does not';
COMMENT ON COLUMN plasma.former_tables.generation IS 'The last generation that clients may know; the table starts above it when it comes back';
SELECT pg_catalog.pg_extension_config_dump('plasma.former_tables', '');

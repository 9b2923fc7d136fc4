-- The tables that policies of synced tables read, and on which plasma has triggers.

CREATE TABLE plasma.policy_sources (
	table_name text NOT NULL,
	source regclass NOT NULL,
	columns text[],
	PRIMARY KEY (source, table_name)
);
COMMENT ON TABLE plasma.policy_sources IS 'Tables that decide which rows of a synced table a caller sees; when they change, clients fetch the synced table anew';
COMMENT ON COLUMN plasma.policy_sources.table_name IS 'The synced table, as in plasma.tables';
COMMENT ON COLUMN plasma.policy_sources.source IS 'The table that its policies read';
COMMENT ON COLUMN plasma.policy_sources.columns IS 'The columns that count: an update of others is of no interest; NULL: all of them';
SELECT pg_catalog.pg_extension_config_dump('plasma.policy_sources', '');

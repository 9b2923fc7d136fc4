-- Columns whose rows of before still wait for their default.

-- Dumped: the rows of a restored database wait as well.
CREATE TABLE plasma.backfills (
	relation regclass,
	column_name text,
	PRIMARY KEY (relation, column_name)
);
COMMENT ON TABLE plasma.backfills IS 'Columns whose existing rows still wait for the default, one value for each';
COMMENT ON COLUMN plasma.backfills.column_name IS 'May be about to be added';
SELECT pg_catalog.pg_extension_config_dump('plasma.backfills', '');

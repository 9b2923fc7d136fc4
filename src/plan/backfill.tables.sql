-- Columns whose rows of before still wait for their default, or did so a moment ago.

-- Dumped: the rows of a restored database wait as well.
CREATE TABLE plasma.backfills (
	relation regclass,
	column_name text,
	filled boolean NOT NULL DEFAULT false,
	PRIMARY KEY (relation, column_name)
);
COMMENT ON TABLE plasma.backfills IS 'Columns whose existing rows get the default, one value for each, until they are registered';
COMMENT ON COLUMN plasma.backfills.column_name IS 'May be about to be added';
COMMENT ON COLUMN plasma.backfills.filled IS 'No row waits any more, but the column is not yet all that it is to be: NOT NULL may be to come';
SELECT pg_catalog.pg_extension_config_dump('plasma.backfills', '');

-- Columns whose rows of before still wait for their default.

-- Not dumped: a restored database is planned anew.
CREATE TABLE plasma.backfills (
	relation regclass,
	column_name text,
	PRIMARY KEY (relation, column_name)
);
COMMENT ON TABLE plasma.backfills IS 'Columns whose existing rows still wait for the default, one value for each';
COMMENT ON COLUMN plasma.backfills.column_name IS 'May be about to be added';

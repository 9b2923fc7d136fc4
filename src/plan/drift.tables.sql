-- What plasma's own tables are made of, for plasma.drift().

CREATE TABLE plasma.own_shape (
	table_name text NOT NULL,
	column_name text,
	index_name text,
	definition text NOT NULL
);
COMMENT ON TABLE plasma.own_shape IS 'Columns and indexes of plasma''s own tables as the extension made them';

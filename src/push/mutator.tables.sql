-- Registered mutators.  The function is kept as text: pg_upgrade refuses regprocedure.

CREATE TABLE plasma.mutators (
	name text PRIMARY KEY,
	function text NOT NULL
);
COMMENT ON TABLE plasma.mutators IS 'The function that push calls for each mutation name';
COMMENT ON COLUMN plasma.mutators.function IS 'Signature with its schema, as regprocedure reads it';
SELECT pg_catalog.pg_extension_config_dump('plasma.mutators', '');

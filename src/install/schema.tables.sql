-- The schema and the one row of state that belongs to no room.

CREATE SCHEMA plasma;
COMMENT ON SCHEMA plasma IS 'plasma, a local-first sync engine: its functions, its change log and its ledgers';

DO $$
BEGIN
	IF (SELECT pg_catalog.pg_encoding_to_char(encoding) OPERATOR(pg_catalog.<>) 'UTF8'
		FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()) THEN
		RAISE EXCEPTION 'plasma needs a database whose encoding is UTF8'
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

-- Not dumped: a restored database is another one, and its new epoch resets every cookie.
CREATE TABLE plasma.state (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	epoch uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
	floor xid8 NOT NULL DEFAULT '0',
	registry uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid()
);
COMMENT ON TABLE plasma.state IS 'One row: what every cookie of this database depends on';
COMMENT ON COLUMN plasma.state.epoch IS 'Identity of the change log; a cookie of another epoch is reset';
COMMENT ON COLUMN plasma.state.floor IS 'Changes of older transactions may have been removed from the log';
COMMENT ON COLUMN plasma.state.registry IS 'New whenever plasma.tables, plasma.scopes, plasma.declarations or plasma.mutators changes; caches are keyed by it';
INSERT INTO plasma.state DEFAULT VALUES;

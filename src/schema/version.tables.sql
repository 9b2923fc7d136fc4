-- Every declaration that was ever accepted.

CREATE TABLE plasma.declarations (
	ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	version text NOT NULL,
	sha256 bytea NOT NULL UNIQUE,
	declaration json NOT NULL,
	active boolean NOT NULL DEFAULT false,
	served boolean NOT NULL DEFAULT true,
	follows bigint,
	declared_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE UNIQUE INDEX declarations_active ON plasma.declarations (active) WHERE active;
COMMENT ON TABLE plasma.declarations IS 'Every accepted declaration, the active one marked';
COMMENT ON COLUMN plasma.declarations.sha256 IS 'Of the declaration as compact JSON';
COMMENT ON COLUMN plasma.declarations.served IS 'Whether clients of this version are still served: nothing client-breaking lies between it and the active one';
COMMENT ON COLUMN plasma.declarations.follows IS 'The ordinal of the declaration that was active when this one was accepted; NULL when none was';
SELECT pg_catalog.pg_extension_config_dump('plasma.declarations', '');
SELECT pg_catalog.pg_extension_config_dump(pg_catalog.pg_get_serial_sequence('plasma.declarations', 'ordinal')::regclass, '');

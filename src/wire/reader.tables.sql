-- When a client was last seen, for monitoring and expiry.  Written by plasma.http only.

CREATE TABLE plasma.readers (
	client_group_id text NOT NULL,
	client_id text NOT NULL,
	schema_version text,
	last_seen timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (client_group_id, client_id)
);
COMMENT ON TABLE plasma.readers IS 'When each client last pulled over HTTP, to within plasma.reader_interval';

-- Who owns a client group: the first identity that pushed with it.

CREATE TABLE plasma.client_groups (
	client_group_id text PRIMARY KEY,
	owner_kind text NOT NULL CHECK (owner_kind IN ('sub', 'role')),
	owner text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE plasma.client_groups IS 'Owner of each client group: the identity that first pushed with it';
COMMENT ON COLUMN plasma.client_groups.owner_kind IS 'Whether owner is the sub of a ctx or the name of a role';
SELECT pg_catalog.pg_extension_config_dump('plasma.client_groups', '');

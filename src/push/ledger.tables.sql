-- The ledger of mutation ids: what each client has already had run.

CREATE TABLE plasma.client_mutations (
	client_group_id text NOT NULL,
	client_id text NOT NULL,
	last_mutation_id bigint NOT NULL,
	xid xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
	schema_version text,
	updated_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (client_group_id, client_id)
);
COMMENT ON TABLE plasma.client_mutations IS 'Highest mutation id that was run or refused for good, per client';
COMMENT ON COLUMN plasma.client_mutations.xid IS 'The transaction that last moved the id';
SELECT pg_catalog.pg_extension_config_dump('plasma.client_mutations', '');

CREATE TABLE plasma.mutation_failures (
	client_group_id text NOT NULL,
	client_id text NOT NULL,
	mutation_id bigint NOT NULL,
	name text NOT NULL,
	args jsonb,
	code text NOT NULL,
	message text NOT NULL,
	failed_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	PRIMARY KEY (client_group_id, client_id, mutation_id)
);
COMMENT ON TABLE plasma.mutation_failures IS 'Mutations that failed for good, kept as long as their client';
COMMENT ON COLUMN plasma.mutation_failures.code IS 'SQLSTATE of the error';
SELECT pg_catalog.pg_extension_config_dump('plasma.mutation_failures', '');

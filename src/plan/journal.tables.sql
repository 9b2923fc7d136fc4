-- What migrations did to this database.  History: nothing depends on it, and a dump
-- takes it along, as it does the declarations.

CREATE TABLE plasma.migrations (
	ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	version text NOT NULL,
	executor text NOT NULL,
	executed_by text NOT NULL,
	status text NOT NULL CHECK (status IN ('running', 'applied', 'failed', 'interrupted')),
	sha256 bytea NOT NULL,
	catalog_before text NOT NULL,
	catalog_after text,
	options jsonb NOT NULL,
	error text,
	started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	finished_at timestamptz
);
COMMENT ON TABLE plasma.migrations IS 'Each run of run_migrations or migrate that had something to do';
COMMENT ON COLUMN plasma.migrations.executed_by IS 'The role as which its statements ran';
COMMENT ON COLUMN plasma.migrations.status IS 'interrupted: its session ended before it did; the next migrate goes on where it stood';
COMMENT ON COLUMN plasma.migrations.sha256 IS 'Of the declaration; see plasma.declarations';
COMMENT ON COLUMN plasma.migrations.catalog_before IS 'The fingerprint of the plan';
COMMENT ON COLUMN plasma.migrations.catalog_after IS 'The fingerprint at the end';
SELECT pg_catalog.pg_extension_config_dump('plasma.migrations', '');
SELECT pg_catalog.pg_extension_config_dump(pg_catalog.pg_get_serial_sequence('plasma.migrations', 'ordinal')::regclass, '');

CREATE TABLE plasma.migration_steps (
	migration bigint NOT NULL,
	n int NOT NULL,
	op text NOT NULL,
	object text NOT NULL,
	sql text,
	undo text,
	started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
	finished_at timestamptz,
	PRIMARY KEY (migration, n)
);
COMMENT ON TABLE plasma.migration_steps IS 'Each statement of a migration, in the order in which they ran';
COMMENT ON COLUMN plasma.migration_steps.sql IS 'NULL for the registration of the declaration';
COMMENT ON COLUMN plasma.migration_steps.undo IS 'What takes the statement back, where it can be; in the opposite order';
SELECT pg_catalog.pg_extension_config_dump('plasma.migration_steps', '');

-- A migration in one transaction.

CREATE OR REPLACE FUNCTION plasma.run_migrations(schema json, options jsonb DEFAULT '{}') RETURNS jsonb
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_run_migrations';
COMMENT ON FUNCTION plasma.run_migrations(json, jsonb) IS
	'Brings the database to a declaration in this transaction, or raises MigrationRefused with every reason and changes nothing';

CREATE OR REPLACE VIEW plasma.stat_migrations AS
SELECT
	m.ordinal,
	m.version,
	m.executor,
	m.executed_by,
	m.status,
	s.statements,
	r.object AS running_object,
	r.sql AS running_sql,
	r.started_at AS running_since,
	m.error,
	m.started_at,
	m.finished_at
FROM plasma.migrations m
CROSS JOIN LATERAL (
	SELECT pg_catalog.count(t.finished_at) AS statements
	FROM plasma.migration_steps t WHERE t.migration = m.ordinal) s
LEFT JOIN LATERAL (
	SELECT t.object, t.sql, t.started_at FROM plasma.migration_steps t
	WHERE t.migration = m.ordinal AND t.finished_at IS NULL AND m.status = 'running'
	ORDER BY t.n DESC LIMIT 1) r ON true;
COMMENT ON VIEW plasma.stat_migrations IS 'Each migration: what it was for, how far it is, how it ended';
COMMENT ON COLUMN plasma.stat_migrations.statements IS 'How many of its statements are done';
COMMENT ON COLUMN plasma.stat_migrations.running_sql IS 'The backfill that runs at this time; other statements show when they are done';

-- What an operator looks at.  The views read plasma's own tables with their owner's
-- rights, and are open to roles of level monitor.

CREATE OR REPLACE VIEW plasma.stat_log AS
SELECT
	NULLIF(c.reltuples, -1)::bigint AS entries,
	pg_catalog.pg_total_relation_size(c.oid) AS bytes,
	oldest.row_version AS oldest_row_version,
	newest.row_version AS newest_row_version,
	pg_catalog.to_timestamp(oldest.created_at / 1000.0) AS oldest_created_at,
	pg_catalog.to_timestamp(newest.created_at / 1000.0) AS newest_created_at,
	s.epoch,
	s.floor,
	d.version AS active_version
FROM plasma.state s
JOIN pg_catalog.pg_class c ON c.oid = 'plasma.changes'::pg_catalog.regclass
LEFT JOIN plasma.declarations d ON d.active
LEFT JOIN LATERAL (
	SELECT l.row_version, l.created_at FROM plasma.changes l
	ORDER BY l.xid, l.row_version LIMIT 1) oldest ON true
LEFT JOIN LATERAL (
	SELECT l.row_version, l.created_at FROM plasma.changes l
	ORDER BY l.xid DESC, l.row_version DESC LIMIT 1) newest ON true;
COMMENT ON VIEW plasma.stat_log IS 'The change log: its size, its range, and what cookies of it depend on';
COMMENT ON COLUMN plasma.stat_log.entries IS 'As the last ANALYZE or VACUUM estimated it; NULL before the first';
COMMENT ON COLUMN plasma.stat_log.oldest_row_version IS 'Of the first entry in the order of transactions';
COMMENT ON COLUMN plasma.stat_log.newest_row_version IS 'Of the last entry in the order of transactions';

CREATE OR REPLACE VIEW plasma.stat_clients AS
SELECT
	client_group_id,
	client_id,
	m.last_mutation_id,
	m.updated_at AS last_push,
	r.last_seen AS last_pull,
	GREATEST(m.updated_at, r.last_seen) AS last_seen,
	CASE WHEN m.updated_at > r.last_seen THEN m.schema_version
		ELSE COALESCE(r.schema_version, m.schema_version) END AS schema_version,
	(SELECT pg_catalog.count(*) FROM plasma.mutation_failures f
	 WHERE f.client_group_id = m.client_group_id AND f.client_id = m.client_id) AS failures
FROM plasma.client_mutations m
FULL JOIN plasma.readers r USING (client_group_id, client_id);
COMMENT ON VIEW plasma.stat_clients IS 'Each client that pushed, or pulled over plasma.http';
COMMENT ON COLUMN plasma.stat_clients.last_pull IS 'To within plasma.reader_interval';
COMMENT ON COLUMN plasma.stat_clients.schema_version IS 'What the client named when it was last here';
COMMENT ON COLUMN plasma.stat_clients.failures IS 'How many of its mutations failed for good';

CREATE OR REPLACE VIEW plasma.stat_tables AS
SELECT
	t.table_name,
	t.relation,
	t.generation,
	t.suppressed,
	size.rows,
	size.bytes,
	trigger.installed AS triggers,
	trigger.enabled AS triggers_enabled,
	t.scope,
	t.scope_columns
FROM plasma.tables t
CROSS JOIN LATERAL (
	SELECT pg_catalog.sum(NULLIF(c.reltuples, -1))::bigint AS rows,
		pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid))::bigint AS bytes
	FROM pg_catalog.pg_class c
	WHERE c.relkind = 'r' AND (c.oid = t.relation OR c.oid IN (
		SELECT p.relid FROM pg_catalog.pg_partition_tree(t.relation) p))) size
CROSS JOIN LATERAL (
	SELECT pg_catalog.count(*) AS installed,
		pg_catalog.count(*) FILTER (WHERE g.tgenabled <> 'D') AS enabled
	FROM pg_catalog.pg_trigger g
	JOIN pg_catalog.pg_proc f ON f.oid = g.tgfoid
	WHERE f.proname LIKE '\_plasma\_trg\_%' AND (g.tgrelid = t.relation OR g.tgrelid IN (
		SELECT p.relid FROM pg_catalog.pg_partition_tree(t.relation) p))) trigger;
COMMENT ON VIEW plasma.stat_tables IS 'The synced tables, their size and the state of their capture, partitions included';
COMMENT ON COLUMN plasma.stat_tables.rows IS 'As the last ANALYZE or VACUUM estimated it; NULL before the first';
COMMENT ON COLUMN plasma.stat_tables.scope IS 'Whose values cut the table into slices; NULL: it is synced whole';
COMMENT ON COLUMN plasma.stat_tables.scope_columns IS 'The columns that tell the slice of a row';
COMMENT ON COLUMN plasma.stat_tables.triggers_enabled IS 'Fewer than triggers where somebody disabled some: writes are then missing in the log';

-- What an operator sees.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE ROLE regress_views_monitor;
SELECT plasma.grant_access('regress_views_monitor', 'monitor') \g /dev/null

-- Before anything is there
SET ROLE regress_views_monitor;
SELECT oldest_row_version, newest_created_at, floor, active_version FROM plasma.stat_log;
SELECT count(*) FROM plasma.stat_clients;
SELECT count(*) FROM plasma.stat_tables;
RESET ROLE;

SELECT plasma.ensure_schema('{"version": "views", "tables": {
	"views_things": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"}}},
	"views_quiet": {"changeLogSuppressed": true, "columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE FUNCTION public.views_add(id text, title text) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.views_things VALUES (id, title) $$;
SELECT plasma.register_mutator('add', 'public.views_add(text,text)') \g /dev/null
INSERT INTO public.views_things SELECT 'row ' || n, 'by hand' FROM generate_series(1, 3) n;
SELECT status FROM plasma.http('POST', '/push', '{"protocolVersion": 1, "schemaVersion": "views", "clientGroupID": "g", "clientID": "pusher",
	"mutations": [{"id": 1, "name": "add", "args": {"id": "a", "title": "one"}}, {"id": 2, "name": "add", "args": {"id": "a", "title": "again"}}]}');
SELECT status FROM plasma.http('POST', '/pull', '{"protocolVersion": 1, "schemaVersion": "views", "clientGroupID": "g", "clientID": "reader",
	"cookie": null}');
ANALYZE plasma.changes, public.views_things;

SET ROLE regress_views_monitor;
SELECT entries, bytes > 0 AS bytes, newest_row_version > oldest_row_version AS range,
	newest_created_at >= oldest_created_at AS ordered, newest_created_at BETWEEN now() - interval '1 hour' AND now() + interval '1 hour' AS recent,
	epoch IS NOT NULL AS epoch, floor, active_version
FROM plasma.stat_log;
SELECT client_group_id, client_id, last_mutation_id, last_push IS NOT NULL AS pushed, last_pull IS NOT NULL AS pulled,
	last_seen IS NOT NULL AS seen, schema_version, failures
FROM plasma.stat_clients ORDER BY 1, 2;
SELECT table_name, relation, generation, suppressed, rows, bytes > 0 AS bytes, triggers > 0 AS captured, triggers = triggers_enabled AS enabled
FROM plasma.stat_tables ORDER BY 1;
RESET ROLE;

-- A trigger that somebody disabled shows
ALTER TABLE public.views_things DISABLE TRIGGER USER;
SELECT table_name, triggers_enabled FROM plasma.stat_tables WHERE NOT suppressed;
-- So does a table that was dropped
DROP TABLE public.views_things;
SELECT table_name, rows, bytes IS NOT NULL AS bytes, triggers FROM plasma.stat_tables ORDER BY 1;

DROP EXTENSION plasma CASCADE;
DROP FUNCTION public.views_add;
DROP TABLE public.views_quiet;
DROP ROLE regress_views_monitor;

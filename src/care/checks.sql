-- What plasma.verify asks of plasma's own tables and of the catalogs, a reader for
-- each subject.  It calls them as the owner, each in a subtransaction.

CREATE OR REPLACE FUNCTION plasma.verify_own()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT 'VF301', 'error', 'plasma.state', 'does not hold its one row, so that no client is served',
		'SELECT plasma.repair(); every client then starts afresh'
	WHERE (SELECT count(*) FROM plasma.state) <> 1
	UNION ALL
	SELECT 'VF302', 'error', i.indexrelid::regclass::text, 'the index is invalid and not used',
		'SELECT plasma.repair(), or REINDEX INDEX CONCURRENTLY ' || i.indexrelid::regclass
	FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
	WHERE c.relnamespace = 'plasma'::regnamespace AND NOT (i.indisvalid AND i.indisready AND i.indislive)
	UNION ALL
	SELECT 'VF310', 'error', c.oid::regclass::text, 'triggers of it are disabled: ' || string_agg(g.tgname, ', ' ORDER BY g.tgname),
		'SELECT plasma.repair()'
	FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
	WHERE c.relnamespace = 'plasma'::regnamespace AND g.tgenabled IN ('D', 'R')
	GROUP BY c.oid
$$;
COMMENT ON FUNCTION plasma.verify_own() IS 'Whether plasma''s own tables can be used';

-- The trees of the captured tables.
CREATE OR REPLACE FUNCTION plasma.captured()
RETURNS TABLE (table_name text, relation regclass)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE tree (table_name, relid) AS (
		SELECT t.table_name, t.relation::oid FROM plasma.tables t
		WHERE NOT t.suppressed AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.relation)
		UNION
		SELECT t.table_name, i.inhrelid FROM tree t JOIN pg_class c ON c.oid = t.relid AND c.relkind = 'p'
			JOIN pg_inherits i ON i.inhparent = t.relid AND NOT i.inhdetachpending)
	SELECT table_name, relid FROM tree
$$;
COMMENT ON FUNCTION plasma.captured() IS 'Each relation whose writes are logged, with the synced table that they are logged for';

-- What is made to write the log, and should not be: such triggers log rows twice, or
-- under a name that is no table's any more.
CREATE OR REPLACE FUNCTION plasma.stray_triggers()
RETURNS TABLE (relation regclass, trigger_name text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT g.tgrelid, g.tgname::text FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
	WHERE p.pronamespace = 'plasma'::regnamespace AND starts_with(p.proname, '_plasma_trg_') AND NOT g.tgisinternal
		AND g.tgrelid NOT IN (SELECT c.relation FROM plasma.captured() c)
$$;
COMMENT ON FUNCTION plasma.stray_triggers() IS 'Triggers of plasma on relations whose writes are not to be logged';

CREATE OR REPLACE FUNCTION plasma.verify_functions()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH generated AS (
		SELECT p.*, n.nspowner, p.oid::regprocedure::text AS name
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE n.nspname = 'plasma' AND p.prorettype = 'trigger'::regtype AND starts_with(p.proname, '_plasma_trg_'))
	SELECT 'VF106', 'error', name, format('belongs to %s, plasma to %s', proowner::regrole, nspowner::regrole),
		'SELECT plasma.repair()'
	FROM generated WHERE proowner <> nspowner
	UNION ALL
	SELECT 'VF107', 'error', name,
		CASE WHEN NOT prosecdef THEN 'is not SECURITY DEFINER, so that writers have no right to log'
			WHEN proconfig IS DISTINCT FROM '{jit=off}' THEN 'has other settings than plasma gave it: ' || COALESCE(array_to_string(proconfig, ', '), 'none')
			ELSE 'is not written in plpgsql' END,
		'SELECT plasma.repair()'
	FROM generated
	WHERE NOT prosecdef OR proconfig IS DISTINCT FROM '{jit=off}' OR prolang <> (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
	UNION ALL
	SELECT 'VF108', 'error', name, 'may be executed by others than its owner, who could write into the log with it',
		'SELECT plasma.repair()'
	FROM generated
	WHERE EXISTS (SELECT FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) a WHERE a.grantee <> proowner)
	UNION ALL
	SELECT 'VF109', 'error', format('%I on %s', s.trigger_name, s.relation), 'is a trigger of plasma on a table that is not synced',
		'SELECT plasma.repair()'
	FROM plasma.stray_triggers() s
	UNION ALL
	SELECT 'VF110', 'info', name, 'no trigger calls it', 'SELECT plasma.repair()'
	FROM generated WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgfoid = generated.oid)
$$;
COMMENT ON FUNCTION plasma.verify_functions() IS 'Whether the generated functions are plasma''s alone, and called where they should be';

CREATE OR REPLACE FUNCTION plasma.verify_tables()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH registered AS (
		SELECT t.*, c.oid, c.relname, c.relkind, c.relpersistence, c.relispartition, n.nspname,
			format('%I.%I', t.schema_name, t.table_name) AS name
		FROM plasma.tables t LEFT JOIN pg_class c ON c.oid = t.relation LEFT JOIN pg_namespace n ON n.oid = c.relnamespace)
	SELECT 'VF201', 'error', name, 'the table was dropped',
		'plasma.ensure_schema with the active declaration makes it anew, empty; plasma.run_migrations with one that lacks it lets it go'
	FROM registered WHERE oid IS NULL
	UNION ALL
	SELECT 'VF202', 'error', name, format('the table is %I.%I now', nspname, relname),
		format('give it its name and schema back, or call plasma.run_migrations with a declaration that names it as %I.%I', nspname, relname)
	FROM registered WHERE relname::text <> table_name OR nspname::text <> schema_name
	UNION ALL
	SELECT 'VF203', 'error', name, format('%s is unlogged, and empty without a word after a crash', p.oid::regclass),
		format('ALTER TABLE %s SET LOGGED', p.oid::regclass)
	FROM registered JOIN plasma.captured() d USING (table_name) JOIN pg_class p ON p.oid = d.relation
	WHERE p.relpersistence <> 'p' AND p.relkind <> 'p'
	UNION ALL
	SELECT 'VF204', 'error', name, format('%s is %s, whose writes cannot be logged', p.oid::regclass,
			CASE WHEN p.relkind = 'f' THEN 'a foreign table'
				WHEN p.relispartition THEN 'a partition of a table that is not synced'
				ELSE 'a table with INHERITS' END),
		CASE WHEN p.relkind = 'f' OR p.relispartition THEN format('detach it: ALTER TABLE … DETACH PARTITION %s', p.oid::regclass)
			ELSE format('end it: ALTER TABLE %s NO INHERIT …, or of its children', p.oid::regclass) END
	FROM registered JOIN plasma.captured() d USING (table_name) JOIN pg_class p ON p.oid = d.relation
	WHERE p.relkind = 'f' OR p.oid = registered.oid AND p.relispartition
		OR p.relkind = 'r' AND NOT p.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE p.oid IN (i.inhrelid, i.inhparent))
	UNION ALL
	SELECT 'VF207', 'error', name, 'partitions came or went since capture was set up: '
			|| (SELECT string_agg(format('%s %s', x.relid::regclass, CASE WHEN x.relid = ANY (partitions) THEN 'went' ELSE 'came' END), ', '
					ORDER BY x.relid::regclass::text)
				FROM (SELECT unnest(partitions)::oid UNION SELECT unnest(n.now)) x (relid)
				WHERE NOT (x.relid = ANY (partitions) AND x.relid = ANY (n.now))),
		'SELECT plasma.repair()'
	FROM registered r, LATERAL (SELECT ARRAY(SELECT d.relation::oid FROM plasma.captured() d
		WHERE d.table_name = r.table_name AND d.relation <> r.relation)) n (now)
	WHERE NOT suppressed AND oid IS NOT NULL AND NOT (partitions::oid[] <@ n.now AND n.now <@ partitions::oid[])
$$;
COMMENT ON FUNCTION plasma.verify_tables() IS 'Whether the synced tables are alive and can be captured';

CREATE OR REPLACE FUNCTION plasma.verify_declarations()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT 'VF210', 'error', 'plasma.declarations', 'no declaration is active, but tables are registered: '
			|| string_agg(t.table_name, ', ' ORDER BY t.table_name COLLATE "C"),
		'call plasma.ensure_schema with the declaration of these tables'
	FROM plasma.tables t WHERE NOT EXISTS (SELECT FROM plasma.declarations d WHERE d.active)
	HAVING count(*) > 0
	UNION ALL
	SELECT 'VF213', 'error', format('declaration %s, version %s', d.ordinal, quote_literal(d.version)), 'its text is not the one that was accepted',
		format('put the text back; or accept the one that is there: UPDATE plasma.declarations SET sha256 = sha256(convert_to(declaration::text, %L)) WHERE ordinal = %s', 'UTF8', d.ordinal)
	FROM plasma.declarations d WHERE d.sha256 <> sha256(convert_to(d.declaration::text, 'UTF8'))
$$;
COMMENT ON FUNCTION plasma.verify_declarations() IS 'Whether the accepted declarations are whole';

-- Tables with declared predicates, and the policies that each of them needs.
CREATE OR REPLACE FUNCTION plasma.verify_policies()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH declared AS (
		SELECT t.table_name, c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity, c.relowner,
			j.value->'auth'->>'read' AS read, j.value->'auth'->>'write' AS write
		FROM plasma.declarations d, json_each(d.declaration->'tables') j
			JOIN plasma.tables t ON t.table_name = j.key
			JOIN pg_class c ON c.oid = t.relation
		WHERE d.active),
	expressions AS (
		SELECT p.polrelid, p.polname, regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\s', '', 'g') AS shown,
			regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), '\s', '', 'g') AS checked
		FROM pg_policy p WHERE p.polrelid IN (SELECT d.oid FROM declared d)),
	callers AS MATERIALIZED (
		SELECT r.oid, r.oid::regrole::text AS name, r.rolbypassrls FROM pg_roles r
		WHERE NOT r.rolsuper
			AND (has_function_privilege(r.oid, 'plasma.push(jsonb)', 'EXECUTE') OR has_function_privilege(r.oid, 'plasma.pull(jsonb)', 'EXECUTE'))),
	passing AS (
		SELECT d.name AS object, c.name AS role, COALESCE(d.read, d.write) IS NOT NULL AS auth, c.rolbypassrls,
			COALESCE(d.read, d.write) IS NOT NULL AND current_setting('plasma.allow_bypass_rls', true) IS DISTINCT FROM 'on' AS refused,
			c.oid = (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'plasma') AS is_home,
			CASE WHEN c.rolbypassrls THEN 'has BYPASSRLS' WHEN c.oid = d.relowner THEN 'owns it' ELSE 'has the rights of its owner' END AS how
		FROM declared d, callers c
		WHERE d.relrowsecurity AND (c.rolbypassrls OR NOT d.relforcerowsecurity AND pg_has_role(c.oid, d.relowner, 'USAGE'))
			AND (has_any_column_privilege(c.oid, d.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(c.oid, d.oid, 'DELETE')))
	SELECT 'VF401', 'error', name, 'has a declared auth, but row-level security is off', 'SELECT plasma.repair()'
	FROM declared WHERE NOT relrowsecurity AND COALESCE(read, write) IS NOT NULL
	UNION ALL
	SELECT 'VF402', 'error', name, format('policy %I of its declared auth is missing or was changed', w.policy),
		'call plasma.run_migrations with the active declaration'
	FROM declared, LATERAL (VALUES
		('plasma_read', 'r', read), ('plasma_write_insert', 'a', write),
		('plasma_write_update', 'w', write), ('plasma_write_delete', 'd', write)) w (policy, command, predicate)
	WHERE w.predicate IS NOT NULL AND NOT EXISTS (
		SELECT FROM pg_policy p
		WHERE p.polrelid = declared.oid AND p.polname = w.policy AND p.polcmd = w.command::"char"
			AND NOT p.polpermissive AND p.polroles = '{0}'
			AND obj_description(p.oid, 'pg_policy') = 'declared: ' || w.predicate)
	UNION ALL
	SELECT 'VF402', 'error', d.name, format('policies %I and %I of its declared auth do not agree: one of them was altered by hand', w.policy, w.permission),
		format('DROP POLICY %I ON %s and, in the same transaction, plasma.run_migrations with the active declaration', w.policy, d.name)
	FROM declared d, LATERAL (VALUES
		('plasma_read', 'plasma_allow_select', d.read), ('plasma_write_insert', 'plasma_allow_insert', d.write),
		('plasma_write_update', 'plasma_allow_update', d.write), ('plasma_write_delete', 'plasma_allow_delete', d.write)) w (policy, permission, predicate),
		expressions p, expressions a
	WHERE w.predicate IS NOT NULL AND p.polrelid = d.oid AND p.polname = w.policy AND a.polrelid = d.oid AND a.polname = w.permission
		AND (a.shown <> format('(trueOR%s)', p.shown) OR a.checked <> format('(trueOR%s)', p.checked))
	UNION ALL
	SELECT 'VF403', CASE WHEN refused AND NOT is_home THEN 'error' ELSE 'info' END, object,
		format(CASE WHEN refused THEN '%s %s: its pushes and pulls are refused, as the declared auth would not bind it'
			WHEN auth THEN '%s %s and may push or pull: the declared auth does not bind that role'
			ELSE '%s %s and may push or pull: the policies of the table do not bind that role' END, role, how),
		CASE WHEN rolbypassrls THEN 'let clients come as another role' ELSE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY, or let clients come as another role', object) END
	FROM passing
$$;
COMMENT ON FUNCTION plasma.verify_policies() IS 'Whether declared predicates, and policies of the application, bind those who sync';

CREATE OR REPLACE FUNCTION plasma.verify_sources()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT 'VF431', 'error', t.relation::regclass::text,
		format('who sees which of its rows depends on %s, whose changes do not reach clients', f.source::regclass), 'SELECT plasma.repair()'
	FROM plasma.find_policy_sources() f JOIN plasma.tables t USING (table_name)
		LEFT JOIN plasma.policy_sources s ON s.table_name = f.table_name AND s.source = f.source
	WHERE s.table_name IS NULL OR s.columns IS DISTINCT FROM f.columns
	UNION ALL
	SELECT 'VF432', 'error', COALESCE(f.trigger_name, 'for ' || f.kind) || ' on ' || f.relation::regclass,
		CASE f.fault WHEN 'missing' THEN 'the trigger is missing' WHEN 'disabled' THEN 'the trigger is disabled'
			ELSE 'the trigger fires in other sessions than it should' END
			|| format(', so that clients do not hear of changes that decide who sees which rows of %s',
				(SELECT string_agg(DISTINCT s.table_name, ', ') FROM plasma.policy_sources s
				WHERE s.source = f.relation OR s.source IN (
					WITH RECURSIVE up (relid) AS (
						SELECT f.relation UNION SELECT i.inhparent FROM up u JOIN pg_inherits i ON i.inhrelid = u.relid)
					SELECT relid FROM up))),
		CASE WHEN f.may THEN 'SELECT plasma.repair()'
			ELSE (SELECT CASE WHEN pg_has_role(n.nspowner, c.relowner, 'USAGE')
					THEN format('let the owner of the synced table read %s, by GRANT SELECT; SELECT plasma.repair(); or give the synced table a scope', f.relation::regclass)
					ELSE format('GRANT %s TO %s; SELECT plasma.repair(); or give the synced table a scope', c.relowner::regrole, n.nspowner::regrole) END
				FROM pg_class c, pg_namespace n WHERE c.oid = f.relation AND n.nspname = 'plasma') END
	FROM plasma.source_trigger_faults() f WHERE f.fault <> 'surplus'
	UNION ALL
	SELECT 'VF433', 'warning', t.relation::regclass::text,
		'who sees which of its rows depends on what plasma cannot follow: ' || string_agg(u.what, ', ' ORDER BY u.what),
		'give the table a scope that lists what its callers may sync, or name the tables that are read in its auth.dependsOn'
	FROM plasma.unknown_policy_reads() u JOIN plasma.tables t USING (table_name)
	WHERE t.depends_on IS NULL
	GROUP BY t.relation
	UNION ALL
	SELECT 'VF434', 'info', s.source::text, format('has triggers for %s, whose rows do not depend on it any more', s.table_name), 'SELECT plasma.repair()'
	FROM plasma.policy_sources s JOIN pg_class c ON c.oid = s.source
	WHERE NOT EXISTS (SELECT FROM plasma.find_policy_sources() f WHERE f.table_name = s.table_name AND f.source = s.source)
	UNION ALL
	SELECT 'VF434', 'info', f.trigger_name || ' on ' || f.relation::regclass, 'is a trigger of plasma on a table that nothing depends on', 'SELECT plasma.repair()'
	FROM plasma.source_trigger_faults() f WHERE f.fault = 'surplus'
	UNION ALL
	SELECT 'VF435', 'error', t.relation::regclass::text, format('its auth.dependsOn names %s, which does not exist', quote_literal(d.source_name)),
		'make that table, or leave it out of the declaration'
	FROM plasma.declared_sources() d JOIN plasma.tables t USING (table_name) WHERE d.relation IS NULL
	UNION ALL
	SELECT 'VF436', 'info', t.relation::regclass::text,
		format('has the scope %s, and yet every client fetches all of its slices anew at each change of %s, which policies read',
			quote_literal(t.scope), string_agg(s.source::text, ', ' ORDER BY s.source::text COLLATE "C")),
		'where the scope lists no row that the policies hide, declare "dependsOn": false in its auth; else let the policies compare columns with the caller, or accept the cost'
	FROM plasma.policy_sources s JOIN plasma.tables t USING (table_name) WHERE t.scope IS NOT NULL
	GROUP BY t.relation, t.scope
$$;
COMMENT ON FUNCTION plasma.verify_sources() IS 'Whether clients hear of changes of what policies read';

-- A slice is read by an index whose first columns are those of the scope, in whatever order.
CREATE OR REPLACE FUNCTION plasma.verify_scopes()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH scoped AS (
		SELECT t.*, c.oid, c.oid::regclass::text AS name, c.relkind,
			ARRAY(SELECT a.attnum FROM pg_attribute a
				WHERE a.attrelid = c.oid AND a.attname::text = ANY (t.scope_columns) AND NOT a.attisdropped) AS attnums,
			(SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.n)
				FROM unnest(t.scope_columns || ARRAY(SELECT k FROM unnest(t.key_columns) k WHERE k <> ALL (t.scope_columns)))
					WITH ORDINALITY u (name, n)) AS wanted
		FROM plasma.tables t JOIN pg_class c ON c.oid = t.relation
		WHERE t.scope IS NOT NULL AND NOT t.suppressed)
	SELECT 'VF421', 'warning', name, format('no index begins with the columns of its scope %s: a slice is found by reading the whole table', quote_literal(scope)),
		CASE WHEN relkind = 'p' THEN format('CREATE INDEX ON ONLY %s (%s), then the same CONCURRENTLY on each partition, and ALTER INDEX … ATTACH PARTITION', name, wanted)
			ELSE format('CREATE INDEX CONCURRENTLY ON %s (%s)', name, wanted) END
	FROM scoped s
	WHERE cardinality(attnums) = cardinality(scope_columns) AND NOT EXISTS (
		SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
		WHERE i.indrelid = s.oid AND i.indisvalid AND i.indisready AND i.indpred IS NULL AND m.amname = 'btree'
			AND i.indnkeyatts >= cardinality(s.attnums)
			AND s.attnums <@ (i.indkey::int2[])[0:cardinality(s.attnums) - 1])
	UNION ALL
	SELECT 'VF423', 'error', s.name, format('column %I of its scope %s is gone: every slice of the table is empty', u.name, quote_literal(s.scope)),
		'give the column its name back, or call plasma.run_migrations with another scope'
	FROM scoped s, unnest(s.scope_columns) u (name)
	WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = s.oid AND a.attname::text = u.name AND NOT a.attisdropped)
$$;
COMMENT ON FUNCTION plasma.verify_scopes() IS 'Whether the slices of tables with a scope can be told and found';

CREATE OR REPLACE FUNCTION plasma.verify_rights()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH home AS (SELECT oid, nspowner FROM pg_namespace WHERE nspname = 'plasma'),
	relations AS (
		SELECT c.*, home.nspowner FROM pg_class c JOIN home ON c.relnamespace = home.oid WHERE c.relkind IN ('r', 'p', 'v', 'S')),
	routines AS (
		SELECT p.*, home.nspowner FROM pg_proc p JOIN home ON p.pronamespace = home.oid
		WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
	SELECT 'VF404', 'error', x.name, format('belongs to %s, plasma to %s', x.owner::regrole, x.nspowner::regrole),
		format('ALTER %s %s OWNER TO %s', x.kind, x.name, x.nspowner::regrole)
	FROM (SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass::text, relowner, nspowner FROM relations
		UNION ALL
		SELECT 'ROUTINE', oid::regprocedure::text, proowner, nspowner FROM routines) x (kind, name, owner, nspowner)
	WHERE x.owner <> x.nspowner
	UNION ALL
	SELECT DISTINCT 'VF405', 'warning', r.oid::regclass::text,
		format('open to %s: nobody but the owner of plasma should read or write it', CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END),
		format('REVOKE ALL ON %s FROM %s', r.oid::regclass, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
	FROM relations r, LATERAL (SELECT * FROM aclexplode(r.relacl)
		UNION ALL
		SELECT g.* FROM pg_attribute t, aclexplode(t.attacl) g WHERE t.attrelid = r.oid) a
	WHERE r.relkind <> 'v' AND a.grantee <> r.relowner
	UNION ALL
	SELECT 'VF406', 'error', p.oid::regprocedure::text, 'may be executed by PUBLIC', format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure)
	FROM routines p WHERE EXISTS (SELECT FROM aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
$$;
COMMENT ON FUNCTION plasma.verify_rights() IS 'Whether plasma''s own objects belong to one role and are open to nobody but by a level';

-- A snapshot knows which transactions can have been: what is visible in it and younger
-- than all of them is of another cluster.  The whole log is read once.  On a standby
-- the oldest running transaction may be one that a crash of the primary ended.
CREATE OR REPLACE FUNCTION plasma.verify_log()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = on
AS $$
	WITH now AS (
		SELECT CASE WHEN pg_is_in_recovery() THEN pg_snapshot_xmax(s) ELSE pg_snapshot_xmin(s) END AS oldest, pg_snapshot_xmax(s) AS next, pg_current_xact_id_if_assigned() AS own
		FROM pg_current_snapshot() s),
	log AS MATERIALIZED (
		SELECT l.table_name, max(l.row_version) AS newest, count(*) AS entries,
			count(*) FILTER (WHERE l.xid >= now.next AND l.xid IS DISTINCT FROM now.own) AS future
		FROM plasma.changes l, now GROUP BY l.table_name)
	SELECT 'VF303', 'error', 'plasma.state',
		format('its floor %s is above the oldest running transaction %s, as if of another cluster', s.floor, now.oldest),
		'SELECT plasma.repair(); every client then starts afresh'
	FROM plasma.state s, now WHERE s.floor > now.oldest
	UNION ALL
	SELECT 'VF304', 'warning', 'plasma.changes', format('holds entries of table %s, which is neither registered nor a former one: %s', quote_literal(table_name), sum(entries)),
		'SELECT plasma.repair() notes it as a former table'
	FROM log
	WHERE NOT EXISTS (SELECT FROM plasma.tables t WHERE t.table_name = log.table_name)
		AND NOT EXISTS (SELECT FROM plasma.former_tables t WHERE t.table_name = log.table_name)
	GROUP BY table_name
	UNION ALL
	SELECT 'VF305', 'error', 'plasma.changes', format('holds entries of transactions that are still to come, as if made in another cluster: %s', sum(future)),
		'SELECT plasma.repair() removes them; every client then starts afresh'
	FROM log HAVING sum(future) > 0
	UNION ALL
	SELECT 'VF306', 'warning', 'plasma.client_mutations', format('holds ids moved by transactions that are still to come, as if in another cluster: %s', count(*)),
		'SELECT plasma.repair(); their clients are told their ids once more'
	FROM plasma.client_mutations m, now WHERE m.xid >= now.next AND m.xid IS DISTINCT FROM now.own HAVING count(*) > 0
	UNION ALL
	SELECT 'VF307', 'error', 'plasma.changes_row_version_seq', format('is at %s, but the log holds %s', q.last_value, max(log.newest)),
		'SELECT plasma.repair()'
	FROM log, plasma.changes_row_version_seq q GROUP BY q.last_value, q.is_called
	HAVING max(log.newest) >= q.last_value + q.is_called::int
	UNION ALL
	SELECT 'VF308', 'error', 'plasma.compactions', 'does not hold the row of all tables, so that the log is never compacted', 'SELECT plasma.repair()'
	WHERE NOT EXISTS (SELECT FROM plasma.compactions c WHERE c.table_name = '')
	UNION ALL
	SELECT 'VF309', 'error', 'plasma.compactions', 'knows of transactions that are still to come, as if made in another cluster',
		'SELECT plasma.repair(); the next compaction then reads the log from its beginning'
	FROM now
	WHERE EXISTS (SELECT FROM plasma.compactions c WHERE greatest(c.xid, c.horizon) > now.oldest)
		OR EXISTS (SELECT FROM plasma.compacted_rows r WHERE r.xid >= now.oldest)
$$;
COMMENT ON FUNCTION plasma.verify_log() IS 'Whether log, ledger and compaction are of this cluster, and the sequence ahead of the log';

CREATE OR REPLACE FUNCTION plasma.verify_settings()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE sql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT s.code, 'warning', s.name, s.problem, s.fix
	FROM (VALUES
		('VF501', 'fsync', 'is off: after a crash of the machine, clients may know what the database has lost', 'turn it on'),
		('VF502', 'full_page_writes', 'is off: a crash of the machine can tear pages of the log', 'turn it on')) s (code, name, problem, fix)
	WHERE current_setting(s.name) = 'off'
	UNION ALL
	SELECT 'VF503', 'warning', 'session_replication_role', format('is %s%s: foreign keys and triggers of the application do not guard what is written', o.value, o.place),
		o.fix
	FROM (
		SELECT current_setting('session_replication_role'), ' in this session', 'RESET session_replication_role'
		UNION ALL
		SELECT substr(c.setting, strpos(c.setting, '=') + 1),
			CASE WHEN d.setrole = 0 THEN ' in this database' ELSE ' for role ' || d.setrole::regrole END,
			CASE WHEN d.setrole = 0 THEN format('ALTER DATABASE %I RESET session_replication_role', current_database())
				ELSE format('ALTER ROLE %s%s RESET session_replication_role', d.setrole::regrole,
					CASE WHEN d.setdatabase = 0 THEN '' ELSE format(' IN DATABASE %I', current_database()) END) END
		FROM pg_db_role_setting d, unnest(d.setconfig) c (setting)
		WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
			AND starts_with(c.setting, 'session_replication_role=')) o (value, place, fix)
	WHERE o.value <> 'origin'
$$;
COMMENT ON FUNCTION plasma.verify_settings() IS 'Settings of the server that endanger what plasma promises';

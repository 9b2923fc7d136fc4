-- What decides which rows of a synced table a caller sees, as the catalogs have it.

-- A name without a schema is that of a synced table, or of a table in public.
CREATE OR REPLACE FUNCTION plasma.declared_sources()
RETURNS TABLE (table_name text, ordinal bigint, source_name text, relation oid)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT t.table_name, e.ordinal - 1, e.name, COALESCE(
		(SELECT s.relation::oid FROM plasma.tables s JOIN pg_class c ON c.oid = s.relation WHERE s.table_name = e.name),
		(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname::text = CASE WHEN dot.at > 0 THEN substr(e.name, 1, dot.at - 1) ELSE 'public' END
				AND c.relname::text = substr(e.name, dot.at + 1)))
	FROM plasma.tables t,
		json_array_elements_text(CASE json_typeof(t.depends_on) WHEN 'array' THEN t.depends_on END) WITH ORDINALITY e (name, ordinal),
		strpos(e.name, '.') dot (at)
	WHERE NOT t.suppressed
$$;
COMMENT ON FUNCTION plasma.declared_sources() IS 'What the tables of the active declaration name in dependsOn';

-- From each policy for reading along the dependencies that the server recorded:
-- operators and functions whose bodies it knows, views, and the tables that all of
-- these read, whose own policies count as well.  That a policy reads the table it is
-- on is no dependency of its own, as it names its columns anyway; its text tells.
CREATE OR REPLACE FUNCTION plasma.policy_uses()
RETURNS TABLE (table_name text, classid oid, objid oid)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE reads (table_name, classid, objid) AS (
		SELECT t.table_name, 'pg_policy'::regclass::oid, p.oid
		FROM plasma.tables t JOIN pg_class c ON c.oid = t.relation AND c.relrowsecurity
			JOIN pg_policy p ON p.polrelid = c.oid AND p.polcmd IN ('r', '*')
		WHERE NOT t.suppressed
		UNION
		SELECT s.table_name, 'pg_class'::regclass::oid, s.relation FROM plasma.declared_sources() s WHERE s.relation IS NOT NULL
		UNION
		SELECT r.table_name, n.classid, n.objid
		FROM reads r CROSS JOIN LATERAL (
			SELECT d.refclassid, d.refobjid FROM pg_depend d
			WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype = 'n'
				AND d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_operator'::regclass)
				AND CASE r.classid
					WHEN 'pg_policy'::regclass THEN d.refclassid <> 'pg_class'::regclass OR NOT EXISTS (
						SELECT FROM pg_policy p WHERE p.oid = r.objid AND p.polrelid = d.refobjid
							AND strpos(p.polqual::text, format(':relid %s ', d.refobjid)) = 0)
					WHEN 'pg_proc'::regclass THEN EXISTS (
						SELECT FROM pg_proc f WHERE f.oid = r.objid AND (f.prosqlbody IS NOT NULL OR f.prokind = 'a'))
					ELSE r.classid <> 'pg_class'::regclass END
			UNION ALL
			SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class AND v.relkind = 'v'
			WHERE r.classid = 'pg_class'::regclass AND w.ev_class = r.objid AND w.ev_type = '1'
			UNION ALL
			SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
			WHERE r.classid = 'pg_class'::regclass AND p.polrelid = r.objid AND p.polcmd IN ('r', '*')
		) n (classid, objid))
	SELECT r.table_name, r.classid, r.objid FROM reads r
$$;
COMMENT ON FUNCTION plasma.policy_uses() IS 'The objects that the policies of each synced table use to decide who reads what: policies, functions, operators, views and tables';

CREATE OR REPLACE FUNCTION plasma.policy_reads()
RETURNS TABLE (table_name text, classid oid, objid oid)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT u.* FROM plasma.policy_uses() u JOIN plasma.tables t USING (table_name)
	WHERE t.depends_on::text IS DISTINCT FROM 'false'
$$;
COMMENT ON FUNCTION plasma.policy_reads() IS 'The same for the tables of which the declaration does not say that they depend on nothing';

-- Texts of functions are left to C.  Whoever owns a table is not bound by its policies,
-- which makes the owner one of the roles; pg_has_role makes all of them.  Rows come and go
-- with partitions and children, and while our triggers are switched off: that one of them
-- was touched is told by which transaction did it.
CREATE OR REPLACE FUNCTION plasma.policy_definitions()
RETURNS TABLE (relation oid, classid oid, objid oid, definition text, roles oid[], runs_as oid)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE uses AS MATERIALIZED (SELECT u.* FROM plasma.policy_uses() u),
	tree (table_name, relid, linked) AS (
		SELECT u.table_name, u.objid, NULL FROM uses u WHERE u.classid = 'pg_class'::regclass
		UNION
		SELECT b.table_name, i.inhrelid, concat_ws(' ', i.inhparent, i.inhdetachpending, i.xmin)
		FROM tree b JOIN pg_inherits i ON i.inhparent = b.relid),
	texts (table_name, classid, objid, definition, roles, runs_as) AS (
		SELECT u.table_name, u.classid, p.oid, concat_ws(' ', p.polcmd, p.polpermissive, p.polroles, p.polqual), p.polroles, NULL::oid
		FROM uses u JOIN pg_policy p ON u.classid = 'pg_policy'::regclass AND p.oid = u.objid
		UNION ALL
		SELECT u.table_name, u.classid, w.oid, w.ev_action::text, NULL, NULL
		FROM uses u JOIN pg_rewrite w ON u.classid = 'pg_rewrite'::regclass AND w.oid = u.objid
		UNION ALL
		SELECT u.table_name, u.classid, f.oid, f.prosqlbody::text, NULL, CASE WHEN f.prosecdef THEN f.proowner END
		FROM uses u JOIN pg_proc f ON u.classid = 'pg_proc'::regclass AND f.oid = u.objid
		WHERE f.pronamespace NOT IN ('pg_catalog'::regnamespace, 'plasma'::regnamespace)
		UNION ALL
		SELECT b.table_name, 'pg_class'::regclass, b.relid, concat_ws(' ', b.linked, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
				CASE c.relkind WHEN 'v' THEN c.reloptions END,
				(SELECT string_agg(g.xmin::text, ' ' ORDER BY g.tgname) FROM pg_trigger g
				WHERE g.tgrelid = c.oid AND starts_with(g.tgname, '_plasma_source_'))),
			CASE WHEN c.relrowsecurity THEN ARRAY[c.relowner] END, CASE c.relkind WHEN 'v' THEN c.relowner END
		FROM tree b JOIN pg_class c ON c.oid = b.relid)
	SELECT t.relation::oid, x.classid, x.objid, CASE WHEN x.classid <> 'pg_proc'::regclass THEN x.definition END,
		CASE WHEN x.definition ~ ':funcid 27(0[5-9]|10) ' THEN ARRAY(SELECT a.oid FROM pg_roles a ORDER BY a.oid) ELSE x.roles END, x.runs_as
	FROM texts x JOIN plasma.tables t USING (table_name)
	ORDER BY 1, 2, 3, 4
$$;
COMMENT ON FUNCTION plasma.policy_definitions() IS 'How the objects are defined that the policies of each synced table use, the roles that tell what is seen of them, and whose rights they run with';

-- The text of what reads others, in which a whole row stands as a column 0.
CREATE OR REPLACE FUNCTION plasma.reading_text(classid oid, objid oid)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT polqual::text FROM pg_policy WHERE classid = 'pg_policy'::regclass AND oid = objid
	UNION ALL
	SELECT ev_action::text FROM pg_rewrite WHERE classid = 'pg_rewrite'::regclass AND oid = objid
	UNION ALL
	SELECT prosqlbody::text FROM pg_proc WHERE classid = 'pg_proc'::regclass AND oid = objid
$$;
COMMENT ON FUNCTION plasma.reading_text(oid, oid) IS 'The expression of a policy, the query of a view or the body of a function, as the server keeps it';

CREATE OR REPLACE FUNCTION plasma.find_policy_sources()
RETURNS TABLE (table_name text, source oid, columns text[])
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH reads AS MATERIALIZED (SELECT r.* FROM plasma.policy_reads() r),
	uses (table_name, source, columns) AS (
		SELECT r.table_name, r.objid, CASE
			WHEN bool_or(a.attnum < 0 OR a.attgenerated = 'v' OR strpos(plasma.reading_text(d.classid, d.objid), ':varattno 0 ') > 0) THEN NULL
			ELSE COALESCE(array_agg(DISTINCT a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}') END
		FROM reads r
			JOIN reads b ON b.table_name = r.table_name AND b.classid <> 'pg_class'::regclass
			JOIN pg_depend d ON d.classid = b.classid AND d.objid = b.objid AND d.deptype = 'n'
				AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.objid
			LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE r.classid = 'pg_class'::regclass
		GROUP BY r.table_name, r.objid
		UNION ALL
		SELECT s.table_name, s.relation, NULL FROM plasma.declared_sources() s)
	SELECT u.table_name, u.source,
		CASE WHEN bool_and(u.columns IS NOT NULL) THEN ARRAY(SELECT DISTINCT x.name FROM uses o, unnest(o.columns) x (name)
			WHERE o.table_name = u.table_name AND o.source = u.source ORDER BY x.name) END
	FROM uses u JOIN pg_class c ON c.oid = u.source AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
		JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname NOT IN ('plasma', 'pg_catalog', 'information_schema')
	GROUP BY u.table_name, u.source
$$;
COMMENT ON FUNCTION plasma.find_policy_sources() IS 'What plasma.policy_sources should hold by the catalogs as they are';

-- What no trigger of ours hears of.  A function in pg_catalog is taken not to read
-- tables, one that is IMMUTABLE by its word; dependencies on catalogs are not recorded.
CREATE OR REPLACE FUNCTION plasma.unknown_policy_reads()
RETURNS TABLE (table_name text, what text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH reads AS MATERIALIZED (SELECT r.* FROM plasma.policy_reads() r)
	SELECT r.table_name, 'function ' || f.oid::regprocedure
	FROM reads r JOIN pg_proc f ON f.oid = r.objid JOIN pg_namespace n ON n.oid = f.pronamespace
	WHERE r.classid = 'pg_proc'::regclass AND f.prosqlbody IS NULL AND f.prokind <> 'a' AND f.provolatile <> 'i'
		AND n.nspname NOT IN ('pg_catalog', 'plasma')
	UNION
	SELECT r.table_name, CASE WHEN n.nspname IN ('plasma', 'information_schema') THEN 'system catalogs'
		WHEN c.relkind = 'm' THEN 'materialized view ' || c.oid::regclass
		WHEN c.relkind = 'f' THEN 'foreign table ' || c.oid::regclass
		ELSE 'unlogged table ' || c.oid::regclass END
	FROM reads r JOIN pg_class c ON c.oid = r.objid JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE r.classid = 'pg_class'::regclass
		AND (c.relkind IN ('m', 'f') OR c.relkind = 'r' AND c.relpersistence <> 'p' OR n.nspname IN ('plasma', 'information_schema'))
	UNION
	SELECT r.table_name, 'system catalogs'
	FROM reads r, regexp_matches(plasma.reading_text(r.classid, r.objid), ':relid (\d+) ', 'g') m
		JOIN pg_class c ON c.oid = m[1]::oid AND c.relnamespace = 'pg_catalog'::regnamespace
	UNION
	SELECT r.table_name, 'rights on objects'
	FROM reads r, regexp_matches(plasma.reading_text(r.classid, r.objid), ':funcid (\d+) ', 'g') m
		JOIN pg_proc f ON f.oid = m[1]::oid AND f.pronamespace = 'pg_catalog'::regnamespace AND f.proname ~ '^has_\w+_privilege$'
$$;
COMMENT ON FUNCTION plasma.unknown_policy_reads() IS 'What policies use of which nobody can know, or be told, when its answers change';

-- Anybody may name any table in a policy of his own.  On one that he may not read he gets
-- no triggers: they would cost its owner, and tell him when it is written.
CREATE OR REPLACE FUNCTION plasma.may_watch(table_name text, source oid)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT COALESCE(bool_or(has_any_column_privilege(c.relowner, may_watch.source, 'SELECT')), false)
	FROM plasma.tables t JOIN pg_class c ON c.oid = t.relation WHERE t.table_name = may_watch.table_name
$$;
COMMENT ON FUNCTION plasma.may_watch(text, oid) IS 'Whether the owner of a synced table may read what its policies do';

-- What is not as it should be with the triggers on the sources and what is below
-- them: rows come from partitions and children, and are written there.
CREATE OR REPLACE FUNCTION plasma.source_trigger_faults()
RETURNS TABLE (relation oid, kind text, trigger_name text, fault text, may boolean)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE branches (relid, readable) AS (
		SELECT s.source::oid, plasma.may_watch(s.table_name, s.source) FROM plasma.policy_sources s
		UNION
		SELECT i.inhrelid, b.readable FROM branches b JOIN pg_inherits i ON i.inhparent = b.relid AND NOT i.inhdetachpending),
	tree AS (SELECT relid, bool_or(readable) AS readable FROM branches GROUP BY relid),
	wanted AS (
		SELECT t.relid, k.*
		FROM tree t JOIN pg_class c ON c.oid = t.relid AND c.relkind IN ('r', 'p')
			CROSS JOIN (VALUES ('insert', 4, 'O', false, true), ('update', 16, 'O', true, true), ('delete', 8, 'O', true, false),
				('row', 29, 'R', false, false), ('truncate', 32, 'A', false, false)) k (kind, type, enabled, old_rows, new_rows)),
	found AS MATERIALIZED (
		SELECT g.*, w.kind, w.enabled
		FROM pg_depend d JOIN pg_trigger g ON g.oid = d.objid AND NOT g.tgisinternal
			LEFT JOIN wanted w ON w.relid = g.tgrelid AND w.type = g.tgtype AND g.tgqual IS NULL AND g.tgattr::text = ''
				AND (g.tgoldtable IS NOT NULL) = w.old_rows AND (g.tgnewtable IS NOT NULL) = w.new_rows
		WHERE d.classid = 'pg_trigger'::regclass AND d.refclassid = 'pg_proc'::regclass
			AND d.refobjid = 'plasma.log_source_change()'::regprocedure AND d.deptype = 'n'),
	faults (relid, kind, trigger_name, fault) AS (
		SELECT w.relid, w.kind, NULL, 'missing' FROM wanted w
		WHERE NOT EXISTS (SELECT FROM found f WHERE f.tgrelid = w.relid AND f.kind = w.kind)
		UNION ALL
		SELECT f.tgrelid, f.kind, f.tgname::text, CASE f.tgenabled WHEN 'D' THEN 'disabled' ELSE 'mode' END FROM found f
		WHERE f.tgenabled <> f.enabled::"char"
		UNION ALL
		SELECT f.tgrelid, NULL, f.tgname::text, 'surplus' FROM found f WHERE f.kind IS NULL AND f.tgparentid = 0)
	SELECT f.relid, f.kind, f.trigger_name, f.fault, pg_has_role(n.nspowner, c.relowner, 'USAGE')
		AND COALESCE((SELECT t.readable FROM tree t WHERE t.relid = f.relid), true)
	FROM faults f JOIN pg_class c ON c.oid = f.relid, pg_namespace n WHERE n.nspname = 'plasma'
$$;
COMMENT ON FUNCTION plasma.source_trigger_faults() IS 'Triggers on sources of policies that are missing, off or too many, and whether the owner of plasma may mend that';

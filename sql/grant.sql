-- Levels of access: how they are given and taken.  Who may then do what is tested by
-- test/tap/privileges.sql.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE ROLE regress_grant_admin;
CREATE ROLE regress_grant_app;
CREATE ROLE "regress grant, ""odd""";

CREATE FUNCTION public.grant_held(role regrole) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(p.oid::regprocedure::text, ' ' ORDER BY p.oid::regprocedure::text COLLATE "C")
	FROM pg_proc p WHERE p.pronamespace = 'plasma'::regnamespace AND has_function_privilege(role, p.oid, 'EXECUTE')
$$;

SELECT public.grant_held('regress_grant_app');
SELECT plasma.grant_access('regress_grant_app', 'sync');
SELECT public.grant_held('regress_grant_app');
-- Again changes nothing, another level is added
SELECT plasma.grant_access('regress_grant_app', 'sync');
SELECT plasma.grant_access('regress_grant_app', 'gateway');
SELECT public.grant_held('regress_grant_app');
SELECT plasma.revoke_access('regress_grant_app');
SELECT public.grant_held('regress_grant_app'), has_schema_privilege('regress_grant_app', 'plasma', 'USAGE');
-- From one who has nothing nothing is taken
SELECT plasma.revoke_access('regress_grant_app');

-- Names are quoted
SELECT plasma.grant_access('"regress grant, ""odd"""', 'monitor');
SELECT has_table_privilege('regress grant, "odd"', 'plasma.stat_log', 'SELECT');
SELECT plasma.revoke_access('"regress grant, ""odd"""');
SELECT has_table_privilege('regress grant, "odd"', 'plasma.stat_log', 'SELECT');

-- An admin gives and takes, without being owner or superuser
SELECT plasma.grant_access('regress_grant_admin', 'admin');
SET ROLE regress_grant_admin;
SELECT plasma.grant_access('regress_grant_app', 'monitor');
SELECT plasma.revoke_access('regress_grant_app');
SET ROLE regress_grant_app;
SELECT plasma.grant_access('regress_grant_app', 'admin');
RESET ROLE;

-- What cannot be
SELECT plasma.grant_access('regress_grant_app', 'root');
SELECT plasma.grant_access('regress_grant_app', 'Sync');
SELECT plasma.grant_access('regress_grant_app', NULL);
SELECT plasma.grant_access(NULL, 'sync');
SELECT plasma.grant_access('public', 'sync');
SELECT plasma.grant_access(0, 'sync');
SELECT plasma.grant_access(4294967290, 'sync');
SELECT plasma.revoke_access(NULL);
SELECT plasma.revoke_access(0);
DO $$
BEGIN
	PERFORM plasma.revoke_access(nspowner) FROM pg_namespace WHERE nspname = 'plasma';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE WARNING 'the owner of plasma keeps its rights';
END
$$;

SELECT plasma.revoke_access('regress_grant_admin');
-- Default privileges open nothing of plasma
DROP EXTENSION plasma CASCADE;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_grant_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_grant_app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO regress_grant_app;
CREATE EXTENSION plasma;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM regress_grant_app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM regress_grant_app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM regress_grant_app;
SELECT public.grant_held('regress_grant_app');
SELECT plasma.grant_access('regress_grant_app', 'sync');
SELECT public.grant_held('regress_grant_app');
SELECT has_table_privilege('regress_grant_app', 'plasma.stat_log', 'SELECT');
SET ROLE regress_grant_app;
TABLE plasma.changes;
SELECT nextval('plasma.changes_row_version_seq');
RESET ROLE;

SELECT plasma.revoke_access('regress_grant_app');
-- The owner cannot be shut out.
DO $$
DECLARE
	hint text;
BEGIN
	PERFORM plasma.revoke_access(current_user::regrole);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RAISE WARNING 'refused: %', hint;
END $$;
DROP EXTENSION plasma CASCADE;
DROP FUNCTION public.grant_held;
DROP ROLE regress_grant_admin, regress_grant_app, "regress grant, ""odd""";

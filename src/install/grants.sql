-- The end of the script: nothing of plasma is open to everybody.  Levels of access
-- are given by plasma.grant_access.

REVOKE ALL ON SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA plasma FROM PUBLIC;

-- ALTER DEFAULT PRIVILEGES may have opened what was made above to others: tables and
-- sequences are for nobody, views and functions for those alone whom a level let in.
-- For types there is no form that takes them all; those of tables follow their tables.
DO $$
DECLARE
	command text;
BEGIN
	FOR command IN
		WITH admitted AS (
			SELECT u.grantee FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) u
			WHERE n.nspname = 'plasma')
		SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s FROM %s', c.oid::pg_catalog.regclass, a.grantee::pg_catalog.regrole)
		FROM pg_catalog.pg_class c CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a
		WHERE c.relnamespace = 'plasma'::pg_catalog.regnamespace AND a.grantee <> c.relowner
			AND (c.relkind IN ('r', 'S') OR a.grantee NOT IN (SELECT grantee FROM admitted))
		UNION ALL
		SELECT DISTINCT pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM %s', p.oid::pg_catalog.regprocedure, a.grantee::pg_catalog.regrole)
		FROM pg_catalog.pg_proc p CROSS JOIN LATERAL pg_catalog.aclexplode(p.proacl) a
		WHERE p.pronamespace = 'plasma'::pg_catalog.regnamespace AND a.grantee <> p.proowner
			AND a.grantee NOT IN (SELECT grantee FROM admitted)
		UNION ALL
		SELECT pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', t.oid::pg_catalog.regtype)
		FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
		WHERE t.typnamespace = 'plasma'::pg_catalog.regnamespace AND t.typcategory <> 'A'
			AND (t.typtype <> 'c' OR c.relkind = 'c')
	LOOP
		EXECUTE command;
	END LOOP;
END
$$;

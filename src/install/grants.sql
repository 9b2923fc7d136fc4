-- The end of the script: nothing of plasma is open to everybody.  Levels of access
-- are given by plasma.grant_access.

REVOKE ALL ON SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA plasma FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA plasma FROM PUBLIC;

-- There is no form for all types; those of tables follow their tables.
DO $$
DECLARE
	name text;
BEGIN
	FOR name IN
		SELECT pg_catalog.format('%I.%I', n.nspname, t.typname)
		FROM pg_catalog.pg_type t
		JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
		LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
		WHERE n.nspname = 'plasma' AND t.typcategory <> 'A'
			AND (t.typtype <> 'c' OR c.relkind = 'c')
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM PUBLIC', name);
	END LOOP;
END
$$;

-- Rows that go when others go.  Not foreign keys: a parallel pg_restore loads the
-- tables of an extension at the same time, whichever refers to which, and a key that
-- is there from CREATE EXTENSION on would refuse the rows that come too early.

CREATE OR REPLACE FUNCTION plasma.cascade_delete() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
	AS $$
BEGIN
	IF TG_OP = 'TRUNCATE' THEN
		EXECUTE format('DELETE FROM plasma.%I', TG_ARGV[0]);
	ELSIF TG_TABLE_NAME = 'client_groups' THEN
		DELETE FROM plasma.client_mutations m USING gone
			WHERE m.client_group_id = gone.client_group_id;
	ELSIF TG_TABLE_NAME = 'client_mutations' THEN
		DELETE FROM plasma.mutation_failures f USING gone
			WHERE f.client_group_id = gone.client_group_id AND f.client_id = gone.client_id;
	ELSE
		DELETE FROM plasma.migration_steps s USING gone WHERE s.migration = gone.ordinal;
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION plasma.cascade_delete() IS
	'Trigger: what belongs to the rows that were deleted goes with them';

CREATE OR REPLACE TRIGGER cascade_delete AFTER DELETE ON plasma.client_groups
	REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete();
CREATE OR REPLACE TRIGGER cascade_delete AFTER DELETE ON plasma.client_mutations
	REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete();
CREATE OR REPLACE TRIGGER cascade_delete AFTER DELETE ON plasma.migrations
	REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete();
CREATE OR REPLACE TRIGGER cascade_truncate AFTER TRUNCATE ON plasma.client_groups
	FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete('client_mutations');
CREATE OR REPLACE TRIGGER cascade_truncate AFTER TRUNCATE ON plasma.client_mutations
	FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete('mutation_failures');
CREATE OR REPLACE TRIGGER cascade_truncate AFTER TRUNCATE ON plasma.migrations
	FOR EACH STATEMENT EXECUTE FUNCTION plasma.cascade_delete('migration_steps');
COMMENT ON TRIGGER cascade_delete ON plasma.client_groups IS 'The ledger of a group goes with it';
COMMENT ON TRIGGER cascade_delete ON plasma.client_mutations IS 'The failures of a client go with it';
COMMENT ON TRIGGER cascade_delete ON plasma.migrations IS 'The steps of a migration go with it';
COMMENT ON TRIGGER cascade_truncate ON plasma.client_groups IS 'The ledger goes with the groups';
COMMENT ON TRIGGER cascade_truncate ON plasma.client_mutations IS 'The failures go with the ledger';
COMMENT ON TRIGGER cascade_truncate ON plasma.migrations IS 'The steps go with the migrations';

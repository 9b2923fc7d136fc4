-- Levels of access: which of plasma's objects a role may use.
--
-- access_objects() is the only place that knows; whoever adds a function, view or
-- type adds it there, with no level where it is plasma's own affair.

CREATE OR REPLACE FUNCTION plasma.access_objects()
RETURNS TABLE (kind text, object text, levels text[])
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
		('function', 'plasma.ctx()', '{admin,gateway,sync}'::text[]),
		('function', 'plasma.origin()', '{admin,gateway,sync}'),
		('function', 'plasma.push(jsonb)', '{gateway,sync}'),
		('function', 'plasma.push(jsonb,jsonb)', '{gateway}'),
		('function', 'plasma.pull(jsonb)', '{gateway,sync}'),
		('function', 'plasma.pull(jsonb,jsonb)', '{gateway}'),
		('function', 'plasma.http(text,text,text,jsonb)', '{gateway,sync}'),
		('function', 'plasma.http(text,text,text,jsonb,jsonb)', '{gateway}'),
		('type', 'plasma.http_response', '{gateway,sync}'),
		('type', 'plasma.mutation_origin', '{admin,gateway,sync}'),
		('function', 'plasma.ensure_schema(json)', '{admin}'),
		('function', 'plasma.plan(json,jsonb)', '{admin}'),
		('function', 'plasma.run_migrations(json,jsonb)', '{admin}'),
		('procedure', 'plasma.migrate(json,jsonb,jsonb)', '{admin}'),
		('function', 'plasma.migrate_begin()', '{admin}'),
		('function', 'plasma.migrate_step(json,jsonb,bigint)', '{admin}'),
		('function', 'plasma.migrate_pause(jsonb,integer)', '{admin}'),
		('function', 'plasma.migrate_fail(bigint,text,text)', '{admin}'),
		('function', 'plasma.migrate_raise(text,text,text,text,text)', '{admin}'),
		('function', 'plasma.migrate_end()', '{admin}'),
		('function', 'plasma.check_declaration(json)', '{admin}'),
		('function', 'plasma.rules()', '{admin}'),
		('function', 'plasma.plan_sql(jsonb)', '{admin}'),
		('function', 'plasma.start_backfill(regclass,text)', '{admin}'),
		('function', 'plasma.owes_backfill(regclass,text,integer)', '{admin}'),
		('function', 'plasma.finish_backfill(regclass,text)', '{admin}'),
		('function', 'plasma.backfill_fail(regclass,text,text,text)', '{admin}'),
		('procedure', 'plasma.backfill_rows(regclass,text,tid,tid,bigint)', '{admin}'),
		('procedure', 'plasma.backfill(regclass,text,integer)', '{admin}'),
		('function', 'plasma.declare_from_catalog(text[])', '{admin}'),
		('function', 'plasma.drift()', '{admin,monitor}'),
		('function', 'plasma.verify()', '{admin,monitor}'),
		('function', 'plasma.repair()', '{admin}'),
		('function', 'plasma.new_epoch()', '{admin}'),
		('function', 'plasma.drop_capture()', '{admin}'),
		('function', 'plasma.seed_changes(regclass)', '{admin}'),
		('function', 'plasma.reset_table(regclass)', '{admin}'),
		('function', 'plasma.keep_copies(regclass,text[],text[])', '{admin}'),
		('function', 'plasma.compact_change_log(bigint)', '{admin}'),
		('procedure', 'plasma.compact(integer,bigint,jsonb)', '{admin}'),
		('function', 'plasma.compact_begin(bigint)', '{admin}'),
		('function', 'plasma.compact_step(integer,jsonb)', '{admin}'),
		('function', 'plasma.set_retention(regclass,interval)', '{admin}'),
		('function', 'plasma.snapshot_as_of(text,text[])', '{admin}'),
		('function', 'plasma.register_mutator(text,regprocedure)', '{admin}'),
		('function', 'plasma.drop_mutator(text)', '{admin}'),
		('function', 'plasma.grant_access(regrole,text)', '{admin}'),
		('function', 'plasma.revoke_access(regrole)', '{admin}'),
		('view', 'plasma.stat_log', '{monitor}'),
		('view', 'plasma.stat_clients', '{monitor}'),
		('view', 'plasma.stat_tables', '{monitor}'),
		('view', 'plasma.stat_migrations', '{monitor}'),
		('function', 'plasma.access_objects()', '{}'),
		('function', 'plasma.own_shape_now()', '{}'),
		('function', 'plasma.captured()', '{}'),
		('function', 'plasma.stray_triggers()', '{}'),
		('function', 'plasma.verify_own()', '{}'),
		('function', 'plasma.verify_functions()', '{}'),
		('function', 'plasma.verify_tables()', '{}'),
		('function', 'plasma.verify_declarations()', '{}'),
		('function', 'plasma.verify_scopes()', '{}'),
		('function', 'plasma.verify_policies()', '{}'),
		('function', 'plasma.verify_sources()', '{}'),
		('function', 'plasma.verify_rights()', '{}'),
		('function', 'plasma.verify_log()', '{}'),
		('function', 'plasma.verify_settings()', '{}'),
		('function', 'plasma.cascade_delete()', '{}'),
		('function', 'plasma.note_registry()', '{}'),
		('function', 'plasma.encode_row(record,text[])', '{}'),
		('function', 'plasma.encode_key(record,oid,text[])', '{}'),
		('function', 'plasma.decode_key(text,integer)', '{}'),
		('function', 'plasma.log_key(oid,text,text[],text[],text[],record)', '{}'),
		('function', 'plasma.log_rows(oid,text,text[],text[],text[],boolean,record,record)', '{}'),
		('function', 'plasma.log_rows_step(internal,oid,text,text[],text[],text[],boolean,record,record)', '{}'),
		('function', 'plasma.log_rows_finish(internal)', '{}'),
		('function', 'plasma.log_truncate(oid,text,text[],text[],text[],boolean)', '{}'),
		('function', 'plasma.log_source_change()', '{}'),
		('function', 'plasma.policy_uses()', '{}'),
		('function', 'plasma.policy_reads()', '{}'),
		('function', 'plasma.policy_definitions()', '{}'),
		('function', 'plasma.reading_text(oid,oid)', '{}'),
		('function', 'plasma.declared_sources()', '{}'),
		('function', 'plasma.find_policy_sources()', '{}'),
		('function', 'plasma.may_watch(text,oid)', '{}'),
		('function', 'plasma.unknown_policy_reads()', '{}'),
		('function', 'plasma.source_trigger_faults()', '{}')
$$;
COMMENT ON FUNCTION plasma.access_objects() IS
	'Every function, view and type of plasma, with the levels that may use it; none where it is internal';

CREATE OR REPLACE FUNCTION plasma.grant_access(role regrole, level text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SECURITY DEFINER -- so that an admin needs to be neither superuser nor owner
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	item record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role) THEN
		RAISE EXCEPTION 'there is no such role'
			USING ERRCODE = 'undefined_object', HINT = 'Name a role that exists; levels cannot be given to PUBLIC.';
	END IF;
	IF NOT EXISTS (SELECT FROM plasma.access_objects() o WHERE level = ANY (o.levels)) THEN
		RAISE EXCEPTION 'access level "%" does not exist', level
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Levels are admin, gateway, sync and monitor.';
	END IF;

	PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('plasma.grant_access', 0));
	EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA plasma TO %s', role);
	FOR item IN
		SELECT o.kind, o.object FROM plasma.access_objects() o WHERE level = ANY (o.levels)
	LOOP
		EXECUTE pg_catalog.format('GRANT %s %s TO %s',
			CASE item.kind
				WHEN 'function' THEN 'EXECUTE ON FUNCTION'
				WHEN 'procedure' THEN 'EXECUTE ON PROCEDURE'
				WHEN 'view' THEN 'SELECT ON'
				WHEN 'type' THEN 'USAGE ON TYPE'
			END, item.object, role);
	END LOOP;
END
$$;
COMMENT ON FUNCTION plasma.grant_access(regrole, text) IS
	'Gives a role a level of access: admin, gateway, sync or monitor; a role may have several';

CREATE OR REPLACE FUNCTION plasma.revoke_access(role regrole)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SECURITY DEFINER -- so that an admin needs to be neither superuser nor owner
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	item record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role) THEN
		RAISE EXCEPTION 'there is no such role'
			USING ERRCODE = 'undefined_object', HINT = 'Name a role that exists.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = 'plasma' AND n.nspowner = role) THEN
		RAISE EXCEPTION 'role % owns plasma', role
			USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'plasma works with the rights of its owner.',
				HINT = 'Name a role that was given a level; the owner keeps its rights.';
	END IF;

	PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('plasma.grant_access', 0));
	EXECUTE pg_catalog.format('REVOKE ALL ON ALL ROUTINES IN SCHEMA plasma FROM %s', role);
	EXECUTE pg_catalog.format('REVOKE ALL ON ALL TABLES IN SCHEMA plasma FROM %s', role);
	FOR item IN
		SELECT o.object FROM plasma.access_objects() o WHERE o.kind = 'type'
	LOOP
		EXECUTE pg_catalog.format('REVOKE ALL ON TYPE %s FROM %s', item.object, role);
	END LOOP;
	EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA plasma FROM %s', role);
END
$$;
COMMENT ON FUNCTION plasma.revoke_access(regrole) IS
	'Takes every level of access from a role';

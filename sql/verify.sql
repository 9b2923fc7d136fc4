-- verify and repair: each code is broken by hand, told, mended, and gone.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.declarations;
\set VERBOSITY terse
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- Other tests leave functions of tables that are gone, and their entries.
DELETE FROM plasma.changes;
SELECT plasma.drop_capture() IS NOT NULL;

-- Without the numbers that differ from run to run.
CREATE FUNCTION pg_temp.masked(line text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(line, '\m(declaration|ordinal =|holds|floor|transaction) \d+', '\1 …', 'g')
$$;

-- The server of the tests may itself run without fsync, which is asked below.
CREATE FUNCTION pg_temp.told() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.masked(concat_ws(' | ', code, severity, object, problem, fix)) FROM plasma.verify() WHERE code NOT IN ('VF501', 'VF502')
$$;

-- What was mended, and whatever else repair has to say.
CREATE FUNCTION pg_temp.repaired() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	done jsonb := plasma.repair();
BEGIN
	RETURN QUERY SELECT pg_temp.masked(concat_ws(' ', 'mended', m->>'code', m->>'object')) FROM jsonb_array_elements(done->'mended') m;
	RETURN QUERY SELECT 'failed ' || concat_ws(' | ', f->>'object', f->>'error', f->>'hint') FROM jsonb_array_elements(done->'failed') f;
	RETURN QUERY SELECT pg_temp.masked(concat_ws(' ', 'left', l->>'code', l->>'object')) FROM jsonb_array_elements(done->'left') l
		WHERE l->>'code' NOT IN ('VF501', 'VF502');
	RETURN QUERY SELECT 'reset ' || string_agg(r, ', ') FROM jsonb_array_elements_text(done->'reset') r HAVING count(*) > 0;
	IF (done->>'newEpoch')::boolean THEN
		RETURN NEXT 'new epoch';
	END IF;
END
$$;

-- Told, mended, gone, and a second repair finds nothing to do; then all is undone.
CREATE FUNCTION pg_temp.after(VARIADIC ddl text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	lines text[];
	command text;
BEGIN
	FOREACH command IN ARRAY ddl LOOP
		EXECUTE command;
	END LOOP;
	lines := ARRAY(SELECT pg_temp.told());
	lines := lines || ARRAY(SELECT '  ' || r FROM pg_temp.repaired() r);
	lines := lines || ARRAY(SELECT '  still ' || substr(t, 1, 5) FROM pg_temp.told() t);
	lines := lines || ARRAY(SELECT '  again ' || r FROM pg_temp.repaired() r WHERE r !~ '^left');
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	RETURN QUERY SELECT unnest(lines);
END
$$;

-- Nothing is declared, and nothing is wrong.
SELECT pg_temp.told();
SELECT pg_temp.repaired();

CREATE ROLE verify_owner;
CREATE TABLE verify_parts (id text NOT NULL, part int NOT NULL, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE verify_parts_1 PARTITION OF verify_parts FOR VALUES IN (1);
CREATE TABLE verify_parts_2 (id text NOT NULL, part int NOT NULL, PRIMARY KEY (id, part));
SELECT plasma.ensure_schema('{"version": "v1", "tables": {
	"verify a": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int", "nullable": true}}},
	"verify_parts": {"key": ["id", "part"], "columns": {"id": {"kind": "text"}, "part": {"kind": "sql", "type": "int4"}}},
	"verify_bare": {"changeLogSuppressed": true, "columns": {"id": {"kind": "id"}}},
	"verify_auth": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}},
		"auth": {"read": "owner = ''x''", "write": "owner <> ''''"}}}}')->'changed';
INSERT INTO "verify a" VALUES ('1', 1), ('2', 2);
SELECT pg_temp.told();
SELECT pg_temp.repaired();

-- Capture.
SELECT pg_temp.after('DROP TRIGGER "_plasma_trg_verify a_insert" ON "verify a"');
SELECT pg_temp.after('DROP TRIGGER _plasma_trg_verify_parts_1_update ON verify_parts_1');
SELECT pg_temp.after('ALTER TABLE "verify a" DISABLE TRIGGER "_plasma_trg_verify a_update"');
SELECT pg_temp.after('ALTER TABLE "verify a" ENABLE ALWAYS TRIGGER "_plasma_trg_verify a_update"');
SELECT pg_temp.after('CREATE FUNCTION verify_none() RETURNS trigger LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''',
	'DROP TRIGGER "_plasma_trg_verify a_truncate" ON "verify a"',
	'CREATE TRIGGER "_plasma_trg_verify a_truncate" BEFORE TRUNCATE ON "verify a" EXECUTE FUNCTION verify_none()',
	'ALTER TABLE "verify a" ENABLE ALWAYS TRIGGER "_plasma_trg_verify a_truncate"');
SELECT pg_temp.after('CREATE OR REPLACE FUNCTION plasma."_plasma_trg_verify a_delete_fn"() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS ''BEGIN RETURN NULL; END''');
SELECT pg_temp.after('GRANT CREATE ON SCHEMA plasma TO verify_owner',
	'ALTER FUNCTION plasma."_plasma_trg_verify a_delete_fn"() OWNER TO verify_owner');
SELECT pg_temp.after('ALTER FUNCTION plasma."_plasma_trg_verify a_delete_fn"() SECURITY INVOKER',
	'ALTER FUNCTION plasma."_plasma_trg_verify a_insert_fn"() SET work_mem = ''1MB''');
SELECT pg_temp.after('GRANT EXECUTE ON FUNCTION plasma."_plasma_trg_verify a_delete_fn"() TO PUBLIC');
SELECT pg_temp.after('CREATE TRIGGER _plasma_trg_more BEFORE INSERT ON "verify a" EXECUTE FUNCTION plasma."_plasma_trg_verify a_insert_fn"()');
SELECT pg_temp.after('CREATE TABLE verify_else (id text)',
	'CREATE TRIGGER _plasma_trg_more BEFORE INSERT ON verify_else EXECUTE FUNCTION plasma."_plasma_trg_verify a_insert_fn"()');
-- Whatever it is called: what calls a function of plasma's writes the log.
SELECT pg_temp.after('ALTER TRIGGER "_plasma_trg_verify a_insert" ON "verify a" RENAME TO verify_mine');
SELECT pg_temp.after('CREATE TABLE verify_else (id text)',
	'CREATE TRIGGER verify_mine BEFORE INSERT ON verify_else EXECUTE FUNCTION plasma."_plasma_trg_verify a_insert_fn"()');
BEGIN;
ALTER TRIGGER "_plasma_trg_verify a_insert" ON "verify a" RENAME TO verify_mine;
SELECT plasma.drop_capture()->'dependents';
SELECT count(*) FROM pg_trigger WHERE tgname = 'verify_mine';
ROLLBACK;
SELECT pg_temp.after('CREATE FUNCTION plasma._plasma_trg_gone_insert_fn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS ''BEGIN RETURN NULL; END''',
	'REVOKE ALL ON FUNCTION plasma._plasma_trg_gone_insert_fn() FROM PUBLIC');

-- Tables.  Those that are gone or moved are the application's affair.
SELECT pg_temp.after('DROP TABLE "verify a"');
BEGIN;
DROP TABLE "verify a";
SELECT plasma.ensure_schema(declaration)->'created' FROM plasma.declarations;
SELECT pg_temp.told();
ROLLBACK;
SELECT pg_temp.after('DROP TABLE "verify a"', 'CREATE TABLE "verify a" (id text PRIMARY KEY, n bigint)');
SELECT pg_temp.after('ALTER TABLE "verify a" RENAME TO verify_b', 'ALTER TABLE verify_b DISABLE TRIGGER "_plasma_trg_verify a_update"');
SELECT pg_temp.after('ALTER TABLE "verify a" SET UNLOGGED', 'ALTER TABLE verify_parts_1 SET UNLOGGED', 'ALTER TABLE verify_bare SET UNLOGGED');
SELECT pg_temp.after('CREATE TABLE verify_child () INHERITS ("verify a")');
SELECT pg_temp.after('ALTER TABLE "verify a" DROP COLUMN n, ADD more text');
SELECT pg_temp.after('ALTER TABLE verify_parts ATTACH PARTITION verify_parts_2 FOR VALUES IN (2)', 'ALTER TABLE verify_parts DETACH PARTITION verify_parts_1');

-- The registry.
SELECT pg_temp.after('UPDATE plasma.declarations SET active = false');
BEGIN;
UPDATE plasma.declarations SET active = false;
SELECT plasma.ensure_schema(declaration)->'changed' FROM plasma.declarations;
SELECT pg_temp.told();
ROLLBACK;
SELECT pg_temp.after('DELETE FROM plasma.tables WHERE table_name = ''verify a''', 'UPDATE plasma.tables SET history = false, columns = ''[]'' WHERE table_name = ''verify_parts''');
SELECT pg_temp.after('UPDATE plasma.tables SET table_name = ''verify_other'' WHERE table_name = ''verify a''');
SELECT pg_temp.after('UPDATE plasma.declarations SET declaration = replace(declaration::text, ''"n":{"kind":"int"'', ''"n":{"kind":"bigint"'')::json');
SELECT pg_temp.after('UPDATE plasma.declarations SET declaration = ''{"version": 1}''');

-- plasma's own tables.
SELECT pg_temp.after('DELETE FROM plasma.state', 'DROP TRIGGER "_plasma_trg_verify a_insert" ON "verify a"');
SELECT pg_temp.after('UPDATE pg_index SET indisvalid = false WHERE indexrelid = ''plasma.changes_clear''::regclass');
SELECT pg_temp.after('ALTER TABLE plasma.client_groups DISABLE TRIGGER ALL', 'ALTER TABLE plasma.tables DISABLE TRIGGER note_registry');
SELECT pg_temp.after('ALTER TABLE plasma.former_tables DROP COLUMN generation', 'DROP TRIGGER "_plasma_trg_verify a_insert" ON "verify a"');

-- Declared predicates.
SELECT pg_temp.after('ALTER TABLE verify_auth DISABLE ROW LEVEL SECURITY');
SELECT pg_temp.after('DROP POLICY plasma_read ON verify_auth', 'DROP POLICY plasma_write_insert ON verify_auth',
	'CREATE POLICY plasma_write_insert ON verify_auth FOR INSERT WITH CHECK (true)');
-- A predicate that was altered, though the comment is as it was.
SELECT pg_temp.after('ALTER POLICY plasma_read ON verify_auth USING (true)', 'ALTER POLICY plasma_write_update ON verify_auth WITH CHECK (true)');
SELECT pg_temp.after('ALTER POLICY plasma_read ON verify_auth USING (true)', 'DROP POLICY plasma_read ON verify_auth',
	'SELECT plasma.run_migrations(declaration) FROM plasma.declarations WHERE active');
-- However a predicate is written, one that was not altered is as it was made.
SELECT pg_temp.after('CREATE TABLE verify_members (member text, team text)', format('SELECT plasma.ensure_schema(%L)',
	(SELECT json_build_object('version', 'v2', 'tables', json_object_agg('verify_auth_' || n, json_build_object('columns',
		'{"id": {"kind": "id"}, "owner": {"kind": "text"}, "shared": {"kind": "boolean"}, "n": {"kind": "int"}}'::json, 'auth', json_build_object('read', p, 'write', p))))
	FROM unnest(ARRAY['shared', 'true', 'NOT shared', 'shared OR owner = ''x'' OR n > 3', '(shared OR owner = ''x'') AND n > 3', 'CASE WHEN shared THEN true ELSE owner = ''a  b'' END', 'n BETWEEN 1 AND 3 -- later',
		'EXISTS (SELECT FROM public.verify_members m WHERE m.member = plasma.ctx()->>''sub'' AND m.team = owner)', 'owner IN (SELECT team FROM public.verify_members)', 'ROW(owner, n) = ROW(''a'', 1)']) WITH ORDINALITY x (p, n))),
	'UPDATE plasma.declarations SET active = active');
-- What repair leaves is mended as verify says.
BEGIN;
DROP POLICY plasma_read ON verify_auth;
SELECT plasma.run_migrations(declaration) IS NOT NULL FROM plasma.declarations WHERE active;
SELECT pg_temp.told();
ROLLBACK;
SELECT pg_temp.after('ALTER TABLE verify_auth OWNER TO verify_owner', 'SELECT plasma.grant_access(''verify_owner'', ''sync'')');
SELECT pg_temp.after('ALTER TABLE verify_auth OWNER TO verify_owner');
SELECT pg_temp.after('ALTER TABLE verify_auth OWNER TO verify_owner', 'SELECT plasma.grant_access(''verify_owner'', ''sync'')', 'ALTER TABLE verify_auth FORCE ROW LEVEL SECURITY');
SELECT pg_temp.after('ALTER TABLE verify_auth OWNER TO verify_owner', 'SELECT plasma.grant_access(''verify_owner'', ''sync'')', 'SET LOCAL plasma.allow_bypass_rls = on');
SELECT pg_temp.after('ALTER ROLE verify_owner BYPASSRLS', 'SELECT plasma.grant_access(''verify_owner'', ''gateway'')');
SELECT pg_temp.after('ALTER ROLE verify_owner BYPASSRLS', 'SELECT plasma.grant_access(''verify_owner'', ''gateway'')', 'GRANT SELECT (id) ON verify_auth TO verify_owner');
-- Policies of the application are PostgreSQL's affair: whom they do not bind is told, and no fault.
SELECT pg_temp.after('ALTER TABLE verify_bare ENABLE ROW LEVEL SECURITY', 'ALTER TABLE verify_bare OWNER TO verify_owner', 'SELECT plasma.grant_access(''verify_owner'', ''sync'')');

-- Rights to what is plasma's own.
SELECT pg_temp.after('GRANT CREATE ON SCHEMA plasma TO verify_owner', 'ALTER TABLE plasma.readers OWNER TO verify_owner', 'ALTER FUNCTION plasma.drift() OWNER TO verify_owner');
SELECT pg_temp.after('GRANT SELECT ON plasma.changes TO verify_owner, PUBLIC', 'GRANT SELECT (name) ON plasma.mutators TO verify_owner');
SELECT pg_temp.after('GRANT EXECUTE ON FUNCTION plasma.pull(jsonb) TO PUBLIC');

-- Mutators.
CREATE FUNCTION verify_note(args jsonb) RETURNS void LANGUAGE sql AS '';
SELECT plasma.register_mutator('it''s "one"', 'verify_note(jsonb)');
SELECT pg_temp.told();
SELECT pg_temp.after('DROP FUNCTION verify_note(jsonb)');
SELECT pg_temp.after('DROP FUNCTION verify_note(jsonb)', 'CREATE PROCEDURE verify_note(args jsonb) LANGUAGE sql AS ''''');
SELECT plasma.drop_mutator('it''s "one"');

-- Log and ledger of another cluster.
INSERT INTO plasma.client_groups VALUES ('verify', 'sub', 'me');
INSERT INTO plasma.client_mutations (client_group_id, client_id, last_mutation_id) VALUES ('verify', 'tab', 7);
SELECT pg_temp.after('UPDATE plasma.state SET floor = ''9000000000000''');
SELECT pg_temp.after('INSERT INTO plasma.changes (table_name, row_id, op, created_at) VALUES (''verify_gone'', ''1'', ''put'', 0), (''verify_gone'', ''2'', ''put'', 0)');
SELECT pg_temp.after('INSERT INTO plasma.changes (xid, table_name, row_id, op, created_at) VALUES (''9000000000000'', ''verify a'', ''1'', ''put'', 0)');
SELECT pg_temp.after('UPDATE plasma.client_mutations SET xid = ''9000000000000''');
SELECT pg_temp.after('SELECT setval(''plasma.changes_row_version_seq'', 1)');
SELECT nextval('plasma.changes_row_version_seq') > max(row_version) FROM plasma.changes;

-- What compaction knows of itself.
SELECT pg_temp.after('DELETE FROM plasma.compactions');
SELECT pg_temp.after('UPDATE plasma.compactions SET xid = ''9000000000000'', horizon = ''9000000000000''');
SELECT pg_temp.after('INSERT INTO plasma.compacted_rows VALUES (''verify a'', ''1'', ''9000000000000'', 1)');
BEGIN;
DELETE FROM plasma.state;
SELECT plasma.compact_change_log();
ROLLBACK;

-- Settings.
BEGIN;
SET LOCAL session_replication_role = replica;
SELECT pg_temp.told();
ROLLBACK;
SELECT pg_temp.after('ALTER ROLE verify_owner SET session_replication_role = local');
SELECT count(*) FILTER (WHERE code = 'VF501') = (current_setting('fsync') = 'off')::int,
	count(*) FILTER (WHERE code = 'VF502') = (current_setting('full_page_writes') = 'off')::int
FROM plasma.verify();

-- What was written while a trigger was off reaches clients: that one was touched is seen
-- at once, and once more when it is mended.
CREATE FUNCTION pg_temp.pulled(cookie text) RETURNS json LANGUAGE sql AS $$
	SELECT plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'v1', 'clientGroupID', 'verify', 'clientID', 'tab', 'cookie', cookie),
		'{"sub": "me"}')
$$;
SET plasma.allow_bypass_rls = on;
SELECT pg_temp.pulled(NULL)->>'cookie' AS cookie \gset
ALTER TABLE "verify a" DISABLE TRIGGER "_plasma_trg_verify a_insert";
INSERT INTO "verify a" VALUES ('3', 3);
SELECT pg_temp.pulled(:'cookie')->'patch';
SELECT pg_temp.repaired();
SELECT pg_temp.pulled(:'cookie')->'patch';

-- A new epoch is a new start.
SELECT pg_temp.pulled(NULL)->>'cookie' AS cookie \gset
SELECT pg_temp.pulled(:'cookie')->>'cookie' = :'cookie';
SELECT plasma.new_epoch() AS epoch \gset
SELECT epoch = :'epoch' FROM plasma.state;
SELECT pg_temp.pulled(:'cookie')->'patch'->0;

-- An admin who owns no table mends what is registered, and registers nothing.
SELECT plasma.grant_access('verify_owner', 'admin');
ALTER TABLE "verify a" DISABLE TRIGGER "_plasma_trg_verify a_insert";
SET ROLE verify_owner;
SELECT pg_temp.told();
SELECT plasma.repair()->'mended';
SELECT plasma.drop_capture();
RESET ROLE;
DELETE FROM plasma.tables WHERE table_name = 'verify a';
SET ROLE verify_owner;
SELECT plasma.repair()->'failed';
RESET ROLE;
SELECT plasma.repair()->'failed';
SELECT pg_temp.told();

-- A domain's constraint is code of its owner's, and is given no rights of whoever looks.
BEGIN;
SELECT plasma.drop_capture() IS NOT NULL;
CREATE SCHEMA verify_domains AUTHORIZATION verify_owner;
SET LOCAL ROLE verify_owner;
CREATE FUNCTION verify_domains.mine(text) RETURNS boolean LANGUAGE sql AS $$
	SELECT set_config('search_path', 'verify_domains', false) <> '' AND current_user = 'verify_owner'
$$;
CREATE DOMAIN verify_domains.mine AS text CHECK (verify_domains.mine(VALUE));
SELECT plasma.ensure_schema('{"version": "domains", "tables": {"verify_mine": {"schema": "verify_domains", "columns": {"id": {"kind": "id"},
	"one": {"kind": "sql", "type": "verify_domains.mine", "default": "x"},
	"many": {"kind": "sql", "type": "verify_domains.mine[]", "default": "{x,y}"}}}}}')->'changed';
RESET ROLE;
SET LOCAL search_path = public;
SELECT pg_temp.told();
SELECT pg_temp.repaired();
SELECT * FROM plasma.drift();
SHOW search_path;
ROLLBACK;

-- Nothing of it where nothing may be written; verify looks all the same.
BEGIN READ ONLY;
SELECT pg_temp.told();
SAVEPOINT s;
SELECT plasma.repair();
ROLLBACK TO s;
SELECT plasma.new_epoch();
ROLLBACK TO s;
SELECT plasma.drop_capture();
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.after('DROP TRIGGER "_plasma_trg_verify a_insert" ON "verify a"');
ROLLBACK;

-- Leaving: nothing of plasma is left on the tables, and the server lets go.
CREATE POLICY verify_own ON verify_auth USING (owner = plasma.ctx()->>'sub');
CREATE VIEW verify_who AS SELECT plasma.ctx();
SELECT plasma.drop_capture();
SELECT count(*) FROM pg_trigger WHERE tgname LIKE '\_plasma%';
SELECT count(*) FROM pg_proc WHERE proname LIKE '\_plasma\_trg%';
SELECT pg_temp.told();
SELECT pg_temp.pulled(NULL);
INSERT INTO "verify a" VALUES ('4', 4);
DROP POLICY verify_own ON verify_auth;
DROP VIEW verify_who;
SELECT plasma.drop_capture();
BEGIN;
DROP EXTENSION plasma;
SELECT count(*) FROM "verify a";
ROLLBACK;
-- And coming back: a table is a new one to its clients.
SELECT plasma.ensure_schema(declaration)->'changed' FROM plasma.declarations;
SELECT pg_temp.pulled(:'cookie')->'patch'->0;
SELECT pg_temp.told();

DROP TABLE "verify a", verify_parts, verify_parts_2, verify_bare, verify_auth;
SELECT plasma.revoke_access('verify_owner');
DROP ROLE verify_owner;
DELETE FROM plasma.client_groups WHERE client_group_id = 'verify';
DELETE FROM plasma.tables;
DELETE FROM plasma.declarations;

TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
-- The functions of a table go with it, whoever drops it, and before plasma hears of it.
CREATE FUNCTION pg_temp.gone(version text, more text DEFAULT '') RETURNS json LANGUAGE sql AS $$
	SELECT format('{"version": "%s", "tables": {"gone_a": {"columns": {"id": {"kind": "id"}}}%s}}', version, more)::json
$$;
CREATE FUNCTION pg_temp.unused() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM plasma.verify() WHERE code = 'VF110' $$;
SELECT plasma.run_migrations(pg_temp.gone('gone-1', ', "gone_b": {"columns": {"id": {"kind": "id"}}}, "gone_c": {"columns": {"id": {"kind": "id"}}}')) ->> 'status' AS status;
CALL plasma.migrate(pg_temp.gone('gone-2', ', "gone_c": {"columns": {"id": {"kind": "id"}}}'), '{"policy": "data"}');
SELECT pg_temp.unused();
DROP TABLE gone_c;
SELECT plasma.run_migrations(pg_temp.gone('gone-3'), '{"policy": "data"}') ->> 'status' AS status;
SELECT pg_temp.unused();
DROP TABLE gone_a;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
DROP FUNCTION verify_note(jsonb);

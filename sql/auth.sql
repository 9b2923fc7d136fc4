-- A declared auth holds for every caller, or the caller is told why it does not.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_auth_owner;
CREATE ROLE regress_auth_heir;
CREATE ROLE regress_auth_bypass BYPASSRLS;
CREATE ROLE regress_auth_member;
CREATE ROLE regress_auth_gateway;
GRANT regress_auth_owner TO regress_auth_heir;
GRANT regress_auth_owner, regress_auth_heir, regress_auth_bypass, regress_auth_member TO regress_auth_gateway;
SELECT plasma.ensure_schema('{"version": "auth-v1", "tables": {
	"auth_notes": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}},
		"auth": {"read": "owner = plasma.ctx()->>''sub''", "write": "owner = plasma.ctx()->>''sub''"}},
	"auth_open": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}}}}}') \g /dev/null
INSERT INTO auth_notes VALUES ('a', 'ann'), ('b', 'bob');
INSERT INTO auth_open VALUES ('o', 'ann'), ('p', 'bob');
SELECT plasma.grant_access('regress_auth_gateway', 'gateway'), plasma.grant_access('regress_auth_owner', 'sync'), plasma.grant_access('regress_auth_member', 'sync') \g /dev/null
GRANT SELECT, INSERT ON auth_notes, auth_open TO regress_auth_member, regress_auth_bypass;
CREATE SEQUENCE auth_runs;
GRANT USAGE ON SEQUENCE auth_runs TO PUBLIC;
CREATE FUNCTION auth_run(args jsonb) RETURNS void LANGUAGE sql AS $$ SELECT nextval('public.auth_runs') $$;
SELECT plasma.register_mutator('run', 'auth_run(jsonb)') \g /dev/null

-- What pull and push say to ann, who comes as a role; no cookie and a new client each time.
CREATE FUNCTION ask(role text, OUT path text, OUT answer text) RETURNS SETOF record LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
	ctx jsonb := jsonb_strip_nulls(jsonb_build_object('sub', 'ann', 'role', role));
	request jsonb := jsonb_build_object('protocolVersion', 1, 'schemaVersion', (SELECT version FROM plasma.declarations WHERE active), 'clientGroupID', 'auth');
	detail text;
	hint text;
BEGIN
	FOREACH path IN ARRAY '{pull,push}'::text[] LOOP
		BEGIN
			IF path = 'pull' THEN
				answer := (SELECT string_agg(concat_ws(' ', o->>'op', o->>'table', o->>'id'), ', ')
					FROM json_array_elements(plasma.pull(request || '{"clientID": "x", "cookie": null}', ctx)->'patch') o);
			ELSE
				answer := plasma.push(request || jsonb_build_object('clientID', gen_random_uuid(), 'mutations', '[{"id": 1, "name": "run"}]'::jsonb), ctx)->'results'->0->>'status';
			END IF;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
			answer := concat_ws(' | ', SQLSTATE, replace(SQLERRM, session_user, 'superuser'), nullif(detail, ''), nullif(hint, ''));
		END;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE FUNCTION after(VARIADIC ddl text[]) RETURNS TABLE (path text, answer text) LANGUAGE plpgsql AS $$
DECLARE
	command text;
	lines text[];
BEGIN
	FOREACH command IN ARRAY ddl LOOP
		EXECUTE command;
	END LOOP;
	lines := ARRAY(SELECT concat_ws('|', a.path, a.answer) FROM ask('regress_auth_member') a);
	RAISE EXCEPTION USING ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
	RETURN QUERY SELECT split_part(l, '|', 1), substr(l, 6) FROM unnest(lines) l;
END $$;

\echo -- a role that is bound gets what the policies show
SELECT * FROM ask('regress_auth_member');
\echo -- a superuser, the owner, those who have its rights, BYPASSRLS
SELECT * FROM ask(NULL);
ALTER TABLE auth_notes OWNER TO regress_auth_owner;
ALTER TABLE auth_open OWNER TO regress_auth_owner;
SELECT * FROM ask('regress_auth_owner');
SELECT * FROM ask('regress_auth_heir');
SELECT * FROM ask('regress_auth_bypass');
\echo -- no mutator ran but for the one who is bound
SELECT last_value FROM auth_runs;
SELECT client_group_id, last_mutation_id FROM plasma.client_mutations WHERE client_group_id = 'auth';
\echo -- whoever may touch nothing of the table is refused nothing; a column is enough, a right to write for push
REVOKE ALL ON auth_notes, auth_open FROM regress_auth_bypass;
SELECT * FROM ask('regress_auth_bypass');
GRANT SELECT (id) ON auth_notes TO regress_auth_bypass;
SELECT * FROM ask('regress_auth_bypass');
REVOKE SELECT (id) ON auth_notes FROM regress_auth_bypass;
GRANT DELETE ON auth_notes TO regress_auth_bypass;
SELECT * FROM ask('regress_auth_bypass');
\echo -- an owner who has bound itself
ALTER TABLE auth_notes FORCE ROW LEVEL SECURITY;
SELECT * FROM ask('regress_auth_owner');
SELECT * FROM ask('regress_auth_heir');
ALTER TABLE auth_notes NO FORCE ROW LEVEL SECURITY;
\echo -- plasma.http raises it: what it says is for the log of the server
SET ROLE regress_auth_owner;
SELECT plasma.http('POST', '/pull', '{"protocolVersion": 1, "schemaVersion": "auth-v1", "clientGroupID": "http", "clientID": "x", "cookie": null}');
RESET ROLE;
\echo -- nobody but a superuser sets the setting
SET ROLE regress_auth_gateway;
SET plasma.allow_bypass_rls = on;
RESET ROLE;
SET plasma.allow_bypass_rls = on;
SELECT * FROM ask(NULL);
SELECT * FROM ask('regress_auth_owner');
RESET plasma.allow_bypass_rls;

\echo -- policies of the application alone: the rules of PostgreSQL hold
ALTER TABLE auth_open ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON auth_open USING (owner = plasma.ctx()->>'sub');
SELECT * FROM ask('regress_auth_member');
ALTER TABLE auth_notes FORCE ROW LEVEL SECURITY;
SELECT * FROM ask('regress_auth_owner');
ALTER TABLE auth_notes NO FORCE ROW LEVEL SECURITY;

\echo -- switched off by hand, whatever the setting; mended by repair
SELECT * FROM after('ALTER TABLE auth_notes DISABLE ROW LEVEL SECURITY');
SELECT * FROM after('ALTER TABLE auth_notes DISABLE ROW LEVEL SECURITY', 'SET LOCAL plasma.allow_bypass_rls = on');
SELECT * FROM after('ALTER TABLE auth_notes DISABLE ROW LEVEL SECURITY', 'SELECT plasma.repair()');
\echo -- policies that were dropped, renamed, or made into others by hand
SELECT * FROM after('DROP POLICY plasma_read ON auth_notes');
SELECT * FROM after('DROP POLICY plasma_write_delete ON auth_notes');
SELECT * FROM after('ALTER POLICY plasma_read ON auth_notes RENAME TO another');
SELECT * FROM after('ALTER POLICY plasma_read ON auth_notes TO regress_auth_owner');
SELECT * FROM after('DROP POLICY plasma_read ON auth_notes', 'CREATE POLICY plasma_read ON auth_notes FOR SELECT USING (true)');
SELECT * FROM after('DROP POLICY plasma_read ON auth_notes', 'CREATE POLICY plasma_read ON auth_notes AS RESTRICTIVE FOR DELETE USING (true)');
SELECT * FROM after('DROP POLICY plasma_read ON auth_notes', 'SELECT plasma.run_migrations(declaration) FROM plasma.declarations WHERE active');
\echo -- a table that is gone
SELECT * FROM after('DROP TABLE auth_notes');

\echo -- of a table that is not pulled, push is refused
DROP TABLE auth_notes, auth_open;
SELECT plasma.ensure_schema('{"version": "auth-v2", "tables": {
	"auth_quiet": {"changeLogSuppressed": true, "columns": {"id": {"kind": "id"}}, "auth": {"write": "id <> ''x''"}}}}') \g /dev/null
SELECT * FROM ask(NULL);
\echo -- a write alone, and a read alone
SELECT plasma.ensure_schema('{"version": "auth-v3", "tables": {
	"auth_written": {"columns": {"id": {"kind": "id"}}, "auth": {"write": "id <> ''x''"}}}}') \g /dev/null
SELECT * FROM ask(NULL);
SELECT plasma.ensure_schema('{"version": "auth-v4", "tables": {
	"auth_read": {"columns": {"id": {"kind": "id"}}, "auth": {"read": "id <> ''x''"}}}}') \g /dev/null
SELECT * FROM ask(NULL);
\echo -- auth that is not declared any more
SELECT plasma.run_migrations('{"version": "auth-v5", "tables": {"auth_read": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
SELECT * FROM ask(NULL);
SELECT plasma.run_migrations('{"version": "auth-v6", "tables": {"auth_read": {"columns": {"id": {"kind": "id"}}, "auth": {}}}}') \g /dev/null
SELECT * FROM ask(NULL);

\echo -- back and forth under one version: the policies are always those of what is active
CREATE FUNCTION back(auth text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT plasma.run_migrations(('{"version": "auth-v7", "tables": {"auth_read": {"columns": {"id": {"kind": "id"}}' || auth || '}}}')::json)->>'status';
	RETURN QUERY SELECT concat_ws(' ', p.polname, p.polpermissive, pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy p WHERE p.polrelid = 'public.auth_read'::regclass AND p.polcmd = 'r' ORDER BY 1;
	RETURN QUERY SELECT concat_ws(' ', v.code, v.problem) FROM plasma.verify() v WHERE v.code IN ('VF205', 'VF402');
	RETURN NEXT (SELECT count(*) FROM plasma.drift());
END $$;
SELECT back('');
SELECT back(', "auth": {"read": "id = ''b''"}');
SELECT back(', "auth": {"read": "id = ''c''"}');
SELECT back(', "auth": {"read": "id = ''b''"}');
SELECT plasma.ensure_schema('{"version": "auth-v7", "tables": {"auth_read": {"columns": {"id": {"kind": "id"}}, "auth": {"read": "id = ''c''"}}}}')->'changed';
SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'plasma_read';
SELECT back('');

DROP EXTENSION plasma CASCADE;
DROP FUNCTION auth_run, ask, after, back;
DROP SEQUENCE auth_runs;
DROP TABLE auth_quiet, auth_written, auth_read;
DROP ROLE regress_auth_owner, regress_auth_heir, regress_auth_bypass, regress_auth_member, regress_auth_gateway;

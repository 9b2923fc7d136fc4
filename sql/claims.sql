-- Whose word request.jwt.claims is: it counts where a gateway connected.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_claims_app;
CREATE ROLE regress_claims_authenticator NOINHERIT;
CREATE ROLE regress_claims_gateway;
CREATE ROLE regress_claims_plain;
GRANT regress_claims_app TO regress_claims_authenticator;
SELECT plasma.ensure_schema('{"version": "claims", "tables": {
	"claims_rows": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}},
		"auth": {"read": "owner = plasma.ctx()->>''sub''", "write": "owner = plasma.ctx()->>''sub''"}}}}') \g /dev/null
INSERT INTO claims_rows VALUES ('a', 'ann'), ('b', 'bob');
GRANT ALL ON claims_rows TO regress_claims_app, regress_claims_plain, regress_claims_gateway;
CREATE FUNCTION claims_add(id text) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.claims_rows VALUES (id, plasma.ctx()->>'sub') $$;
SELECT plasma.register_mutator('add', 'claims_add(text)') \g /dev/null
SELECT plasma.grant_access('regress_claims_authenticator', 'gateway'), plasma.grant_access('regress_claims_gateway', 'gateway'),
	plasma.grant_access('regress_claims_app', 'sync'), plasma.grant_access('regress_claims_plain', 'sync') \g /dev/null
CREATE FUNCTION request(client_group text, more jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT '{"protocolVersion": 1, "schemaVersion": "claims", "clientID": "c"}' || jsonb_build_object('clientGroupID', client_group) || more $$;
CREATE FUNCTION pull(client_group text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', o->>'op', o->>'id') FROM json_array_elements(plasma.pull(request(client_group, '{"cookie": null}'))->'patch') o $$;
CREATE FUNCTION push(client_group text, id text) RETURNS text LANGUAGE sql AS $$
	SELECT r->>'status' FROM json_array_elements(plasma.push(request(client_group, jsonb_build_object('mutations',
		jsonb_build_array(jsonb_build_object('id', 1, 'name', 'add', 'args', jsonb_build_object('id', id))))))->'results') r $$;
-- What the connection is taken for: its ctx, the rows it sees.
CREATE FUNCTION seen() RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', session_user, current_user, COALESCE(plasma.ctx()::text, 'no ctx'), (SELECT string_agg(id, ' ' ORDER BY id) FROM claims_rows)) $$;

\echo -- a gateway that switches the role, as PostgREST does
SET SESSION AUTHORIZATION regress_claims_authenticator;
SET ROLE regress_claims_app;
SET request.jwt.claims = '{"sub": "ann", "role": "regress_claims_app"}';
SELECT seen();
SELECT push('of ann', 'a2');
SELECT pull('of ann');
SET request.jwt.claims = '{"sub": "bob"}';
SELECT pull('of ann');
SELECT seen();
\echo -- what PostgREST runs for it, an RPC of its own too, passes no ctx
CREATE FUNCTION pg_temp.rpc(ctx jsonb) RETURNS json LANGUAGE sql AS $$ SELECT plasma.pull(request('of bob', '{"cookie": null}'), ctx) $$;
SELECT pg_temp.rpc('{"sub": "eve"}');
SELECT plasma.push(request('of bob', '{"mutations": []}'), '{"sub": "eve"}');
SELECT plasma.http('POST', '/pull', request('of bob', '{"cookie": null}')::text, '{}', '{"sub": "eve"}');
DROP FUNCTION pg_temp.rpc;
\echo -- with no claims: the identity of the role
RESET request.jwt.claims;
SELECT push('of the role', 'nobody');
RESET SESSION AUTHORIZATION;
SELECT client_group_id, owner_kind, owner FROM plasma.client_groups WHERE client_group_id LIKE 'of %' ORDER BY 1;

\echo -- an application role that holds a connection states nothing, neither for policies nor for itself
SET SESSION AUTHORIZATION regress_claims_plain;
SET request.jwt.claims = '{"sub": "ann"}';
SELECT seen();
SELECT pull('of ann');
SELECT push('of plain', 'p');
SELECT plasma.http('POST', '/pull', request('of plain', '{"cookie": null}')::text);
INSERT INTO claims_rows VALUES ('forged', 'ann');
UPDATE claims_rows SET owner = owner;
DELETE FROM claims_rows RETURNING id;
\echo -- nor is what it sets looked at
SET request.jwt.claims = '{"sub": ';
SELECT seen();
SELECT pull('of plain');
SET request.jwt.claims = '';
SELECT seen();
SELECT pull('of plain');
RESET SESSION AUTHORIZATION;


\echo -- nor does a function of a gateway make a gateway of its caller
SET ROLE regress_claims_gateway;
CREATE FUNCTION pg_temp.as_gateway() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$ SELECT seen() $$;
RESET ROLE;
CREATE FUNCTION pg_temp.as_superuser(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE command; END $$;
SET SESSION AUTHORIZATION regress_claims_plain;
SET request.jwt.claims = '{"sub": "ann"}';
SELECT pg_temp.as_gateway();

\echo -- a level, a membership, a privilege that is given or taken counts at once
SELECT pg_temp.as_superuser('SELECT plasma.grant_access(''regress_claims_plain'', ''gateway'')') \g /dev/null
SELECT seen();
SELECT pull('of ann');
SELECT pg_temp.as_superuser('SELECT plasma.revoke_access(''regress_claims_plain''), plasma.grant_access(''regress_claims_plain'', ''sync'')') \g /dev/null
SELECT seen();
SELECT pg_temp.as_superuser('GRANT regress_claims_gateway TO regress_claims_plain') \g /dev/null
SELECT seen();
SELECT pg_temp.as_superuser('REVOKE EXECUTE ON FUNCTION plasma.pull(jsonb, jsonb) FROM regress_claims_gateway') \g /dev/null
SELECT seen();
SELECT pg_temp.as_superuser('GRANT EXECUTE ON FUNCTION plasma.pull(jsonb, jsonb) TO regress_claims_gateway') \g /dev/null
SELECT seen();
SELECT pg_temp.as_superuser('REVOKE regress_claims_gateway FROM regress_claims_plain') \g /dev/null
SELECT seen();
SELECT pg_temp.as_superuser('ALTER ROLE regress_claims_plain SUPERUSER') \g /dev/null
SELECT plasma.ctx();
SELECT pg_temp.as_superuser('ALTER ROLE regress_claims_plain NOSUPERUSER') \g /dev/null
SELECT plasma.ctx() IS NULL;
\echo -- rolled back, it was never given
BEGIN;
SELECT pg_temp.as_superuser('GRANT regress_claims_gateway TO regress_claims_plain') \g /dev/null
SELECT seen();
ROLLBACK;
SELECT seen();
RESET SESSION AUTHORIZATION;

\echo -- asked is who connected, and each time anew
SET request.jwt.claims = '{"sub": "ann"}';
SELECT plasma.ctx();
SET SESSION AUTHORIZATION regress_claims_plain;
SELECT plasma.ctx() IS NULL;
SET SESSION AUTHORIZATION regress_claims_gateway;
SELECT plasma.ctx();
\echo -- a gateway passes a ctx, and where it passes none its claims stand in
SELECT o->>'id' FROM json_array_elements(plasma.pull(request('of bob', '{"cookie": null}'), '{"sub": "bob"}')->'patch') o WHERE o->>'op' = 'put';
SELECT o->>'id' FROM json_array_elements(plasma.pull(request('of ann', '{"cookie": null}'), NULL)->'patch') o WHERE o->>'op' = 'put';
RESET request.jwt.claims;
RESET SESSION AUTHORIZATION;

DROP EXTENSION plasma CASCADE;
DROP FUNCTION claims_add, request, pull, push, seen;
DROP TABLE claims_rows;
DROP OWNED BY regress_claims_gateway;
DROP ROLE regress_claims_app, regress_claims_authenticator, regress_claims_gateway, regress_claims_plain;

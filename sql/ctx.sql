-- Who the caller is: plasma.ctx(), the role it may take, identities.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;

-- The claims of the connection
SELECT plasma.ctx() IS NULL AS none;
SET request.jwt.claims = '{"sub": "ann", "role": "somebody"}';
SELECT plasma.ctx();
SELECT plasma.ctx() AS before, set_config('request.jwt.claims', '{"sub": "bob"}', false), plasma.ctx() AS after;
BEGIN;
SET LOCAL request.jwt.claims = '{"sub": "for a while"}';
SELECT plasma.ctx();
ROLLBACK;
SELECT plasma.ctx();
SET request.jwt.claims = '';
SELECT plasma.ctx() IS NULL AS none;
SET request.jwt.claims = '{"sub": ';
SELECT plasma.ctx();
SET request.jwt.claims = '["sub"]';
SELECT plasma.ctx();
SET request.jwt.claims = '"sub"';
SELECT plasma.ctx();
SET request.jwt.claims = '{"sub": "\u0000"}';
SELECT plasma.ctx();
RESET request.jwt.claims;

-- What a mutator sees of its caller
CREATE ROLE regress_ctx_gateway;
CREATE ROLE regress_ctx_member;
CREATE ROLE regress_ctx_stranger;
GRANT regress_ctx_member TO regress_ctx_gateway;
SELECT plasma.grant_access('regress_ctx_gateway', 'gateway');
SELECT plasma.grant_access('regress_ctx_member', 'sync');
SELECT plasma.ensure_schema('{"version": "ctx", "tables": {}}') \g /dev/null
CREATE TABLE public.ctx_seen (seq int GENERATED ALWAYS AS IDENTITY, ctx jsonb, role text);
GRANT SELECT, INSERT ON public.ctx_seen TO PUBLIC;

CREATE FUNCTION public.ctx_see(args jsonb) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.ctx_seen (ctx, role) VALUES (plasma.ctx(), current_user) $$;
CREATE FUNCTION public.ctx_see_after_failure(args jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN
		NULL;
	END;
	INSERT INTO public.ctx_seen (ctx, role) VALUES (plasma.ctx(), current_user);
END $$;
SELECT plasma.register_mutator('see', 'public.ctx_see(jsonb)');
SELECT plasma.register_mutator('seeAfterFailure', 'public.ctx_see_after_failure(jsonb)');

-- A push of one mutation; what it answers without what differs from run to run
CREATE FUNCTION public.ctx_request(client_group text, id int, name text DEFAULT 'see') RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'ctx', 'clientGroupID', client_group, 'clientID', 'c',
		'mutations', jsonb_build_array(jsonb_build_object('id', id, 'name', name, 'args', '{}'::jsonb)))
$$;

SET ROLE regress_ctx_gateway;
SELECT plasma.push(public.ctx_request('g1', 1), '{"sub": "ann", "tenant": 7}')->'results' AS results;
SELECT plasma.push(public.ctx_request('g1', 2, 'seeAfterFailure'), '{"sub": "ann"}')->'results' AS results;
SELECT plasma.push(public.ctx_request('g1', 3), '{"sub": "ann", "role": "regress_ctx_member"}')->'results' AS results;
SELECT plasma.push(public.ctx_request('g1', 4, 'seeAfterFailure'), '{"sub": "ann", "role": "regress_ctx_member"}')->'results' AS results;
SELECT ctx, role FROM public.ctx_seen ORDER BY seq;
SELECT plasma.ctx() IS NULL AS none, current_user;

-- The ctx of a request counts, and not the claims; a role in claims is the connection's affair
SET request.jwt.claims = '{"sub": "bob", "role": "regress_ctx_member"}';
SELECT plasma.push(public.ctx_request('g2', 1), '{"sub": "ann"}')->'results' AS results;
SELECT plasma.push(public.ctx_request('g3', 1))->'results' AS results;
SELECT plasma.push(public.ctx_request('g3', 2), NULL)->'results' AS results;
SELECT ctx, role FROM public.ctx_seen ORDER BY seq OFFSET 4;
RESET request.jwt.claims;

-- Roles that may not be taken, and ctxs that are none
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": "ann", "role": "regress_ctx_stranger"}');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": "ann", "role": "regress_ctx_nobody"}');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": "ann", "role": 7}');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": ""}');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": null}');
SELECT plasma.push(public.ctx_request('g1', 5), '["ann"]');
SELECT plasma.push(public.ctx_request('g1', 5), 'null');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": "ann", "clientGroupID": "g2"}');
SELECT plasma.push(public.ctx_request('g1', 5), '{"sub": "ann", "clientGroupID": "g1"}')->'results' AS results;
SELECT plasma.ctx() IS NULL AS none, current_user;

-- A token makes no superuser of a request, nor whoever has the rights of plasma's owner
RESET ROLE;
CREATE ROLE regress_ctx_super SUPERUSER;
CREATE ROLE regress_ctx_owner;
CREATE ROLE regress_ctx_heir;
CREATE ROLE regress_ctx_strict NOINHERIT;
GRANT regress_ctx_owner TO regress_ctx_heir;
GRANT regress_ctx_super, regress_ctx_owner, regress_ctx_heir TO regress_ctx_strict;
SELECT plasma.grant_access('regress_ctx_strict', 'gateway'), plasma.grant_access('regress_ctx_heir', 'sync') \g /dev/null
SET ROLE regress_ctx_strict;
SELECT plasma.push(public.ctx_request('g1', 6), '{"sub": "ann", "role": "regress_ctx_super"}');
SELECT plasma.push(public.ctx_request('g8', 1), '{"sub": "ann", "role": "regress_ctx_heir"}')->'results' AS results;
RESET ROLE;
BEGIN;
ALTER SCHEMA plasma OWNER TO regress_ctx_owner;
SET ROLE regress_ctx_strict;
SAVEPOINT s;
SELECT plasma.push(public.ctx_request('g8', 2), '{"sub": "ann", "role": "regress_ctx_owner"}');
ROLLBACK TO s;
SELECT plasma.push(public.ctx_request('g8', 2), '{"sub": "ann", "role": "regress_ctx_heir"}');
ROLLBACK;
SET ROLE regress_ctx_gateway;

-- A failure takes the ctx with it, whether it ends a subtransaction or the transaction
BEGIN;
SAVEPOINT s;
SELECT plasma.push('{}', '{"sub": "ann", "role": "regress_ctx_member"}');
ROLLBACK TO s;
SELECT plasma.ctx() IS NULL AS none, current_user;
SELECT plasma.push(public.ctx_request('g1', 6), '{"sub": "ann", "role": "regress_ctx_member"}')->'results' AS results;
SELECT plasma.ctx() IS NULL AS none, current_user;
COMMIT;
SELECT plasma.push('{}', '{"sub": "ann"}');
SELECT plasma.ctx() IS NULL AS none, current_user;

-- Groups belong to a sub or a role, which are never taken for each other
SELECT plasma.push(public.ctx_request('g1', 7), '{"sub": "eve"}');
SELECT plasma.push(public.ctx_request('g1', 7));
SELECT plasma.push(public.ctx_request('g4', 1))->'results' AS results;
SELECT plasma.push(public.ctx_request('g4', 2), '{"sub": "regress_ctx_gateway"}');
RESET ROLE;
SELECT client_group_id, owner_kind, owner FROM plasma.client_groups ORDER BY 1;

-- Where an identity is required
SET plasma.require_identity = on;
SELECT plasma.push(public.ctx_request('g5', 1), '{"tenant": 7}');
SELECT plasma.push(public.ctx_request('g5', 1));
SELECT plasma.push(public.ctx_request('g5', 1), '{"sub": "ann"}')->'results' AS results;
RESET plasma.require_identity;

DROP FUNCTION public.ctx_see, public.ctx_see_after_failure, public.ctx_request;
DROP TABLE public.ctx_seen;
DROP EXTENSION plasma CASCADE;
DROP ROLE regress_ctx_gateway, regress_ctx_member, regress_ctx_stranger, regress_ctx_super, regress_ctx_owner, regress_ctx_heir, regress_ctx_strict;

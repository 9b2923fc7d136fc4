-- Who owns a client group.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.client_groups;
DELETE FROM plasma.changes;
DELETE FROM plasma.mutators;
SELECT plasma.ensure_schema('{"version": "group-v1", "tables": {
	"group_rows": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE ROLE regress_ann;
CREATE ROLE regress_bob;
GRANT regress_ann, regress_bob TO CURRENT_USER;
SELECT plasma.grant_access('regress_ann', 'gateway'), plasma.grant_access('regress_bob', 'sync') \g /dev/null
CREATE FUNCTION request(client_group text, mutations jsonb DEFAULT '[{"id": 1, "name": "none"}]') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'group-v1', 'clientGroupID', client_group,
		'clientID', 'c', 'mutations', mutations) $$;
CREATE FUNCTION push(client_group text, ctx jsonb, mutations jsonb DEFAULT '[{"id": 1, "name": "none"}]') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN plasma.push(public.request(client_group, mutations), ctx) -> 'results' -> 0 ->> 'status';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION push(client_group text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN plasma.push(public.request(client_group)) -> 'results' -> 0 ->> 'status';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
GRANT USAGE ON SCHEMA public TO regress_ann, regress_bob;

-- the first identity that pushes mutations owns the group, and nobody else
SELECT push('g', '{"sub": "ann"}', '[]') IS NULL AS answered, (SELECT count(*) FROM plasma.client_groups) AS groups;
SELECT push('g', '{"sub": "ann"}');
SELECT push('g', '{"sub": "ann"}');
SELECT push('g', '{"sub": "Ann"}'), push('g', '{"sub": "ann "}'), push('g', '{}');
SELECT push('h', '{"sub": "bob"}');
SELECT push('g', '{"sub": "bob"}', '[]'), push('h', '{"sub": "bob"}', '[]');
SELECT client_group_id, owner_kind, owner FROM plasma.client_groups ORDER BY 1;
SELECT client_group_id, last_mutation_id FROM plasma.client_mutations ORDER BY 1;

-- a role is not the sub of the same name
SET ROLE regress_bob;
SELECT push('roles');
RESET ROLE;
SELECT push('roles', '{"sub": "regress_bob"}');
SELECT push('subs', '{"sub": "regress_bob"}');
SET ROLE regress_bob;
SELECT push('roles');
SELECT push('subs');
RESET ROLE;
SELECT client_group_id, owner_kind, owner FROM plasma.client_groups WHERE client_group_id IN ('roles', 'subs') ORDER BY 1;

-- the claims of the connection count as a ctx does; ctx goes before them
SET request.jwt.claims = '{"sub": "ann"}';
SELECT push('g'), push('roles');
SELECT push('g', '{"sub": "bob"}'), push('h', '{"sub": "bob"}');
RESET request.jwt.claims;

-- the role of a ctx owns where there is no sub
GRANT regress_bob TO regress_ann;
SET ROLE regress_ann;
SELECT push('roles', '{"role": "regress_bob"}');
SELECT push('roles', '{}');
SELECT push('mine', NULL);
RESET ROLE;
SELECT owner_kind, owner FROM plasma.client_groups WHERE client_group_id = 'mine';

-- a group may be for those with a sub only
SET plasma.require_identity = on;
SELECT push('g', '{"sub": "ann"}'), push('new', '{}'), push('new', '{}', '[]');
RESET plasma.require_identity;

-- a refusal leaves nothing behind, and a claim that is rolled back is none
SELECT count(*) FROM plasma.client_mutations WHERE client_group_id = 'new';
BEGIN;
SELECT push('new', '{"sub": "ann"}');
ROLLBACK;
SELECT push('new', '{"sub": "bob"}');
-- a group that is gone belongs to the next, and begins anew
DELETE FROM plasma.client_groups WHERE client_group_id = 'g';
SELECT push('g', '{"sub": "bob"}');

DROP FUNCTION request, push(text, jsonb, jsonb), push(text);
DROP EXTENSION plasma CASCADE;
DROP TABLE group_rows;
DROP OWNED BY regress_ann, regress_bob;
DROP ROLE regress_ann, regress_bob;

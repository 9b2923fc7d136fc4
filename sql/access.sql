-- Row-level security and privileges decide on both paths: what a caller may
-- write by push, and what is told by pull.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
SELECT plasma.ensure_schema('{"version": "access-v1", "tables": {
	"access_notes": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}, "shared": {"kind": "boolean", "default": false}, "secret": {"kind": "text", "nullable": true}},
		"auth": {"read": "shared OR owner = plasma.ctx()->>''sub''", "write": "owner = plasma.ctx()->>''sub''"}},
	"access_closed": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE ROLE regress_access_member;
CREATE ROLE regress_access_gateway;
GRANT regress_access_member TO regress_access_gateway;
SELECT plasma.grant_access('regress_access_gateway', 'gateway'), plasma.grant_access('regress_access_member', 'sync') \g /dev/null
GRANT SELECT (id, owner, shared), INSERT (id, owner, shared), UPDATE (owner, shared), DELETE ON access_notes TO regress_access_member;
CREATE FUNCTION run_it(how text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE how; END $$;
SELECT plasma.register_mutator('run', 'run_it(text)') \g /dev/null

CREATE TABLE jar (client text PRIMARY KEY, cookie text, last int NOT NULL DEFAULT 0);
GRANT ALL ON jar TO regress_access_gateway;
INSERT INTO jar VALUES ('ann'), ('bob');
CREATE FUNCTION request(who text, more jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'access-v1', 'clientGroupID', who, 'clientID', who) || more $$;
CREATE FUNCTION ctx(who text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('sub', who, 'role', 'regress_access_member') $$;
-- Pushes statements, one a mutation.
CREATE FUNCTION push(who text, VARIADIC statements text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	first int := (SELECT last FROM jar WHERE client = who);
BEGIN
	UPDATE jar SET last = first + cardinality(statements) WHERE client = who;
	RETURN QUERY SELECT concat_ws(' ', r->>'status', r->'error'->>'code', r->'error'->>'message')
		FROM json_array_elements(plasma.push(request(who, jsonb_build_object('mutations',
			(SELECT jsonb_agg(jsonb_build_object('id', first + n, 'name', 'run', 'args', jsonb_build_object('how', s))) FROM unnest(statements) WITH ORDINALITY x (s, n)))),
			ctx(who))->'results') r;
END $$;
CREATE FUNCTION pull(who text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer json := plasma.pull(request(who, jsonb_build_object('cookie', (SELECT cookie FROM jar WHERE client = who))), ctx(who));
BEGIN
	UPDATE jar SET cookie = answer->>'cookie' WHERE client = who;
	RETURN QUERY SELECT concat_ws(' ', o->>'op', o->>'table', o->>'id', o->>'value') FROM json_array_elements(answer->'patch') o;
END $$;
SET ROLE regress_access_gateway;

\echo -- each pushes what it may, as nobody but itself
SELECT push('ann', $$INSERT INTO access_notes (id, owner) VALUES ('a1', 'ann')$$, $$INSERT INTO access_notes (id, owner, shared) VALUES ('a2', 'ann', true)$$,
	$$INSERT INTO access_notes (id, owner) VALUES ('a3', 'bob')$$, $$INSERT INTO access_notes (id, owner, secret) VALUES ('a4', 'ann', 'x')$$,
	$$INSERT INTO access_closed VALUES ('a5')$$, $$DELETE FROM plasma.changes$$, $$INSERT INTO access_notes (id, owner) VALUES ('a6', current_user)$$);
SELECT push('bob', $$INSERT INTO access_notes (id, owner) VALUES ('b1', 'bob')$$,
	$$UPDATE access_notes SET shared = false$$, $$DELETE FROM access_notes WHERE owner = 'ann'$$, $$UPDATE access_notes SET owner = 'ann' WHERE id = 'b1'$$);

\echo -- each is told what it may read: rows, and columns
SELECT pull('ann');
SELECT pull('bob');

\echo -- rows come into sight and go out of it
SELECT push('ann', $$UPDATE access_notes SET shared = true WHERE id = 'a1'$$, $$UPDATE access_notes SET shared = false WHERE id = 'a2'$$);
SELECT pull('bob');
SELECT pull('ann');
RESET ROLE;
UPDATE access_notes SET owner = 'bob', shared = false, secret = 'known to nobody';
SET ROLE regress_access_gateway;
SELECT pull('ann');
SELECT pull('bob');

\echo -- a table that is opened, a column that is opened, a schema that is closed
RESET ROLE;
INSERT INTO access_closed VALUES ('c');
GRANT SELECT ON access_closed TO regress_access_member;
SET ROLE regress_access_gateway;
SELECT pull('bob');
RESET ROLE;
GRANT SELECT (secret) ON access_notes TO regress_access_member;
SET ROLE regress_access_gateway;
SELECT pull('ann');
RESET ROLE;
CREATE SCHEMA access_aside;
ALTER TABLE access_closed SET SCHEMA access_aside;
SET ROLE regress_access_gateway;
SELECT pull('bob');
RESET ROLE;
GRANT USAGE ON SCHEMA access_aside TO regress_access_member;
SET ROLE regress_access_gateway;
SELECT pull('bob') ORDER BY 1 LIMIT 2;
\echo -- a table that was renamed keeps its name on the wire
RESET ROLE;
ALTER TABLE access_notes RENAME TO access_renamed;
UPDATE access_renamed SET shared = true WHERE id = 'b1';
SET ROLE regress_access_gateway;
SELECT pull('ann');

RESET ROLE;
DROP EXTENSION plasma CASCADE;
DROP FUNCTION run_it, request, ctx, push, pull;
DROP TABLE jar, access_renamed, access_aside.access_closed;
DROP SCHEMA access_aside;
DROP OWNED BY regress_access_member, regress_access_gateway;
DROP ROLE regress_access_member, regress_access_gateway;

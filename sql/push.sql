-- plasma.push: from a request to its answer.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.client_groups;
DELETE FROM plasma.changes;
DELETE FROM plasma.mutators;
SELECT plasma.ensure_schema('{"version": "push-v1", "tables": {
	"notes": {"columns": {"id": {"kind": "id"}, "body": {"kind": "text", "nullable": true}}}}}') \g /dev/null

CREATE FUNCTION add_note(id text, body text DEFAULT NULL) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.notes VALUES (id, body) $$;
CREATE FUNCTION fail(code text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.notes VALUES ('left by a failure');
	RAISE EXCEPTION 'as asked' USING ERRCODE = code, DETAIL = 'not for the client'; END $$;
CREATE FUNCTION clear() RETURNS void LANGUAGE sql AS $$
	DELETE FROM public.notes; DELETE FROM plasma.changes; DELETE FROM plasma.client_groups $$;
SELECT plasma.register_mutator('add', 'add_note(text, text)'), plasma.register_mutator('fail', 'fail(text)') \g /dev/null

-- A request with these mutations, any key of it replaced
CREATE FUNCTION request(mutations jsonb, replaced jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'push-v1', 'clientGroupID', 'g',
		'clientID', 'c', 'mutations', mutations) || replaced $$;
-- The results of a push, one a line
CREATE FUNCTION results(mutations jsonb, replaced jsonb DEFAULT '{}') RETURNS SETOF json LANGUAGE sql AS $$
	SELECT json_array_elements(plasma.push(public.request(mutations, replaced)) -> 'results') $$;
-- The error of a push that does nothing
CREATE FUNCTION refusal(request jsonb, ctx jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE code text; message text;
BEGIN
	PERFORM plasma.push(request, ctx);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS OR query_canceled THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
	RETURN code || ' ' || message;
END $$;

-- the whole answer
SELECT regexp_replace(plasma.push(request('[{"id": 1, "name": "add", "args": {"id": "a", "body": "one"}, "timestamp": 1730100000000.5}]'))::text,
	'"txid":"[0-9]+"', '"txid":"…"') AS answer;
SELECT plasma.push(request('[{"id": 2, "name": "add", "args": {"id": "b"}}]')) ->> 'txid' AS txid \gset
SELECT xid = :'txid'::xid8 AS is_txid FROM plasma.client_mutations;
SELECT * FROM notes ORDER BY id;
SELECT client_group_id, client_id, last_mutation_id, schema_version FROM plasma.client_mutations;

-- each id once, in turn; a failure moves the id and is told again
SELECT results('[{"id": 2, "name": "add", "args": {"id": "b"}}, {"id": 3, "name": "add", "args": {"id": "a"}}, {"id": 4, "name": "add", "args": {"id": "d"}},
	{"id": 4, "name": "add", "args": {"id": "e"}}, {"id": 3, "name": "add", "args": {"id": "f"}}, {"id": 6, "name": "add", "args": {"id": "g"}},
	{"id": 5, "name": "add", "args": {"id": "h"}}, {"id": 1, "name": "add", "args": {"id": "i"}}]');
SELECT results('[{"id": 3, "name": "add", "args": {"id": "f"}}, {"id": 5, "name": "fail", "args": {"code": "23514"}}, {"id": 5.0, "name": "add", "args": {"id": "j"}}, {"id": 0.6e1, "name": "add", "args": {"id": "k"}}]');
SELECT * FROM notes ORDER BY id;
SELECT client_id, last_mutation_id FROM plasma.client_mutations;
SELECT client_group_id, client_id, mutation_id, name, args, code, message FROM plasma.mutation_failures ORDER BY mutation_id;

-- the log knows who wrote
SELECT op, row_id, client_group_id, client_id, mutation_id FROM plasma.changes ORDER BY row_version;
BEGIN;
SELECT results('[{"id": 7, "name": "add", "args": {"id": "m"}}]');
INSERT INTO notes VALUES ('by hand');
SELECT results('[{"id": 8, "name": "fail", "args": {"code": "P0001"}}]');
INSERT INTO notes VALUES ('by hand after a failure');
COMMIT;
SELECT op, row_id, client_group_id, client_id, mutation_id FROM plasma.changes ORDER BY row_version OFFSET 4;
SELECT clear();

-- several clients in one body, in any order
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 1, "clientID": "z", "name": "add", "args": {"id": "2"}}, {"id": 1, "clientID": "a", "name": "fail", "args": {"code": "P0001"}},
	{"id": 3, "clientID": "a", "name": "add", "args": {"id": "3"}}, {"id": 2, "name": "add", "args": {"id": "4"}}, {"id": 2, "clientID": "z", "name": "add", "args": {"id": "1"}},
	{"id": 1, "clientID": "c", "name": "add", "args": {"id": "5"}}, {"id": 2, "clientID": "a", "name": "add", "args": {"id": "6"}}]');
SELECT client_id, last_mutation_id, xid = max(xid::text::bigint) OVER ()::text::xid8 AS moved_together FROM plasma.client_mutations ORDER BY 1;
SELECT row_id, client_id, mutation_id FROM plasma.changes ORDER BY row_version;
-- only the clients that moved are written; one that is new and out of order leaves no row
CREATE TEMP TABLE before AS SELECT client_id, xid FROM plasma.client_mutations;
SELECT results('[{"id": 2, "clientID": "a", "name": "add", "args": {"id": "7"}}, {"id": 2, "clientID": "z", "name": "add", "args": {"id": "8"}}, {"id": 2, "clientID": "new", "name": "add", "args": {"id": "9"}}]');
SELECT client_id, last_mutation_id, m.xid <> b.xid AS moved FROM plasma.client_mutations m LEFT JOIN before b USING (client_id) ORDER BY 1;
SELECT clear();

-- an empty push is answered, and nothing is written
BEGIN;
SELECT plasma.push(request('[]'));
SELECT pg_current_xact_id_if_assigned() IS NULL AS no_xid, (SELECT count(*) FROM plasma.client_groups) AS groups;
COMMIT;

-- what is no request
SELECT plasma.push(NULL);
SELECT plasma.push(NULL, '{}');
SELECT '{"protocolVersion": 1, "clientID": "a\u0000b"}'::jsonb;
SELECT '{"protocolVersion": 1, "clientID": "\ud800"}'::jsonb;
SELECT '{"protocolVersion": 1, "clientID": '::jsonb;
SELECT body, refusal(body) FROM unnest('{"[]", "7", "null", "\"text\"", "{}", "[{}]"}'::jsonb[]) body;
SELECT replaced, refusal(request('[]', replaced)) FROM unnest(ARRAY[
	'{"protocolVersion": 2}', '{"protocolVersion": "1"}', '{"protocolVersion": 1.5}', '{"protocolVersion": null}',
	'{"schemaVersion": 1}', '{"schemaVersion": ""}', '{"schemaVersion": null}', '{"schemaVersion": "push-v0"}',
	'{"clientGroupID": 1}', '{"clientGroupID": ""}', '{"clientGroupID": null}', '{"clientGroupID": ["g"]}',
	'{"clientID": {}}', '{"clientID": ""}', '{"clientID": false}', '{"cookie": null}', '{"Mutations": []}', '{"a \"b\"": 1}', '{"": 1}', '{"clientID\n": 1}',
	'{"mutations": {}}', '{"mutations": null}', '{"mutations": "[]"}', '{"mutations": 0}']::jsonb[]) replaced;
SELECT key, refusal(request('[]') - key) FROM jsonb_object_keys(request('[]')) key ORDER BY 1;
SELECT refusal(request('[]', jsonb_build_object(key, repeat('é', 256)))), refusal(request('[]', jsonb_build_object(key, repeat('é', 255))))
	FROM unnest('{clientGroupID,clientID}'::text[]) key;
SELECT refusal(request('[]', jsonb_build_object(repeat('x', 1000), 1)));
SELECT left(mutation::text, 50) AS mutation, refusal(request(jsonb_build_array('{"id": 1, "name": "add", "args": {"id": "first"}}'::jsonb, mutation))) FROM unnest(ARRAY[
	'[]', 'null', '7', '"add"', '{}', '{"id": 2}', '{"name": "add"}', '{"id": 2, "name": 7}', '{"id": 2, "name": ""}', '{"id": 2, "name": null}',
	'{"id": "2", "name": "add"}', '{"id": null, "name": "add"}', '{"id": 0, "name": "add"}', '{"id": -1, "name": "add"}', '{"id": 1.5, "name": "add"}',
	'{"id": 9007199254740992, "name": "add"}', '{"id": 1e400, "name": "add"}', '{"id": 1e-400, "name": "add"}', '{"id": [2], "name": "add"}', '{"id": true, "name": "add"}',
	'{"id": 2, "name": "add", "timestamp": "now"}', '{"id": 2, "name": "add", "timestamp": null}', '{"id": 2, "name": "add", "clientID": ""}',
	'{"id": 2, "name": "add", "clientID": 3}', '{"id": 2, "name": "add", "ID": 3}', '{"id": 2, "name": "add", "clientGroupID": "g"}']::jsonb[]) mutation;
SELECT refusal(request(jsonb_build_array(jsonb_build_object('id', 1, 'name', repeat('é', 256)))));
SELECT refusal(request('[{"id": 9007199254740991, "name": "add"}]'));
SELECT results('[{"id": 9007199254740991, "name": "add"}]');
SELECT count(*) FROM notes;
SELECT clear();

-- limits come before anything else
SET plasma.max_mutations_per_push = 2;
SELECT plasma.push('{"mutations": [1, 2, 3], "nonsense": true}');
SELECT refusal('{"mutations": [1, 2], "nonsense": true}');
RESET plasma.max_mutations_per_push;

-- who calls: the group of ctx, the owner of the group, the refusal without a trace
SELECT refusal(request('[{"id": 1, "name": "add"}]'), '{"clientGroupID": "other"}'), refusal(request('[]'), '{"clientGroupID": "g"}'), refusal(request('[]'), '[]');
SELECT refusal(request('[{"id": 1, "name": "add", "args": {"id": "1"}}]'), '{"sub": "ann"}');
SELECT refusal(request('[{"id": 2, "name": "add"}]'), '{"sub": "bob"}'), refusal(request('[]'), '{"sub": "bob"}'), refusal(request('[]'));
SELECT count(*) FROM plasma.client_groups;
SELECT clear();

-- nothing runs where the transaction may not write
BEGIN READ ONLY;
SELECT plasma.push(request('[{"id": 1, "name": "add", "args": {"id": "1"}}]'));
ROLLBACK;
BEGIN READ ONLY;
SELECT plasma.push('{"mutations": 7}');
ROLLBACK;

-- what is rolled back was never pushed
BEGIN;
SAVEPOINT s;
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 2, "name": "fail", "args": {"code": "P0001"}}]');
ROLLBACK TO s;
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 2, "name": "add", "args": {"id": "2"}}]');
COMMIT;
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 2, "name": "add", "args": {"id": "2"}}]');
SELECT * FROM notes ORDER BY id;
SELECT clear();

-- at the other levels of isolation
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 2, "name": "add", "args": {"id": "1"}}]');
SELECT results('[{"id": 1, "name": "add", "args": {"id": "1"}}, {"id": 2, "name": "add", "args": {"id": "1"}}, {"id": 3, "name": "add", "args": {"id": "3"}}]');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT results('[{"id": 4, "name": "add", "args": {"id": "4"}}, {"id": 5, "name": "fail", "args": {"code": "P0001"}}]');
COMMIT;
SELECT id FROM notes ORDER BY id;
SELECT clear();

-- a failure worth a retry is raised, and nothing of the push is left
SELECT code, refusal(request(jsonb_build_array('{"id": 1, "name": "add", "args": {"id": "1"}}'::jsonb,
	jsonb_build_object('id', 2, 'name', 'fail', 'args', jsonb_build_object('code', code)), '{"id": 3, "name": "add", "args": {"id": "3"}}'::jsonb)))
	FROM unnest('{08006,40001,40P01,53100,57P01,57014,58030,72000,XX000,XX001,55P03,55006,25006}'::text[]) code;
SELECT (SELECT count(*) FROM notes) AS notes, (SELECT count(*) FROM plasma.client_groups) AS groups,
	(SELECT count(*) FROM plasma.client_mutations) AS clients, (SELECT count(*) FROM plasma.changes) AS changes;
-- all others are for good
SELECT code, refusal(request(jsonb_build_array('{"id": 1, "name": "add", "args": {"id": "1"}}'::jsonb,
	jsonb_build_object('id', n + 1, 'name', 'fail', 'args', jsonb_build_object('code', code)))))
	FROM unnest('{P0001,P0002,P0004,22012,23505,23503,42501,42P01,54001,55000,2D000,0A000,PL004,PL005,ZZ999}'::text[]) WITH ORDINALITY v (code, n);
SELECT count(*) FROM notes;
SELECT mutation_id, code, message FROM plasma.mutation_failures ORDER BY 1;
SELECT clear();
-- a message is told and kept in part only
CREATE FUNCTION count_to(n int) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION lengthy() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE '%', repeat('é', 100000); END $$;
SELECT plasma.register_mutator('count_to', 'count_to(int)'), plasma.register_mutator('lengthy', 'lengthy()') \g /dev/null
SELECT result->>'id' AS id, left(message, 44) AS message, right(message, 2), octet_length(message)
	FROM results(jsonb_build_array(jsonb_build_object('id', 1, 'name', 'count_to', 'args', jsonb_build_object('n', '1' || repeat('0', 130000))), '{"id": 2, "name": "lengthy"}'::jsonb)) result, LATERAL (SELECT result->'error'->>'message') m (message);
SELECT mutation_id, octet_length(message) FROM plasma.mutation_failures ORDER BY 1;
SELECT clear();

-- a number that is short in JSON and long wherever it is written
SELECT result->>'status' AS status, result->'error' AS error
	FROM results('[{"id": 1, "name": "add", "args": {"id": "1", "more": [{"n": 1e400}]}}, {"id": 2, "name": "add", "args": {"id": "1", "more": 1e-401}}, {"id": 3, "name": "add", "args": {"id": -9.9e399}}]') result;
SELECT clear();

-- no push within a mutator
CREATE FUNCTION nested_push() RETURNS void LANGUAGE sql AS $$ SELECT plasma.push('{}') $$;
CREATE FUNCTION nested_push_ctx() RETURNS void LANGUAGE sql AS $$ SELECT plasma.push('{}', '{"sub": "root"}') $$;
CREATE FUNCTION nested_http() RETURNS void LANGUAGE sql AS $$ SELECT plasma.http('POST', '/push', '{}') $$;
CREATE FUNCTION nested_caught() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END;
	BEGIN PERFORM plasma.push('{}'); EXCEPTION WHEN OTHERS THEN INSERT INTO public.notes VALUES ('caught', SQLERRM); END;
	END $$;
SELECT plasma.register_mutator(f, (f || '()')::regprocedure) FROM unnest('{nested_push,nested_push_ctx,nested_http,nested_caught}'::text[]) f \g /dev/null
SELECT results('[{"id": 1, "name": "nested_push"}, {"id": 2, "name": "nested_push_ctx"}, {"id": 3, "name": "nested_http"}, {"id": 4, "name": "nested_caught"}]');
SELECT id, body FROM notes;
SELECT row_id, client_id, mutation_id FROM plasma.changes;
SELECT results('[{"id": 5, "name": "add", "args": {"id": "after"}}]');

DROP EXTENSION plasma CASCADE;
DROP FUNCTION add_note, fail, clear, request, results, refusal, nested_push, nested_push_ctx, nested_http, nested_caught, count_to, lengthy;
DROP TABLE notes, before;

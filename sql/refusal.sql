-- A policy's refusal of a write has a code of its own, and is not a missing privilege.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.mutation_failures;
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_refusal;
SELECT plasma.ensure_schema('{"version": "refusal", "tables": {
	"refusal_rows": {"columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}, "n": {"kind": "int", "default": 0}},
		"auth": {"read": "owner <> ''hidden''", "write": "owner = plasma.ctx()->>''sub''"}},
	"refusal_closed": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
INSERT INTO refusal_rows VALUES ('b', 'bob'), ('a', 'ann'), ('h', 'hidden');
GRANT SELECT, INSERT, UPDATE, DELETE ON refusal_rows TO regress_refusal;
CREATE VIEW refusal_view AS SELECT * FROM refusal_rows WHERE n < 10 WITH CHECK OPTION;
GRANT ALL ON refusal_view TO regress_refusal;
SELECT plasma.grant_access('regress_refusal', 'sync') \g /dev/null
CREATE FUNCTION refusal_run(how text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE how; END $$;
CREATE FUNCTION refusal_raise(code text, message text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', message USING ERRCODE = code; END $$;
CREATE FUNCTION refusal_again() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.refusal_rows VALUES ('again', 'bob');
EXCEPTION WHEN insufficient_privilege THEN
	RAISE;
END $$;
CREATE FUNCTION refusal_checked(id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.refusal_rows r SET n = n + 1 WHERE r.id = refusal_checked.id;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'row "%" is not there or not yours', id USING ERRCODE = 'no_data_found';
	END IF;
END $$;
SELECT plasma.register_mutator('run', 'refusal_run(text)'), plasma.register_mutator('raise', 'refusal_raise(text, text)'),
	plasma.register_mutator('again', 'refusal_again()'), plasma.register_mutator('checked', 'refusal_checked(text)') \g /dev/null
CREATE FUNCTION pg_temp.pushed(mutations jsonb) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', r->>'id', r->>'status', r->'error'->>'code', r->'error'->>'message')
	FROM json_array_elements(plasma.push(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'refusal', 'clientGroupID', 'refusal', 'clientID', 'c', 'mutations', mutations))->'results') r
$$;
SET ROLE regress_refusal;
SET request.jwt.claims = '{"sub": "ann"}';

SELECT pg_temp.pushed(jsonb_agg(jsonb_build_object('id', n, 'name', 'run', 'args', jsonb_build_object('how', how)))) FROM unnest(ARRAY[
	$$INSERT INTO refusal_rows VALUES ('x', 'bob')$$,
	$$UPDATE refusal_rows SET owner = 'bob' WHERE id = 'a'$$,
	$$INSERT INTO refusal_rows VALUES ('b', 'ann') ON CONFLICT (id) DO UPDATE SET n = 1$$,
	$$MERGE INTO refusal_rows r USING (VALUES ('b')) v (id) ON r.id = v.id WHEN MATCHED THEN UPDATE SET n = 1$$,
	$$MERGE INTO refusal_rows r USING (VALUES ('b')) v (id) ON r.id = v.id WHEN MATCHED THEN DELETE$$,
	$$MERGE INTO refusal_rows r USING (VALUES ('y')) v (id) ON r.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'bob')$$,
	-- a missing privilege, a view's own check, and a session that asks to be told
	$$INSERT INTO refusal_closed VALUES ('x')$$,
	$$TRUNCATE refusal_rows$$,
	$$INSERT INTO refusal_view VALUES ('z', 'ann', 11)$$,
	$$SET LOCAL row_security = off; UPDATE refusal_rows SET n = 1$$,
	-- not to be seen is not refused
	$$UPDATE refusal_rows SET n = 1 WHERE id IN ('b', 'h')$$,
	$$DELETE FROM refusal_rows WHERE id IN ('b', 'h')$$]) WITH ORDINALITY x (how, n);
-- What a function raises is its own; what it raises again is what it was
SELECT pg_temp.pushed('[{"id": 13, "name": "raise", "args": {"code": "42501", "message": "new row violates row-level security policy for table \"t\""}},
	{"id": 14, "name": "raise", "args": {"code": "PL009", "message": "told by the application"}},
	{"id": 15, "name": "again"}, {"id": 16, "name": "checked", "args": {"id": "b"}}, {"id": 17, "name": "checked", "args": {"id": "a"}}]');
-- Told again, and kept
SELECT pg_temp.pushed('[{"id": 1, "name": "run", "args": {"how": ""}}, {"id": 7, "name": "run", "args": {"how": ""}}]');
RESET ROLE;
SELECT code, count(*), string_agg(mutation_id::text, ' ' ORDER BY mutation_id) FROM plasma.mutation_failures GROUP BY code ORDER BY code;
SELECT * FROM refusal_rows ORDER BY id;

RESET request.jwt.claims;
DROP EXTENSION plasma CASCADE;
DROP FUNCTION refusal_run, refusal_raise, refusal_again, refusal_checked;
DROP VIEW refusal_view;
DROP TABLE refusal_rows, refusal_closed;
DROP ROLE regress_refusal;

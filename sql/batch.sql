-- Mutations of one push, one after the other: none sees more of the others than their writes.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.client_groups;
DELETE FROM plasma.changes;
DELETE FROM plasma.mutators;
SELECT plasma.ensure_schema('{"version": "batch-v1", "tables": {
	"batch_rows": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE TABLE seen (n int, what text);
CREATE FUNCTION put(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'put'); END $$;
-- Writes and then fails
CREATE FUNCTION fail(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'failed'); PERFORM 1 / 0; END $$;
SELECT plasma.register_mutator('put', 'put(int)'), plasma.register_mutator('fail', 'fail(int)') \g /dev/null

-- Pushes these mutations with the ids that are next in turn
CREATE FUNCTION push(mutations jsonb, ctx jsonb DEFAULT NULL) RETURNS SETOF json LANGUAGE plpgsql AS $$
DECLARE last bigint := (SELECT COALESCE(max(last_mutation_id), 0) FROM plasma.client_mutations);
BEGIN
	RETURN QUERY SELECT r.value FROM json_array_elements(plasma.push(jsonb_build_object('protocolVersion', 1,
		'schemaVersion', 'batch-v1', 'clientGroupID', 'g', 'clientID', 'c', 'mutations',
		(SELECT jsonb_agg(m || jsonb_build_object('id', last + n)) FROM jsonb_array_elements(mutations) WITH ORDINALITY v (m, n))), ctx) -> 'results') r;
END $$;
-- The same, told shortly
CREATE FUNCTION told(mutations jsonb, ctx jsonb DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', r->>'status', r->'error'->>'code', r->'error'->>'message'), E'\n') FROM public.push(mutations, ctx) r $$;
CREATE FUNCTION look() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM public.seen RETURNING n, what) SELECT concat_ws(' ', n, what) FROM gone ORDER BY n, what $$;

-- A batch of these mutations: p puts, f fails
CREATE FUNCTION batch(names text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('name', CASE c WHEN 'p' THEN 'put' ELSE 'fail' END, 'args', jsonb_build_object('n', n)))
	FROM regexp_split_to_table(names, '') WITH ORDINALITY v (c, n) $$;
-- Pushes it and checks the answers and the rows; says in how many subtransactions the rows came
CREATE FUNCTION checked(names text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text := (SELECT string_agg(CASE r->>'status' WHEN 'ok' THEN 'p' WHEN 'failed' THEN 'f' ELSE '?' END, '') FROM push(batch(names)) r);
	rows text := (SELECT string_agg(CASE WHEN s.what = 'put' THEN 'p' WHEN s.n IS NULL THEN 'f' ELSE '?' END, '' ORDER BY i)
		FROM generate_series(1, length(names)) i LEFT JOIN seen s ON s.n = i);
	parts bigint := (SELECT count(DISTINCT xmin::text) FROM seen);
	rows_count bigint := (SELECT count(*) FROM seen);
BEGIN
	DELETE FROM seen;
	IF told <> names OR rows <> names OR rows_count <> length(replace(names, 'f', '')) THEN
		RETURN format('told %s, found %s', told, rows);
	END IF;
	RETURN parts;
END $$;

-- groups of mutations: one subtransaction when nothing fails, never more than 33
SELECT names, checked(names) FROM unnest('{p,f,pp,fp,pf,pfp,ppffpp,fff,fpfpf}'::text[]) names;
SELECT checked(repeat('p', 200));
SELECT checked(repeat('f', 200));
SELECT checked(repeat('p', 100) || 'f' || repeat('p', 99));
SELECT checked(repeat('pf', 32)), checked(repeat('pf', 33)), checked(repeat('pf', 34));
SELECT checked(repeat('pf', 100)), checked(repeat('fp', 100)), checked(repeat('ppf', 66));
SELECT count(*) FROM plasma.mutation_failures WHERE code <> '22012' OR message <> 'division by zero';
SELECT count(*), min(mutation_id), max(mutation_id) <= (SELECT max(last_mutation_id) FROM plasma.client_mutations) FROM plasma.mutation_failures;

-- a mutation that works once and then not is a failure, and those before it stand
CREATE SEQUENCE tries;
CREATE FUNCTION fickle(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'fickle'); IF nextval('public.tries') > 1 THEN RAISE 'not again'; END IF; END $$;
SELECT plasma.register_mutator('fickle', 'fickle(int)') \g /dev/null
SELECT told('[{"name": "put", "args": {"n": 1}}, {"name": "fickle", "args": {"n": 2}}, {"name": "put", "args": {"n": 3}}, {"name": "fail", "args": {"n": 4}}, {"name": "put", "args": {"n": 5}}]');
SELECT look();

-- settings of one mutation never reach the next
CREATE FUNCTION unsettle(how text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE how; END $$;
CREATE FUNCTION settings(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, concat_ws(' ', current_user, session_user = current_user, current_setting('search_path'), current_setting('work_mem'),
		current_setting('a.b', true), current_setting('request.jwt.claims', true), plasma.ctx(), current_setting('transaction_read_only'))); END $$;
SELECT plasma.register_mutator('unsettle', 'unsettle(text)'), plasma.register_mutator('settings', 'settings(int)') \g /dev/null
CREATE ROLE regress_batch;
GRANT USAGE ON SCHEMA public, plasma TO regress_batch;
GRANT SELECT, INSERT ON seen TO regress_batch;
GRANT EXECUTE ON FUNCTION plasma.ctx() TO regress_batch;
CREATE FUNCTION unsettling() RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('name', name, 'args', args)) FROM (
		SELECT n, 1 AS part, 'unsettle', jsonb_build_object('how', how) FROM unnest(ARRAY['SET LOCAL work_mem = ''99kB''', 'SET work_mem = ''98kB''',
			'SET search_path = pg_temp', 'SELECT set_config(''a.b'', ''c'', false)', 'SET LOCAL "a.b" = ''d''', 'SET ROLE regress_batch', 'SET LOCAL ROLE regress_batch',
			'SET SESSION AUTHORIZATION regress_batch', 'SELECT set_config(''request.jwt.claims'', ''{"sub": "evil"}'', false), plasma.ctx()', 'SET TRANSACTION READ ONLY']) WITH ORDINALITY v (how, n)
		UNION ALL SELECT n, 2, 'settings', jsonb_build_object('n', n) FROM generate_series(1, 10) n ORDER BY 1, 2) v (n, part, name, args) $$;
SELECT current_user AS me \gset
SELECT set_config('a.b', 'outer', false), set_config('request.jwt.claims', '{"sub": "ann"}', false), set_config('work_mem', '77kB', false), set_config('search_path', 'public, pg_catalog', false) \g /dev/null
DELETE FROM plasma.client_groups;
SELECT status, count(*) FROM (SELECT r->>'status' AS status FROM push(unsettling()) r) s GROUP BY 1;
SELECT count(*), replace(what, :'me', '<me>') AS what FROM seen GROUP BY 2;
DELETE FROM seen;
-- as another role and with a ctx of its own, where SET ROLE is refused
DELETE FROM plasma.client_groups;
SELECT r->>'status' AS status, r->'error'->>'code' AS code, r->'error'->>'message' AS message, count(*)
	FROM push(unsettling(), '{"sub": "bob", "role": "regress_batch"}') r GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT count(*), what FROM seen GROUP BY 2;
SELECT current_user = :'me' AS still_me, current_setting('work_mem') AS work_mem, current_setting('a.b') AS "a.b", plasma.ctx();
DELETE FROM seen;
RESET work_mem; RESET search_path; RESET "a.b"; RESET request.jwt.claims;
DELETE FROM plasma.client_groups;

-- the time that a mutation may take
CREATE FUNCTION wait(n int, seconds float8 DEFAULT 10) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'waited'); PERFORM pg_sleep(seconds); END $$;
CREATE FUNCTION stubborn(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'stubborn');
	PERFORM pg_sleep(10); EXCEPTION WHEN query_canceled THEN RETURN; END $$;
CREATE FUNCTION busy(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'busy');
	WHILE clock_timestamp() < statement_timestamp() + interval '10 s' LOOP NULL; END LOOP; END $$;
SELECT plasma.register_mutator('wait', 'wait(int, float8)'), plasma.register_mutator('stubborn', 'stubborn(int)'), plasma.register_mutator('busy', 'busy(int)') \g /dev/null
SET plasma.mutation_timeout = '500ms';
SELECT told('[{"name": "put", "args": {"n": 1}}, {"name": "wait", "args": {"n": 2}}, {"name": "stubborn", "args": {"n": 3}}, {"name": "busy", "args": {"n": 4}}, {"name": "fail", "args": {"n": 5}},
	{"name": "wait", "args": {"n": 6, "seconds": 0.001}}, {"name": "put", "args": {"n": 7}}]');
SELECT look();
-- The limit is each mutation's own, and gone afterwards
SELECT told('[{"name": "wait", "args": {"n": 1, "seconds": 0.3}}, {"name": "wait", "args": {"n": 2, "seconds": 0.3}}]');
SELECT pg_sleep(0.6);
SELECT look();
-- An operator's limit is another thing: raised, and nothing is left
SET statement_timeout = '100ms';
SET plasma.mutation_timeout = '10s';
SELECT told('[{"name": "put", "args": {"n": 1}}, {"name": "wait", "args": {"n": 2}}]');
SET plasma.mutation_timeout = 0;
SELECT told('[{"name": "put", "args": {"n": 1}}, {"name": "wait", "args": {"n": 2}}]');
RESET statement_timeout;
CREATE FUNCTION cancel_me(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (n, 'canceled'); PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(10); END $$;
SELECT plasma.register_mutator('cancel_me', 'cancel_me(int)') \g /dev/null
SET plasma.mutation_timeout = '10s';
SELECT told('[{"name": "put", "args": {"n": 1}}, {"name": "cancel_me", "args": {"n": 2}}]');
RESET plasma.mutation_timeout;
SELECT look();
SELECT told('[{"name": "put", "args": {"n": 1}}]');
SELECT look();

-- what can be deferred is not looked for as long as it does not change
DELETE FROM plasma.client_groups;
SELECT told('[{"name": "put", "args": {"n": 1}}]', '{"sub": "ann"}');
BEGIN;
SELECT told('[{"name": "put", "args": {"n": 2}}, {"name": "put", "args": {"n": 3}}]', '{"sub": "ann"}');
SELECT seq_scan + idx_scan AS scans FROM pg_stat_xact_sys_tables WHERE relid = 'pg_trigger'::regclass;
COMMIT;
DELETE FROM seen;

-- what is deferred is done before the mutation is
CREATE TABLE parent (id int PRIMARY KEY, child int);
CREATE TABLE child (id int PRIMARY KEY, parent int CONSTRAINT "of A" REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE parent ADD CONSTRAINT "of B" FOREIGN KEY (child) REFERENCES child DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE ranked (id int PRIMARY KEY, rank int, CONSTRAINT "of C" UNIQUE (rank) DEFERRABLE INITIALLY IMMEDIATE);
-- Names that stand for a constraint that is not deferrable as well, or for both modes
CREATE TABLE twin1 (id int CONSTRAINT "of A" CHECK (id > 0) CONSTRAINT "of C" CHECK (id < 1000));
CREATE TABLE twin2 (id int, CONSTRAINT both_modes UNIQUE (id) DEFERRABLE INITIALLY IMMEDIATE);
CREATE TABLE twin3 (id int REFERENCES parent, parent int CONSTRAINT both_modes REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.seen VALUES (NEW.id, concat_ws(' ', 'late', current_user, plasma.origin(), current_setting('work_mem')));
	IF NEW.id = 13 THEN RAISE 'too late'; END IF; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER "late one" AFTER INSERT ON parent DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
CREATE FUNCTION kin(n int, with_child bool DEFAULT true) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO public.parent VALUES (n, n);
	INSERT INTO public.seen VALUES (n, 'early');
	SET LOCAL work_mem = '99kB';
	IF with_child THEN INSERT INTO public.child VALUES (n, n); END IF; END $$;
CREATE FUNCTION swap_ranks(how text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE how;
	UPDATE public.ranked SET rank = 3 - rank WHERE id = 1; UPDATE public.ranked SET rank = 3 - rank WHERE id = 2; END $$;
SELECT plasma.register_mutator('kin', 'kin(int, bool)'), plasma.register_mutator('swap', 'swap_ranks(text)') \g /dev/null
GRANT SELECT, INSERT ON parent, child TO regress_batch;
GRANT EXECUTE ON FUNCTION plasma.origin() TO regress_batch;
INSERT INTO ranked VALUES (1, 1), (2, 2);
SET work_mem = '77kB';
DELETE FROM plasma.client_groups;
SELECT told('[{"name": "kin", "args": {"n": 1}}, {"name": "kin", "args": {"n": 2, "with_child": false}}, {"name": "kin", "args": {"n": 13}}, {"name": "kin", "args": {"n": 3}}]', '{"sub": "ann", "role": "regress_batch"}');
SELECT look();
SELECT * FROM parent ORDER BY 1;
RESET work_mem;
-- a constraint that is immediate at first is so in each mutation, whatever the one before has set
SELECT told('[{"name": "swap"}, {"name": "swap", "args": {"how": "SET CONSTRAINTS ALL DEFERRED"}}, {"name": "swap"}, {"name": "kin", "args": {"n": 4}},
	{"name": "swap", "args": {"how": "SET CONSTRAINTS ALL IMMEDIATE"}}, {"name": "kin", "args": {"n": 5}}]', '{"sub": "ann"}');
SELECT * FROM ranked ORDER BY 1;
SELECT id FROM parent ORDER BY 1;
DELETE FROM seen;
-- what the transaction had pending before belongs to no mutation
BEGIN;
INSERT INTO parent VALUES (50, 50);
SELECT told('[{"name": "put", "args": {"n": 1}}]', '{"sub": "ann"}');
ROLLBACK;
BEGIN;
INSERT INTO parent VALUES (50, 50);
INSERT INTO child VALUES (50, 50);
SELECT told('[{"name": "kin", "args": {"n": 51}}]', '{"sub": "ann"}');
INSERT INTO parent VALUES (52, 52);
INSERT INTO child VALUES (52, 52);
COMMIT;
SELECT id FROM parent WHERE id >= 50 ORDER BY 1;
DELETE FROM seen;

-- what can be deferred is looked for again when it has changed, the name of a schema included
SELECT told('[{"name": "put", "args": {"n": 1}}]', '{"sub": "ann"}');
CREATE SCHEMA called CREATE TABLE ranked (rank int UNIQUE DEFERRABLE);
SELECT told('[{"name": "put", "args": {"n": 4}}]', '{"sub": "ann"}');
ALTER SCHEMA called RENAME TO renamed;
SELECT told('[{"name": "put", "args": {"n": 5}}]', '{"sub": "ann"}');
DROP TABLE renamed.ranked;
DROP SCHEMA renamed;
SELECT look();

-- a deferred trigger that defers what it causes: refused, and never run with other rights
CREATE TABLE again (n int);
CREATE FUNCTION put_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE WARNING 'row % as %', NEW.n, current_user;
	IF NEW.n > 0 THEN
		SET CONSTRAINTS ALL DEFERRED;
		EXECUTE format('INSERT INTO %I.%I VALUES (%s)', TG_TABLE_SCHEMA, TG_TABLE_NAME, NEW.n - 1);
	END IF;
	RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER "put off" AFTER INSERT ON again DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION put_off();
CREATE FUNCTION again(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	SET CONSTRAINTS ALL DEFERRED; INSERT INTO public.again VALUES (n); END $$;
-- The same with a table that is new
CREATE FUNCTION anew(n int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	CREATE TEMP TABLE anew (n int) ON COMMIT DROP;
	CREATE CONSTRAINT TRIGGER anew AFTER INSERT ON anew DEFERRABLE FOR EACH ROW EXECUTE FUNCTION public.put_off();
	SET CONSTRAINTS ALL DEFERRED; INSERT INTO anew VALUES (n); END $$;
SELECT plasma.register_mutator('again', 'again(int)'), plasma.register_mutator('anew', 'anew(int)') \g /dev/null
GRANT INSERT ON again TO regress_batch;
SET client_min_messages = error;
SELECT told('[{"name": "again", "args": {"n": 0}}, {"name": "again", "args": {"n": 1}}, {"name": "anew", "args": {"n": 1}}, {"name": "anew", "args": {"n": 0}}]', '{"sub": "ann", "role": "regress_batch"}');
SET client_min_messages = warning;
SELECT * FROM again;
GRANT EXECUTE ON FUNCTION plasma.push(jsonb) TO regress_batch;
SET ROLE regress_batch;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO again VALUES (1);
SELECT plasma.push('{"protocolVersion": 1, "schemaVersion": "batch-v1", "clientGroupID": "h", "clientID": "c", "mutations": [{"id": 1, "name": "again"}]}');
ROLLBACK;
RESET ROLE;

-- A push by a trigger that the transaction had left pending is refused: one id never
-- runs twice.
CREATE TABLE effects (n int);
CREATE TABLE waiting (n int);
CREATE FUNCTION effect() RETURNS void LANGUAGE sql AS 'INSERT INTO effects VALUES (1)';
SELECT plasma.register_mutator('effect', 'effect()');
CREATE FUNCTION push_effect() RETURNS json LANGUAGE sql AS $$
	SELECT plasma.push('{"protocolVersion": 1, "schemaVersion": "batch-v1", "clientGroupID": "nested", "clientID": "c", "mutations": [{"id": 1, "name": "effect"}]}')->'results'
$$;
CREATE FUNCTION push_later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM push_effect(); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON waiting DEFERRABLE INITIALLY DEFERRED
	FOR EACH ROW EXECUTE FUNCTION push_later();
BEGIN;
INSERT INTO waiting VALUES (1);
SELECT push_effect();
COMMIT;
SELECT count(*) FROM effects;
DROP TABLE waiting, effects;
DROP FUNCTION push_later, push_effect, effect;

-- rows that a push may write: one mutation too many fails for good, and takes nothing from the others
CREATE FUNCTION fill(n int, undone int DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
	BEGIN
		INSERT INTO public.batch_rows SELECT 'undone ' || i FROM generate_series(1, undone) i;
		RAISE EXCEPTION 'undone';
	EXCEPTION WHEN raise_exception THEN NULL;
	END;
	INSERT INTO public.batch_rows SELECT gen_random_uuid() FROM generate_series(1, n) i;
END $$;
SELECT plasma.register_mutator('fill', 'fill(int,int)') \g /dev/null
CREATE FUNCTION fills(VARIADIC n int[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('name', 'fill', 'args', jsonb_build_object('n', c, 'undone', 1)) ORDER BY i) FROM unnest(n) WITH ORDINALITY v (c, i) $$;
DELETE FROM plasma.changes;
DELETE FROM plasma.client_groups;
SET plasma.max_rows_per_push = 10;
SELECT told(fills(10));
SELECT told(fills(4, 11, 4, 5, 2, 1));
SELECT told(fills(11, 0, 10));
SELECT count(*) FROM plasma.changes;
-- a write before it is none of its
BEGIN;
INSERT INTO batch_rows SELECT 'own ' || i FROM generate_series(1, 20) i;
SELECT told(fills(10));
SELECT told(fills(10));
COMMIT;
RESET plasma.max_rows_per_push;
SELECT told(fills(2000));

DROP EXTENSION plasma CASCADE;
DROP FUNCTION put, fail, push, told, look, batch, checked, fickle, unsettle, unsettling, settings, wait, stubborn, busy, cancel_me, kin, swap_ranks, again, anew, fill, fills;
DROP TABLE seen, batch_rows, parent, child, ranked, twin1, twin2, twin3, again;
DROP FUNCTION late, put_off;
DROP SEQUENCE tries;
DROP OWNED BY regress_batch;
DROP ROLE regress_batch;

-- Mutators: what can be one, and how args become parameters.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.client_groups;
DELETE FROM plasma.changes;
DELETE FROM plasma.mutators;
SELECT plasma.ensure_schema('{"version": "mutator-v1", "tables": {
	"mutator_rows": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE SCHEMA "Odd name";
CREATE TABLE "Odd name".said (n serial, what text);
CREATE FUNCTION "Odd name".say(what text) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO "Odd name".said (what) VALUES (what) $$;

-- registering
CREATE PROCEDURE "Odd name".bad_procedure(args jsonb) LANGUAGE sql AS '';
CREATE FUNCTION "Odd name".bad_set(args jsonb) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION "Odd name".bad_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION "Odd name".bad_variadic(VARIADIC a int[]) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION "Odd name".bad_any(a anyelement) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION "Odd name".bad_unnamed(int) RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION "Odd name".bad_half(args jsonb, jsonb) RETURNS void LANGUAGE sql AS '';
SELECT plasma.register_mutator('x', '"Odd name".bad_procedure(jsonb)');
SELECT plasma.register_mutator('x', 'max(int)');
SELECT plasma.register_mutator('x', 'row_number()');
SELECT plasma.register_mutator('x', '"Odd name".bad_set(jsonb)');
SELECT plasma.register_mutator('x', '"Odd name".bad_trigger()');
SELECT plasma.register_mutator('x', '"Odd name".bad_variadic(int[])');
SELECT plasma.register_mutator('x', '"Odd name".bad_any(anyelement)');
SELECT plasma.register_mutator('x', '"Odd name".bad_unnamed(int)');
SELECT plasma.register_mutator('x', '"Odd name".bad_half(jsonb, jsonb)');
SELECT plasma.register_mutator('x', 0);
SELECT plasma.register_mutator('', '"Odd name".say(text)');
SELECT plasma.register_mutator(repeat('é', 256), '"Odd name".say(text)');
SELECT plasma.register_mutator(NULL, '"Odd name".say(text)');
SELECT plasma.register_mutator('x', NULL);
SELECT plasma.drop_mutator('x');
SELECT plasma.drop_mutator(NULL);
SELECT * FROM plasma.mutators;
SELECT plasma.register_mutator(repeat('é', 255), '"Odd name".say(text)');
SELECT plasma.drop_mutator(repeat('é', 255));

-- the registry is touched, and the signature kept is a full one
CREATE TABLE before AS SELECT registry FROM plasma.state;
SELECT plasma.register_mutator('say', '"Odd name".say(text)');
SELECT s.registry <> b.registry AS touched FROM plasma.state s, before b;
UPDATE before b SET registry = s.registry FROM plasma.state s;
SELECT * FROM plasma.mutators;
SELECT plasma.drop_mutator('say');
SELECT s.registry <> b.registry AS touched FROM plasma.state s, before b;
SELECT * FROM plasma.mutators;

-- only what one may run oneself
CREATE ROLE regress_registrar;
GRANT USAGE ON SCHEMA plasma, "Odd name" TO regress_registrar;
GRANT EXECUTE ON FUNCTION plasma.register_mutator TO regress_registrar;
REVOKE EXECUTE ON FUNCTION "Odd name".say FROM PUBLIC;
SET ROLE regress_registrar;
SELECT plasma.register_mutator('say', '"Odd name".say(text)');
RESET ROLE;
GRANT EXECUTE ON FUNCTION "Odd name".say TO regress_registrar;
SET ROLE regress_registrar;
SELECT plasma.register_mutator('say', '"Odd name".say(text)');
RESET ROLE;

-- Runs one mutation and says what became of it
CREATE FUNCTION run(name text, args jsonb DEFAULT NULL, ctx jsonb DEFAULT '{"sub": "ann"}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	mutation jsonb := jsonb_build_object('name', name, 'id', (SELECT COALESCE(max(last_mutation_id), 0) + 1
		FROM plasma.client_mutations WHERE client_group_id = COALESCE(ctx->>'sub', 'nobody')));
	answer jsonb;
BEGIN
	IF args IS NOT NULL THEN
		mutation := mutation || jsonb_build_object('args', args);
	END IF;
	answer := plasma.push(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'mutator-v1',
		'clientGroupID', COALESCE(ctx->>'sub', 'nobody'), 'clientID', 'c', 'mutations', jsonb_build_array(mutation)), ctx) -> 'results' -> 0;
	RETURN concat_ws(' ', answer->>'status', answer->'error'->>'code', answer->'error'->>'message');
END $$;
-- What was said since the last look
CREATE FUNCTION heard() RETURNS SETOF text LANGUAGE sql AS
	$$ WITH gone AS (DELETE FROM "Odd name".said RETURNING n, what) SELECT COALESCE(what, '<null>') FROM gone ORDER BY n $$;

-- the forms
CREATE FUNCTION "Odd name".form1(args jsonb) RETURNS int LANGUAGE plpgsql AS
	$$ BEGIN PERFORM "Odd name".say(concat('form1 ', args)); RETURN 1; END $$;
CREATE FUNCTION "Odd name".form1_unnamed(jsonb) RETURNS text LANGUAGE sql AS
	$$ SELECT "Odd name".say(concat('form1_unnamed ', $1)); SELECT 'ignored' $$;
CREATE FUNCTION "Odd name".form2(args jsonb, ctx jsonb) RETURNS jsonb LANGUAGE plpgsql AS
	$$ BEGIN PERFORM "Odd name".say(format('form2 %s %s', args, ctx)); RETURN ctx; END $$;
CREATE FUNCTION "Odd name".form2_unnamed(jsonb, jsonb) RETURNS void LANGUAGE sql AS
	$$ SELECT "Odd name".say(format('form2_unnamed %s %s', $1, $2)) $$;
CREATE FUNCTION "Odd name".meta(meta jsonb) RETURNS void LANGUAGE sql AS
	$$ SELECT "Odd name".say('meta ' || COALESCE(meta::text, '<null>')) $$;
CREATE FUNCTION "Odd name".nothing() RETURNS void LANGUAGE sql AS
	$$ SELECT "Odd name".say('nothing') $$;
SELECT plasma.register_mutator('form1', '"Odd name".form1(jsonb)'),
	plasma.register_mutator('form1_unnamed', '"Odd name".form1_unnamed(jsonb)'),
	plasma.register_mutator('form2', '"Odd name".form2(jsonb, jsonb)'),
	plasma.register_mutator('form2_unnamed', '"Odd name".form2_unnamed(jsonb, jsonb)'),
	plasma.register_mutator('meta', '"Odd name".meta(jsonb)'),
	plasma.register_mutator('nothing', '"Odd name".nothing()') \g /dev/null
SELECT run('form1', '{"a": [1, null]}'), run('form1'), run('form1', 'null'), run('form1', '"text"');
SELECT heard();
SELECT run('form1_unnamed', '7'), run('form2', '{"a": 1}'), run('form2_unnamed', '[]');
SELECT heard();
SELECT run('meta', '{"meta": {"a": 1}}'), run('meta', '{"meta": null}'), run('meta', '{"meta": "s"}');
SELECT heard();
SELECT run('meta', '{"a": 1}');
SELECT run('meta', '[]');
SELECT run('nothing', NULL);
SELECT run('nothing', '{"a": 1}');
SELECT run('no such', '{}');
SELECT heard();

-- typed parameters
CREATE TYPE "Odd name".mood AS ENUM ('glad', 'sad');
CREATE TYPE "Odd name".pair AS (a int, b text[]);
CREATE DOMAIN "Odd name".small AS int CHECK (VALUE < 10);
CREATE DOMAIN "Odd name".present AS text NOT NULL;
CREATE DOMAIN "Odd name".bytes AS bytea;
CREATE DOMAIN "Odd name".object AS jsonb CHECK (jsonb_typeof(VALUE) = 'object');
CREATE FUNCTION "Odd name".typed(
	t text DEFAULT 'dt', i int DEFAULT 1, b bigint DEFAULT 2, n numeric DEFAULT 3, f float8 DEFAULT 4, y boolean DEFAULT true,
	d date DEFAULT '2020-02-02', u uuid DEFAULT NULL, m "Odd name".mood DEFAULT 'glad', j json DEFAULT '1', jb jsonb DEFAULT '2',
	by bytea DEFAULT '', dby "Odd name".bytes DEFAULT '', ia int[] DEFAULT '{}', ta text[] DEFAULT '{}', p "Odd name".pair DEFAULT NULL,
	pa "Odd name".pair[] DEFAULT '{}', s "Odd name".small DEFAULT 5, pr "Odd name".present DEFAULT 'here', o "Odd name".object DEFAULT '{}',
	r int4range DEFAULT 'empty', ca "char" DEFAULT 'c', vc varchar DEFAULT 'vc', OUT result int, INOUT io int DEFAULT 6)
LANGUAGE plpgsql AS $$ BEGIN
	PERFORM "Odd name".say(concat_ws(' ', t, i, b, n, f, y, d, u, m, j, jb, by, dby, ia, ta, p, pa, s, pr, o, r, ca, vc, io)); END $$;
SELECT plasma.register_mutator('typed', oid::regprocedure) FROM pg_proc WHERE proname = 'typed' \g /dev/null
SET bytea_output = 'escape';
SELECT run('typed', '{}'), run('typed'), run('typed', '{"t": "ein \"Wort\"", "i": 7, "b": "9223372036854775807", "n": 1.50, "f": 1e3, "y": false, "d": "2024-02-29",
	"u": "6f1e4b6e-0f6c-4b5e-9d0a-111111111111", "m": "sad", "j": {"k": "v"}, "jb": [1, {"k": null}], "by": "AAEC/w==", "dby": "aGVsbG8=", "ia": [1, null, 3],
	"ta": ["a b", "{c}", null, "NULL"], "p": {"a": 1, "b": ["x"]}, "pa": [{"a": 2}], "s": 9, "pr": "", "o": {"x": 1}, "r": "[1,3)", "ca": "z", "vc": "w", "io": 8}');
SELECT heard();
SELECT run('typed', '{"t": null, "i": null, "jb": null, "j": null, "ia": null, "p": null, "s": null, "by": null}');
SELECT run('typed', '{"by": "\\x6869", "i": "12", "y": "off", "t": 1.10, "vc": true, "b": 1e3, "ia": [], "p": {}}');
SELECT run('typed', '{"j": "s", "jb": "s", "ia": [[1, 2], [3, 4]], "o": {}, "u": "6F1E4B6E0F6C4B5E9D0A111111111111"}');
SELECT heard();

-- one refusal for each way to be wrong; nothing is said
SELECT args, run('typed', args) FROM unnest('{
	"{\"t\": {}}", "{\"t\": [1]}", "{\"i\": \"x\"}", "{\"i\": 1.5}", "{\"i\": 2147483648}", "{\"i\": \"\"}", "{\"b\": 9223372036854775808}", "{\"y\": \"maybe\"}",
	"{\"d\": \"2023-02-29\"}", "{\"m\": \"angry\"}", "{\"by\": 7}", "{\"by\": \"a b\"}", "{\"by\": \"abc\"}", "{\"dby\": \"é\"}", "{\"by\": []}",
	"{\"ia\": \"{1}\"}", "{\"ia\": {\"a\": 1}}", "{\"ia\": [\"x\"]}", "{\"p\": \"(1,)\"}", "{\"p\": [1]}", "{\"p\": {\"a\": \"x\"}}", "{\"s\": 10}", "{\"pr\": null}",
	"{\"o\": []}", "{\"o\": 1}", "{\"r\": [1, 3]}", "{\"result\": 1}", "{\"T\": \"upper\"}", "{\"t\": \"a\", \"zz\": 1}", "[]", "null", "\"t\"", "7"}'::jsonb[]) args;
SELECT heard();

-- required parameters, defaults that are expressions, unusual names
CREATE FUNCTION "Odd name".required(a int, "B b" int, c int DEFAULT 1 + 2, d text DEFAULT current_setting('work_mem')) RETURNS void LANGUAGE sql AS
	$$ SELECT "Odd name".say(format('%s %s %s %s', a, "B b", c, d)) $$;
SELECT plasma.register_mutator('required', '"Odd name".required(int, int, int, text)') \g /dev/null
SET work_mem = '77kB';
SELECT run('required', '{"a": 1, "B b": 2}'), run('required', '{"d": "d", "B b": 2, "a": 1}'), run('required', '{"a": null, "B b": 2, "c": null, "d": "all"}');
RESET work_mem;
SELECT run('required', '{"a": 1}');
SELECT run('required', '{"B b": 1, "c": 1}');
SELECT heard();

-- the function that was registered, and not another of its name
CREATE FUNCTION "Odd name".twin(a int, b int DEFAULT 0) RETURNS void LANGUAGE sql AS $$ SELECT "Odd name".say('registered') $$;
SELECT plasma.register_mutator('twin', '"Odd name".twin(int, int)') \g /dev/null
CREATE FUNCTION "Odd name".twin(a int) RETURNS void LANGUAGE sql AS $$ SELECT "Odd name".say('another') $$;
SELECT run('twin', '{"a": 1}');
SELECT plasma.register_mutator('twin', '"Odd name".twin(int)') \g /dev/null
SELECT run('twin', '{"a": 1}');
CREATE OR REPLACE FUNCTION "Odd name".twin(a int) RETURNS void LANGUAGE sql AS $$ SELECT "Odd name".say('replaced') $$;
SELECT run('twin', '{"a": 1}');
DROP FUNCTION "Odd name".twin(int);
SELECT run('twin', '{"a": 1}');
CREATE FUNCTION "Odd name".twin(b int) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 $$;
SELECT run('twin', '{"b": 1}');
SELECT heard();

-- a STRICT function does not pass for done when it was not called
CREATE FUNCTION "Odd name".strict1(a int) RETURNS void STRICT LANGUAGE sql AS $$ SELECT "Odd name".say('strict1') $$;
CREATE FUNCTION "Odd name".strict2(args jsonb, ctx jsonb) RETURNS void STRICT LANGUAGE sql AS $$ SELECT "Odd name".say('strict2') $$;
SELECT plasma.register_mutator('strict1', '"Odd name".strict1(int)'), plasma.register_mutator('strict2', '"Odd name".strict2(jsonb, jsonb)') \g /dev/null
CREATE FUNCTION "Odd name".strict3(jsonb, jsonb) RETURNS void STRICT LANGUAGE sql AS $$ SELECT "Odd name".say('strict3') $$;
SELECT plasma.register_mutator('strict3', '"Odd name".strict3(jsonb, jsonb)') \g /dev/null
SELECT run('strict1', '{"a": null}');
SELECT run('strict3', '{}', NULL);
SELECT run('form2', '{}', NULL);
SELECT run('strict1', '{"a": 1}'), run('strict2', 'null');
SELECT heard();

-- run as the caller: privileges, SECURITY DEFINER, collations, the search path
CREATE ROLE regress_caller;
GRANT regress_caller TO CURRENT_USER;
GRANT USAGE ON SCHEMA "Odd name" TO regress_caller;
CREATE FUNCTION "Odd name".as_caller() RETURNS void LANGUAGE sql AS $$ INSERT INTO "Odd name".said (what) VALUES (current_user) $$;
CREATE FUNCTION "Odd name".as_definer() RETURNS void LANGUAGE sql SECURITY DEFINER AS
	$$ INSERT INTO "Odd name".said (what) VALUES (CASE WHEN current_user = 'regress_caller' THEN 'the caller' ELSE 'the definer' END) $$;
CREATE FUNCTION "Odd name".denied() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT "Odd name".say('denied') $$;
REVOKE EXECUTE ON FUNCTION "Odd name".denied FROM PUBLIC;
CREATE FUNCTION "Odd name".collated(a text) RETURNS text LANGUAGE internal STRICT IMMUTABLE AS 'upper';
SELECT plasma.register_mutator('as_caller', '"Odd name".as_caller()'), plasma.register_mutator('as_definer', '"Odd name".as_definer()'),
	plasma.register_mutator('denied', '"Odd name".denied()'), plasma.register_mutator('collated', '"Odd name".collated(text)') \g /dev/null
SELECT name, run(name, args, '{"sub": "ann", "role": "regress_caller"}')
	FROM (VALUES ('as_caller', '{}'::jsonb), ('as_definer', '{}'), ('denied', '{}'), ('collated', '{"a": "e"}')) v (name, args);
GRANT INSERT ON "Odd name".said TO regress_caller;
GRANT USAGE ON SEQUENCE "Odd name".said_n_seq TO regress_caller;
SELECT run('as_caller', '{}', '{"sub": "ann", "role": "regress_caller"}');
SELECT heard();

DROP EXTENSION plasma CASCADE;
DROP FUNCTION run, heard;
DROP TABLE before, mutator_rows;
SET client_min_messages = error;
DROP SCHEMA "Odd name" CASCADE;
DROP ROLE regress_registrar, regress_caller;

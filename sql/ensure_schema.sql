-- ensure_schema: what it makes, what it adopts, what it refuses, what it heals.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.declarations;
\set VERBOSITY default
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- What the catalogs say of a table, one line per thing.
CREATE FUNCTION pg_temp.shape(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
	(SELECT attname || ' ' || format_type(atttypid, atttypmod)
		|| CASE WHEN attnotnull THEN ' not null' ELSE '' END
		|| coalesce(' default ' || pg_get_expr(adbin, adrelid), '')
	FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped ORDER BY attnum)
	UNION ALL
	(SELECT conname || ': ' || left(pg_get_constraintdef(oid), 60)
	FROM pg_constraint WHERE conrelid = relation AND contype <> 'n' ORDER BY conname COLLATE "C")
	UNION ALL
	(SELECT polname || ' ' || polcmd::text || CASE WHEN polpermissive THEN ' permissive' ELSE ' restrictive' END
		|| coalesce(' using ' || pg_get_expr(polqual, polrelid), '')
		|| coalesce(' check ' || pg_get_expr(polwithcheck, polrelid), '')
	FROM pg_policy WHERE polrelid = relation ORDER BY polname COLLATE "C")
$$;

-- Whether a statement is refused, and by which constraint; 18 words it otherwise.
CREATE FUNCTION pg_temp.refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	EXECUTE statement;
	RETURN 'not refused';
EXCEPTION WHEN integrity_constraint_violation THEN
	GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
	RETURN name;
END $$;

-- One declaration of tables under a version, with the error if there is one.
CREATE FUNCTION pg_temp.ensure(version text, tables text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
BEGIN
	RETURN NEXT plasma.ensure_schema(
		('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN NEXT state || ' ' || message;
	RETURN QUERY SELECT '- ' || line FROM regexp_split_to_table(detail, E'\n') AS line WHERE line <> '';
	RETURN QUERY SELECT '> ' || hint WHERE hint <> '';
END
$$;

CREATE FUNCTION pg_temp.registered() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', table_name, relation, generation,
		CASE WHEN suppressed THEN 'suppressed' END, nullif(partitions, '{}'))
	FROM plasma.tables ORDER BY table_name COLLATE "C"
$$;

CREATE FUNCTION pg_temp.triggers(relation regclass) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM pg_trigger WHERE tgrelid = relation AND NOT tgisinternal
		AND tgenabled <> 'D'
$$;

SELECT plasma.ensure_schema(NULL);

-- Creation: every kind and modifier.
SELECT pg_temp.ensure('v1', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}},
	"todos": {"columns": {
		"id": {"kind":"id"},
		"title": {"kind":"text", "default":"it's \\ new"},
		"done": {"kind":"boolean", "default":false},
		"rank": {"kind":"int", "nullable":true},
		"big": {"kind":"bigint", "default":"9007199254740993"},
		"data": {"kind":"blob", "nullable":true},
		"meta": {"kind":"json", "default":{"a":[1]}},
		"pic": {"kind":"file", "nullable":true},
		"likes": {"kind":"crdtCounter", "default":{}},
		"votes": {"kind":"crdtPnCounter", "nullable":true},
		"color": {"kind":"crdtLwwRegister", "nullable":true},
		"tags": {"kind":"crdtOrSet", "nullable":true},
		"price": {"kind":"sql", "type":"numeric(10,2)", "default":"1.50"},
		"days": {"kind":"sql", "type":"date[]", "nullable":true},
		"secret": {"kind":"text", "encrypted":true, "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"},
		"second": {"kind":"ref", "references":"users", "onDelete":"restrict", "nullable":true},
		"third": {"kind":"ref", "references":"users", "onDelete":"setNull", "nullable":true},
		"fourth": {"kind":"ref", "references":"users", "nullable":true}}},
	"pairs": {"key": ["b", "a"], "columns": {
		"a": {"kind":"sql", "type":"uuid"}, "b": {"kind":"int"}, "n": {"kind":"int", "unique":true}}},
	"drafts": {"changeLogSuppressed":true, "history":false, "columns": {"id": {"kind":"id"}}}$$);
SELECT pg_temp.shape('users');
SELECT pg_temp.shape('todos');
SELECT pg_temp.shape('pairs');
SELECT pg_temp.registered();
SELECT pg_temp.triggers('todos') > 0, pg_temp.triggers('drafts');
SELECT columns FROM plasma.tables WHERE table_name = 'pairs';
SELECT version, active, served FROM plasma.declarations;

-- What the foreign keys do; noAction has none.
INSERT INTO users VALUES ('u1', 'one'), ('u2', 'two'), ('u3', 'three'), ('u4', 'four');
INSERT INTO todos (id, owner, second, third, fourth) VALUES
	('t1', 'u1', NULL, NULL, NULL), ('t2', 'u4', 'u2', NULL, NULL), ('t3', 'u4', NULL, 'u3', 'u1');
DELETE FROM users WHERE id = 'u1';
SELECT pg_temp.refused($$DELETE FROM users WHERE id = 'u2'$$);
DELETE FROM users WHERE id = 'u3';
SELECT id, second, third, fourth FROM todos ORDER BY id;
SELECT pg_temp.refused($$DELETE FROM users$$);
UPDATE todos SET second = NULL;
DELETE FROM users;
SELECT count(*) FROM todos;

-- Checks of kinds.
INSERT INTO users VALUES ('u1', 'one');
INSERT INTO todos (id, owner, pic) VALUES ('t1', 'u1', '{"hash":"h","size":-1,"mime":"m"}');
INSERT INTO todos (id, owner, secret) VALUES ('t1', 'u1', '"plain"');

-- Once more: nothing to do, nothing taken, nothing written.
BEGIN;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT DISTINCT mode FROM pg_locks WHERE pid = pg_backend_pid() AND locktype <> 'virtualxid';
SELECT pg_current_xact_id_if_assigned() IS NULL;
COMMIT;
BEGIN READ ONLY;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT pg_temp.ensure('v2', '"users": {"columns": {"id": {"kind":"id"}}}');
COMMIT;
-- The same text with other white space is the same declaration.
SELECT plasma.ensure_schema(replace(declaration::text, ',"', E',\n "')::json) FROM plasma.declarations;

-- Healing: what was dropped by hand is noticed by the next call.
SELECT pg_temp.triggers('users') AS triggers \gset
DO $$
DECLARE
	trigger name;
BEGIN
	SELECT tgname INTO trigger FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal
	ORDER BY tgname LIMIT 1;
	EXECUTE format('DROP TRIGGER %I ON users', trigger);
END
$$;
SELECT pg_temp.triggers('users') = :triggers;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
SELECT pg_temp.triggers('users') = :triggers;
ALTER TABLE users DISABLE TRIGGER USER;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
SELECT pg_temp.triggers('users') = :triggers;
DROP TABLE todos, drafts;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
SELECT pg_temp.triggers('todos') > 0, pg_temp.triggers('drafts');
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
SELECT pg_temp.registered();

-- A transaction that is rolled back leaves nothing that a later one relies on.
BEGIN;
DROP TABLE pairs;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
ROLLBACK;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations;
BEGIN;
SELECT pg_temp.ensure('v2', '"later": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v2', '"later": {"columns": {"id": {"kind":"id"}}}');
ROLLBACK;
SELECT to_regclass('later');
SELECT pg_temp.ensure('v2', '"later": {"columns": {"id": {"kind":"id"}}}');

-- Tables that leave the declaration stay, without capture; when they come back
-- clients fetch them anew.
SELECT pg_temp.triggers('users'), pg_temp.triggers('pairs');
SELECT pg_temp.registered();
SELECT table_name, generation FROM plasma.former_tables ORDER BY 1;
SELECT pg_temp.ensure('v3', '"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}}');
SELECT pg_temp.registered();
SELECT table_name, generation FROM plasma.former_tables ORDER BY 1;
-- Into and out of suppression.
SELECT pg_temp.ensure('v4', '"users": {"changeLogSuppressed":true, "columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.triggers('users');
SELECT pg_temp.ensure('v5', '"users": {"columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.triggers('users') > 0;
SELECT pg_temp.registered();
DROP TABLE users, todos, pairs, drafts, later;

-- Cycles of references, a reference to itself, predicates over later tables.
SELECT pg_temp.ensure('v6', $$
	"a": {"columns": {"id": {"kind":"id"}, "b": {"kind":"ref", "references":"b", "onDelete":"setNull", "nullable":true}},
		"auth": {"read": "EXISTS (SELECT FROM public.b WHERE b.a = a.id) -- later", "write": "id <> 'no'"}},
	"b": {"columns": {"id": {"kind":"id"}, "a": {"kind":"ref", "references":"a", "onDelete":"cascade"},
		"up": {"kind":"ref", "references":"b", "onDelete":"cascade", "nullable":true}},
		"auth": {"write": "current_user <> 'nobody'"}}$$);
SELECT pg_temp.shape('a');
SELECT pg_temp.shape('b');
-- The policies of its own making are known again, others are not.
SELECT pg_temp.ensure('v7', $$
	"a": {"columns": {"id": {"kind":"id"}}, "auth": {"read": "EXISTS (SELECT FROM public.b WHERE b.a = a.id) -- later", "write": "id <> 'no'"}}$$);
SELECT pg_temp.ensure('v8', '"a": {"columns": {"id": {"kind":"id"}}, "auth": {"read":"false"}}');
SELECT pg_temp.ensure('v8', '"a": {"columns": {"id": {"kind":"id"}}}');
ALTER TABLE a DISABLE ROW LEVEL SECURITY;
SELECT pg_temp.ensure('v8', '"a": {"columns": {"id": {"kind":"id"}}, "auth": {"read":"EXISTS (SELECT FROM public.b WHERE b.a = a.id) -- later"}}');
DROP TABLE a, b;
-- What the policies do, on a table with both, for a role that is not its owner.
SELECT pg_temp.ensure('v9', $$"notes": {"columns": {"id": {"kind":"id"}, "owner": {"kind":"text"}},
	"auth": {"read": "owner = current_user OR owner = 'all'", "write": "owner = current_user"}}$$);
CREATE ROLE plasma_test_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO plasma_test_user;
INSERT INTO notes VALUES ('1', 'plasma_test_user'), ('2', 'all'), ('3', 'else');
SET ROLE plasma_test_user;
SELECT id FROM notes ORDER BY id;
INSERT INTO notes VALUES ('4', 'plasma_test_user');
INSERT INTO notes VALUES ('5', 'else');
UPDATE notes SET id = id || '!';
UPDATE notes SET owner = 'all';
DELETE FROM notes;
RESET ROLE;
SELECT id FROM notes ORDER BY id;
DROP TABLE notes;
-- A permissive policy that the application's own event trigger makes stays the only one.
CREATE FUNCTION own_policy() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.notes') THEN
		CREATE POLICY own ON public.notes USING (id > 'a');
	END IF;
END $$;
CREATE EVENT TRIGGER own_policy ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION own_policy();
SELECT pg_temp.ensure('v9b', '"notes": {"columns": {"id": {"kind":"id"}}, "auth": {"read": "id < ''z''"}}');
DROP EVENT TRIGGER own_policy;
DROP FUNCTION own_policy;
SELECT polname, polpermissive FROM pg_policy WHERE polrelid = 'notes'::regclass ORDER BY polname;
DROP TABLE notes;
-- A predicate that is no predicate, with the place where it was declared.
\set SHOW_CONTEXT errors
SELECT plasma.ensure_schema('{"version":"v10", "tables": {"bad table": {"columns": {"id": {"kind":"id"}}, "auth": {"write":"nothing = 1"}}}}');
\set SHOW_CONTEXT never
SELECT to_regclass('"bad table"');

-- Names: any characters, reserved words, 63 bytes, names cut to the same.
CREATE SCHEMA "Other.Schema";
SELECT pg_temp.ensure('v11', $$
	"select": {"columns": {"id": {"kind":"id"}, "order": {"kind":"file", "nullable":true}, "a \"b\".c": {"kind":"int"}}},
	"Tüxedo \"x\".y": {"schema": "Other.Schema", "columns": {"id": {"kind":"id"}, "user": {"kind":"ref", "references":"select", "onDelete":"cascade"}}},
	"a123456789012345678901234567890123456789012345678901234567890ab": {"columns": {"id": {"kind":"id"},
		"b123456789012345678901234567890123456789012345678901234567890x1": {"kind":"file", "nullable":true},
		"b123456789012345678901234567890123456789012345678901234567890x2": {"kind":"file", "nullable":true, "unique":true}}}$$);
SELECT pg_temp.shape('"select"');
SELECT pg_temp.shape('"Other.Schema"."Tüxedo ""x"".y"');
SELECT conname, length(conname) FROM pg_constraint
WHERE conrelid = 'a123456789012345678901234567890123456789012345678901234567890ab'::regclass AND contype <> 'n' ORDER BY conname COLLATE "C";
SELECT pg_temp.registered();
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
DROP TABLE "Other.Schema"."Tüxedo ""x"".y", "select", a123456789012345678901234567890123456789012345678901234567890ab;
DROP SCHEMA "Other.Schema" CASCADE;
SELECT pg_temp.ensure('v12', '"x": {"schema":"Other.Schema", "columns": {"id": {"kind":"id"}}}');

-- Adoption.
CREATE TABLE parents (code varchar(10) NOT NULL UNIQUE, id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, extra point);
CREATE TABLE items (id text PRIMARY KEY, b uuid NOT NULL, a int NOT NULL, n bigint DEFAULT 4,
	parent varchar(10) NOT NULL REFERENCES parents (code) ON DELETE CASCADE, UNIQUE (a, b));
INSERT INTO parents (code) VALUES ('p');
SELECT pg_temp.ensure('v12', $$
	"parents": {"key": "code", "columns": {"code": {"kind":"sql", "type":"varchar(10)"}}},
	"items": {"key": ["b", "a"], "columns": {"a": {"kind":"sql", "type":"int4"}, "b": {"kind":"sql", "type":"uuid"},
		"n": {"kind":"int", "nullable":true, "default":4},
		"parent": {"kind":"ref", "references":"parents", "onDelete":"cascade"}}}$$);
SELECT pg_temp.registered();
SELECT pg_temp.triggers('items') > 0;
-- A table put in the place of a registered one by hand is adopted anew.
ALTER TABLE parents RENAME TO old_parents;
CREATE TABLE parents (code varchar(10) PRIMARY KEY);
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
ALTER TABLE items DROP CONSTRAINT items_parent_fkey, ADD FOREIGN KEY (parent) REFERENCES parents (code) ON DELETE CASCADE;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT pg_temp.registered();
SELECT pg_temp.triggers('old_parents'), pg_temp.triggers('parents') > 0;
-- One that was renamed is told, and not made again.
ALTER TABLE items RENAME TO things;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
ALTER TABLE things RENAME TO items;
ALTER TABLE items SET UNLOGGED;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
ALTER TABLE items SET LOGGED;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
CREATE SCHEMA elsewhere;
ALTER TABLE items SET SCHEMA elsewhere;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
DROP SCHEMA elsewhere CASCADE;
DROP TABLE parents, old_parents;

-- Partitions: attach and detach are noticed.
CREATE TABLE parts (id text, region text NOT NULL, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
SELECT pg_temp.ensure('v13', '"parts": {"key":["id","region"], "columns": {"id": {"kind":"text"}, "region": {"kind":"text"}}}');
SELECT pg_temp.registered();
CREATE TABLE parts_b (id text NOT NULL, region text NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b');
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT pg_temp.registered();
ALTER TABLE parts DETACH PARTITION parts_a;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT plasma.ensure_schema(declaration) FROM plasma.declarations WHERE active;
SELECT pg_temp.registered();
SELECT pg_temp.triggers('parts_b') > 0, pg_temp.triggers('parts_a');
DROP TABLE parts, parts_a;

-- Misfits: all of them at once, and nothing left behind.
CREATE TABLE one (id varchar, rank int, title text, size numeric(8,2) NOT NULL, flag boolean NOT NULL, code text NOT NULL,
	two text, PRIMARY KEY (id));
CREATE UNIQUE INDEX ON one (code) WHERE flag;
CREATE TABLE two (id text COLLATE "C", other text REFERENCES one (id) ON DELETE RESTRICT);
CREATE UNIQUE INDEX ON two (id);
SELECT pg_temp.ensure('v14', $$
	"zero": {"columns": {"id": {"kind":"id"}}},
	"one": {"columns": {"id": {"kind":"id"}, "rank": {"kind":"int", "nullable":true}, "title": {"kind":"text"},
		"size": {"kind":"sql", "type":"numeric(10,2)", "nullable":true}, "flag": {"kind":"boolean", "default":true},
		"code": {"kind":"text", "unique":true}, "gone": {"kind":"file"},
		"two": {"kind":"ref", "references":"zero", "onDelete":"setNull", "nullable":true}},
		"auth": {"read":"true", "write":"true"}},
	"two": {"columns": {"id": {"kind":"id"}, "other": {"kind":"ref", "references":"one", "onDelete":"cascade", "nullable":true}}}$$);
SELECT to_regclass('zero'), count(*) FROM plasma.tables WHERE table_name <> 'parts';
DROP TABLE one, two;
CREATE COLLATION plasma_test_ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE one (id text COLLATE plasma_test_ci PRIMARY KEY);
SELECT pg_temp.ensure('v14', '"one": {"columns": {"id": {"kind":"id"}}}');
DROP TABLE one;
DROP COLLATION plasma_test_ci;
CREATE TABLE one (id text UNIQUE DEFERRABLE);
SELECT pg_temp.ensure('v14', '"one": {"columns": {"id": {"kind":"id"}}}');
DROP TABLE one;

-- What is no table, or not one to sync.
CREATE VIEW a_view AS SELECT 'x'::text AS id;
CREATE MATERIALIZED VIEW a_matview AS SELECT 'x'::text AS id;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (id text);
CREATE UNLOGGED TABLE an_unlogged (id text PRIMARY KEY);
CREATE TABLE a_parent (id text PRIMARY KEY);
CREATE TABLE a_child (PRIMARY KEY (id)) INHERITS (a_parent);
CREATE TABLE a_whole (id text PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE a_part PARTITION OF a_whole FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE FOREIGN DATA WRAPPER plasma_test;
CREATE SERVER plasma_test FOREIGN DATA WRAPPER plasma_test;
CREATE FOREIGN TABLE a_foreign (id text) SERVER plasma_test;
CREATE TABLE a_member (id text PRIMARY KEY);
ALTER EXTENSION plasma ADD TABLE a_member;
SELECT pg_temp.ensure('v14', string_agg(format('%s: {"columns": {"id": {"kind":"id"}}}', to_json(name)), ',' ORDER BY n))
FROM unnest(ARRAY['a_view', 'a_matview', 'a_sequence', 'a_type', 'an_unlogged', 'a_parent', 'a_child', 'a_part',
	'a_foreign', 'a_member', 'a_parent_pkey']) WITH ORDINALITY x (name, n);
ALTER EXTENSION plasma DROP TABLE a_member;
DROP FOREIGN DATA WRAPPER plasma_test CASCADE;
DROP TABLE a_member, a_child, a_parent, a_whole, an_unlogged;
DROP TYPE a_type;
DROP SEQUENCE a_sequence;
DROP MATERIALIZED VIEW a_matview;
DROP VIEW a_view;

-- Partitions whose rows a crash would empty, or that another server holds.
CREATE TABLE parts (id text PRIMARY KEY) PARTITION BY LIST (id);
CREATE TABLE parts_deep PARTITION OF parts FOR VALUES IN ('a') PARTITION BY LIST (id);
CREATE UNLOGGED TABLE parts_a PARTITION OF parts_deep FOR VALUES IN ('a');
SELECT pg_temp.ensure('v14', '"parts": {"columns": {"id": {"kind":"id"}}}');
ALTER TABLE parts_a SET LOGGED;
SELECT pg_temp.ensure('v14', '"parts": {"columns": {"id": {"kind":"id"}}}');
ALTER TABLE parts_a SET UNLOGGED;
SELECT pg_temp.ensure('v14', '"parts": {"columns": {"id": {"kind":"id"}}}');
ALTER TABLE parts_a SET LOGGED;
CREATE TABLE partf (id text) PARTITION BY LIST (id);
CREATE FOREIGN DATA WRAPPER plasma_test;
CREATE SERVER plasma_test FOREIGN DATA WRAPPER plasma_test;
CREATE FOREIGN TABLE partf_b PARTITION OF partf FOR VALUES IN ('b') SERVER plasma_test;
SELECT pg_temp.ensure('v15', '"parts": {"columns": {"id": {"kind":"id"}}}, "partf": {"columns": {"id": {"kind":"id"}}}');
DROP FOREIGN DATA WRAPPER plasma_test CASCADE;
DROP TABLE partf, parts;

-- Names that are near, keys that a partitioned table cannot have, columns for which there is no room.
CREATE TABLE "Near" (id text PRIMARY KEY);
CREATE DOMAIN taken AS text;
CREATE TABLE parts (id text, region text, n bigint, "userid" text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE exprs (id text NOT NULL, region text) PARTITION BY LIST (lower(region));
DO $$ BEGIN
	EXECUTE (SELECT 'CREATE TABLE wide (id text PRIMARY KEY' || string_agg(', c' || n || ' int', '') || ')' FROM generate_series(1, 1598) n);
END $$;
ALTER TABLE wide DROP COLUMN c1, DROP COLUMN c2;
SELECT pg_temp.ensure('w1', $$
	"near": {"columns": {"id": {"kind":"id"}}},
	"taken": {"columns": {"id": {"kind":"id"}}},
	"parts": {"columns": {"id": {"kind":"id"}, "n": {"kind":"int", "unique":true, "nullable":true}, "userId": {"kind":"text", "nullable":true}}},
	"exprs": {"columns": {"id": {"kind":"id"}}},
	"wide": {"columns": {"id": {"kind":"id"}, "d": {"kind":"int", "nullable":true}, "e": {"kind":"int", "nullable":true}}}$$);
DROP TABLE "Near", parts, exprs, wide;
DROP DOMAIN taken;
-- Types that will do for a kind, and those of a reference, which is of its target's type or can be compared with it.
CREATE TABLE one (id uuid PRIMARY KEY, a varchar(9) NOT NULL, b smallint NOT NULL, c int NOT NULL, d numeric(12) NOT NULL, e json NOT NULL, f char(3) NOT NULL,
	g numeric NOT NULL, h smallint NOT NULL, i json NOT NULL);
CREATE TABLE two (id text PRIMARY KEY, one uuid REFERENCES one ON DELETE CASCADE, loose text, lost int);
SELECT pg_temp.ensure('w1', $$
	"one": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int"}, "c": {"kind":"bigint"}, "d": {"kind":"bigint"}, "e": {"kind":"json"},
		"f": {"kind":"text"}, "g": {"kind":"bigint"}, "h": {"kind":"bigint"}, "i": {"kind":"text"}}},
	"two": {"columns": {"id": {"kind":"id"}, "one": {"kind":"ref", "references":"one", "onDelete":"cascade", "nullable":true},
		"loose": {"kind":"ref", "references":"one", "nullable":true}, "lost": {"kind":"ref", "references":"one", "nullable":true}}}$$);
ALTER TABLE two ALTER lost TYPE text;
ALTER TABLE one DROP f, DROP g, DROP h, DROP i;
SELECT pg_temp.ensure('w1', $$
	"one": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text"}, "b": {"kind":"int"}, "c": {"kind":"bigint"}, "d": {"kind":"bigint"}, "e": {"kind":"json"}}},
	"two": {"columns": {"id": {"kind":"id"}, "one": {"kind":"ref", "references":"one", "onDelete":"cascade", "nullable":true},
		"loose": {"kind":"ref", "references":"one", "nullable":true}, "lost": {"kind":"ref", "references":"one", "nullable":true}}},
	"three": {"columns": {"id": {"kind":"id"}, "one": {"kind":"ref", "references":"one", "onDelete":"restrict", "default":"00000000-0000-0000-0000-000000000001"}}}$$);
SELECT pg_temp.shape('three');
DROP TABLE three, two, one;
-- Generated columns, identities, enums and collations, where they are declared.
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE TABLE one (id text PRIMARY KEY, a text GENERATED ALWAYS AS (lower(id)) STORED, b bigint GENERATED ALWAYS AS IDENTITY, c mood, d text, e mood, f text, g text);
SELECT pg_temp.ensure('w2', $$"one": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "generated":"upper(id)", "nullable":true}, "b": {"kind":"int", "identity":"serial"},
	"c": {"kind":"sql", "type":"mood", "enum":["sad", "ok"], "nullable":true}, "d": {"kind":"text", "collation":"\"C\"", "nullable":true},
	"e": {"kind":"sql", "type":"mood", "enum":["sad", "ok"], "nullable":true}, "f": {"kind":"text", "generated":"id", "nullable":true}}}$$);
SELECT pg_temp.ensure('w2', $$"two": {"columns": {"id": {"kind":"id"}, "m": {"kind":"sql", "type":"mood", "enum":["sad", "ok", "new"]}}}$$);
SELECT pg_temp.ensure('w2', $$"one": {"columns": {"id": {"kind":"id"}, "a": {"kind":"text", "generated":"lower(id)", "nullable":true}, "b": {"kind":"int", "identity":"always"},
	"c": {"kind":"sql", "type":"mood", "enum":["ok", "sad"], "nullable":true}, "d": {"kind":"text", "nullable":true}}},
	"two": {"columns": {"id": {"kind":"id"}, "m": {"kind":"sql", "type":"tune", "enum":["low", "high"], "default":"low"}, "n": {"kind":"sql", "type":"tune[]", "enum":["low", "high"]}}}$$);
SELECT pg_temp.shape('two');
DROP TABLE one, two;
DROP TYPE mood, tune;

-- Roles: without a superuser; what is missing is told first.
CREATE ROLE plasma_test_owner;
CREATE SCHEMA app;
CREATE TABLE app.foreign_one (id text PRIMARY KEY);
GRANT USAGE ON SCHEMA plasma, app TO plasma_test_owner, plasma_test_user;
GRANT EXECUTE ON FUNCTION plasma.ensure_schema(json) TO plasma_test_owner, plasma_test_user;
SET ROLE plasma_test_owner;
SELECT pg_temp.ensure('v15', '"mine": {"schema":"app", "columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v15', '"foreign_one": {"schema":"app", "columns": {"id": {"kind":"id"}}}');
RESET ROLE;
GRANT CREATE ON SCHEMA app TO plasma_test_owner;
SET ROLE plasma_test_owner;
SELECT pg_temp.ensure('v15', '"mine": {"schema":"app", "columns": {"id": {"kind":"id"}}, "auth": {"read":"true"}}');
INSERT INTO app.mine VALUES ('1');
SELECT count(*) FROM plasma.changes;
-- Anybody who may call it may ask whether all is well, but not change it.
SET ROLE plasma_test_user;
SELECT pg_temp.ensure('v15', '"mine": {"schema":"app", "columns": {"id": {"kind":"id"}}, "auth": {"read":"true"}}');
SELECT pg_temp.ensure('v16', '"mine": {"schema":"app", "columns": {"id": {"kind":"id"}}}');
SELECT pg_temp.ensure('v16', '"mine": {"schema":"public", "changeLogSuppressed":true, "columns": {"id": {"kind":"id"}}}');
RESET ROLE;
GRANT CREATE ON SCHEMA public TO plasma_test_user;
SET ROLE plasma_test_user;
SELECT pg_temp.ensure('v16', '"theirs": {"columns": {"id": {"kind":"id"}}}');
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM plasma_test_user;
SELECT tableowner FROM pg_tables WHERE tablename = 'mine';

-- What takes a predicate away takes the permission with it, so that nobody sees more than before.
SELECT pg_temp.ensure('v16', '"held": {"schema":"app", "columns": {"id": {"kind":"id"}, "owner": {"kind":"text"}},
	"auth": {"read":"owner = current_user", "write":"plasma.ctx() IS NULL"}}');
INSERT INTO app.held VALUES ('1', 'plasma_test_user'), ('2', 'plasma_test_owner');
GRANT USAGE ON SCHEMA app TO plasma_test_user;
GRANT SELECT, INSERT ON app.held TO plasma_test_user;
GRANT EXECUTE ON FUNCTION plasma.ctx() TO plasma_test_user;
SET ROLE plasma_test_user;
SELECT id FROM app.held;
RESET ROLE;
ALTER TABLE app.held DROP COLUMN owner CASCADE;
SELECT polname FROM pg_policy WHERE polrelid = 'app.held'::regclass ORDER BY polname COLLATE "C";
SET ROLE plasma_test_user;
SELECT id FROM app.held;
INSERT INTO app.held VALUES ('3');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION plasma.ctx() FROM plasma_test_user;

SELECT pg_temp.ensure('v17', '"nothing": {"changeLogSuppressed":true, "columns": {"id": {"kind":"id"}}}');
DROP SCHEMA app CASCADE;
DROP TABLE nothing;
REVOKE ALL ON SCHEMA plasma FROM plasma_test_owner, plasma_test_user;
REVOKE ALL ON FUNCTION plasma.ensure_schema(json) FROM plasma_test_owner, plasma_test_user;
DROP ROLE plasma_test_owner, plasma_test_user;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

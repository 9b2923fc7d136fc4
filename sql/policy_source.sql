-- Policies that read other tables: what is found, when clients fetch anew, what is left.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on

CREATE ROLE source_ann;
CREATE ROLE source_bob;
SELECT plasma.grant_access('source_ann', 'sync'), plasma.grant_access('source_bob', 'sync') \g /dev/null
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO source_ann, source_bob;
SET search_path = public, app;

CREATE TABLE members (team text, usr text, note text, PRIMARY KEY (team, usr));
CREATE TABLE app.teams (team text PRIMARY KEY, open boolean NOT NULL, motto text);
CREATE TABLE bans (usr text PRIMARY KEY);
CREATE VIEW app.open_teams AS SELECT team FROM app.teams WHERE open;
GRANT SELECT ON members, app.teams, app.open_teams, bans TO source_ann, source_bob;

-- What is declared, and a pull by a role into a copy that is then compared with what the role sees.
CREATE FUNCTION declare(auth json DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema(json_build_object('version', 'source-v1', 'tables', json_build_object(
		'notes', json_build_object('columns', '{"id": {"kind": "id"}, "team": {"kind": "text"}, "n": {"kind": "int"}}'::json, 'auth', $1),
		'plain', '{"columns": {"id": {"kind": "id"}}}'::json))) - '{created,adopted,version}'::text[] $$;
CREATE TABLE jar (who text PRIMARY KEY, cookie text);
CREATE TABLE copy (who text, name text, id text, value jsonb, PRIMARY KEY (who, name, id));
CREATE FUNCTION pull(who text, page int DEFAULT 100) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer json;
	op json;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', 'source_' || who);
	answer := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'source-v1', 'clientGroupID', who, 'clientID', who,
		'cookie', current_setting('jar.' || who, true), 'limit', page));
	SET LOCAL ROLE NONE;
	PERFORM set_config('jar.' || who, answer->>'cookie', false);
	FOR op IN SELECT json_array_elements(answer->'patch') LOOP
		IF op->>'op' = 'put' THEN
			INSERT INTO copy VALUES (pull.who, op->>'table', op->>'id', op->'value') ON CONFLICT ON CONSTRAINT copy_pkey DO UPDATE SET value = excluded.value;
		ELSE
			DELETE FROM copy c WHERE c.who = pull.who AND c.name = COALESCE(op->>'table', c.name) AND c.id = COALESCE(op->>'id', c.id);
		END IF;
		RETURN NEXT concat_ws(' ', op->>'op', op->>'table', op->>'id');
	END LOOP;
	IF answer->>'hasMore' IS NOT NULL THEN
		RETURN NEXT 'more';
		RETURN;
	END IF;
	EXECUTE format('SET LOCAL ROLE %I', 'source_' || who);
	CREATE TEMP TABLE seen AS SELECT id, to_jsonb(x) AS value FROM notes x;
	SET LOCAL ROLE NONE;
	RETURN NEXT (SELECT 'holds ' || COALESCE(string_agg(c.id, ' ' ORDER BY c.id), 'nothing')
			|| CASE WHEN count(*) FILTER (WHERE c.value IS DISTINCT FROM s.value) > 0 THEN ', but should hold others' ELSE '' END
		FROM (SELECT * FROM copy WHERE copy.who = pull.who AND name = 'notes') c FULL JOIN seen s USING (id));
	DROP TABLE seen;
END $$;
CREATE FUNCTION logged() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING row_version, table_name, op)
	SELECT table_name || ' ' || op FROM gone ORDER BY row_version $$;
CREATE VIEW watched AS
	SELECT table_name || ' <- ' || source || COALESCE(' (' || array_to_string(columns, ', ') || ')', '') AS line FROM plasma.policy_sources
	ORDER BY table_name COLLATE "C", source::text COLLATE "C";

\echo -- a declared predicate: its columns are those that count
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'members'::regclass AND tgname ~ '^_plasma' ORDER BY tgname COLLATE "C";
SELECT table_name, generation FROM plasma.tables ORDER BY 1;
GRANT SELECT ON notes TO source_ann, source_bob;
INSERT INTO notes VALUES ('a1', 'a', 1), ('a2', 'a', 2), ('b1', 'b', 1);
INSERT INTO members VALUES ('a', 'source_ann'), ('b', 'source_bob');
SELECT pull('ann');
SELECT pull('bob');
SELECT pull('ann');
\echo -- rows come and go with a membership
INSERT INTO members VALUES ('b', 'source_ann');
SELECT pull('ann');
DELETE FROM members WHERE team = 'a';
SELECT pull('ann');
UPDATE members SET team = 'a' WHERE usr = 'source_ann';
SELECT pull('ann');
SELECT pull('bob');
TRUNCATE members;
SELECT pull('ann');
\echo -- what comes back, with a write of the row in the same transaction, or before
BEGIN;
INSERT INTO members VALUES ('a', 'source_ann');
UPDATE notes SET n = n + 1;
COMMIT;
SELECT pull('ann');
\echo -- in pages, with another change on the way
INSERT INTO notes SELECT 'a' || i, 'a', i FROM generate_series(3, 6) i;
SELECT pull('ann');
INSERT INTO members VALUES ('b', 'source_ann');
SELECT pull('ann', 3);
SELECT pull('ann', 3);
DELETE FROM members WHERE team = 'b';
UPDATE notes SET n = 100 WHERE id = 'a1';
SELECT pull('ann', 3);
SELECT pull('ann', 3);
SELECT pull('ann', 3);
\echo -- compaction: history is not cut by it, and who has seen it goes on
SET plasma.retention = 0;
SET plasma.compaction_duty = 100;
INSERT INTO members VALUES ('b', 'source_ann');
SELECT pull('ann') \g /dev/null
SELECT op, count(*) FROM plasma.changes WHERE table_name = 'notes' AND op = 'refetch' GROUP BY 1;
SELECT plasma.compact_change_log()->'kept';
SELECT op, count(*) FROM plasma.changes WHERE table_name = 'notes' GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM plasma.compacted_rows WHERE row_id IS NULL;
SELECT string_agg(row_id, ' ' ORDER BY row_id) FROM plasma.snapshot_as_of(current_setting('jar.ann'), '{notes}');
DELETE FROM members WHERE team = 'b';
SELECT plasma.compact_change_log()->'kept';
SELECT pull('ann');
SELECT pull('ann');
DELETE FROM plasma.compacted_rows;
SELECT logged() \g /dev/null

\echo -- statements that touch no row, or nothing that a policy reads
INSERT INTO members SELECT 'c', 'x' WHERE false;
UPDATE members SET team = 'c' WHERE false;
DELETE FROM members WHERE false;
UPDATE members SET note = 'new';
UPDATE members SET team = team;
INSERT INTO members VALUES ('a', 'source_ann', 'again') ON CONFLICT (team, usr) DO UPDATE SET note = 'again';
SELECT logged();
\echo -- one entry a transaction, though savepoints are rolled back
BEGIN;
INSERT INTO members VALUES ('c', 'x');
DELETE FROM members WHERE usr = 'x';
SAVEPOINT a;
INSERT INTO members VALUES ('c', 'x');
COMMIT;
SELECT logged();
BEGIN;
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO members VALUES ('d', 'x');
RELEASE b;
INSERT INTO members VALUES ('d', 'y');
ROLLBACK TO a;
INSERT INTO members VALUES ('d', 'z');
SAVEPOINT c;
INSERT INTO members VALUES ('d', 'y');
ROLLBACK TO c;
COMMIT;
SELECT logged();
BEGIN;
INSERT INTO members VALUES ('e', 'x');
ROLLBACK;
SELECT logged();
\echo -- a pull in the transaction that changed it would tell what is not committed
BEGIN;
INSERT INTO members VALUES ('e', 'x');
SELECT pull('ann');
ROLLBACK;

\echo -- policies of the application: a view, a function, an operator, and policies of what these read
CREATE FUNCTION banned(who text) RETURNS boolean LANGUAGE sql STABLE BEGIN ATOMIC SELECT EXISTS (SELECT FROM bans WHERE usr = who); END;
CREATE OPERATOR !!! (FUNCTION = banned, RIGHTARG = text);
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
CREATE POLICY listed ON plain USING (id IN (SELECT team FROM app.open_teams) AND NOT !!! current_user::text);
SELECT code, object, problem, fix FROM plasma.verify() WHERE code ~ '^VF4[0-3]' ORDER BY 1, 2, 3;
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
SELECT table_name, generation FROM plasma.tables ORDER BY 1;
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
SELECT logged() \g /dev/null
INSERT INTO app.teams VALUES ('a', true, 'x');
UPDATE app.teams SET motto = 'y';
UPDATE app.teams SET open = false;
INSERT INTO bans VALUES ('z');
SELECT logged();
\echo -- a view that runs as its invoker; a policy on what is read, which reads on; whole rows
CREATE OR REPLACE VIEW app.open_teams WITH (security_invoker) AS SELECT team FROM app.teams t WHERE open AND t IS NOT NULL;
ALTER TABLE app.teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_members ON app.teams FOR SELECT TO source_ann USING (team IN (SELECT m.team FROM members m));
CREATE POLICY writers ON app.teams FOR INSERT WITH CHECK (team IN (SELECT id FROM notes));
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
\echo -- its own table, by a function that sees all of it
CREATE FUNCTION is_first(note text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC SELECT note = min(id) FROM notes; END;
CREATE POLICY first ON plain AS RESTRICTIVE FOR SELECT USING (is_first(id));
DROP POLICY listed ON plain;
ALTER TABLE app.teams DISABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes FOR SELECT USING (is_first(id));
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
SELECT logged() \g /dev/null
UPDATE notes SET n = 5 WHERE id = 'a2';
INSERT INTO notes VALUES ('a0', 'a', 1);
SELECT logged();
SELECT pull('ann');
DROP POLICY own ON notes;
DROP POLICY first ON plain;
ALTER TABLE plain DISABLE ROW LEVEL SECURITY;

\echo -- partitions, and children, written to by themselves
ALTER TABLE notes DISABLE ROW LEVEL SECURITY;
CREATE TABLE parts (team text, usr text) PARTITION BY LIST (team);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_rest PARTITION OF parts DEFAULT PARTITION BY LIST (usr);
CREATE TABLE parts_leaf PARTITION OF parts_rest DEFAULT;
CREATE TABLE elders (usr text);
CREATE TABLE eldest () INHERITS (elders);
GRANT SELECT ON parts, elders TO source_ann, source_bob;
CREATE POLICY by_parts ON plain USING (id IN (SELECT team FROM parts WHERE usr = current_user) OR current_user IN (SELECT usr FROM elders));
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
SELECT tgrelid::regclass, count(*) FROM pg_trigger WHERE tgname ~ '^_plasma_source_' GROUP BY 1 ORDER BY (tgrelid::regclass)::text COLLATE "C";
SELECT logged() \g /dev/null
INSERT INTO parts VALUES ('a', 'x');
INSERT INTO parts_a VALUES ('a', 'y');
UPDATE parts_leaf SET usr = 'z';
INSERT INTO parts_leaf VALUES ('c', 'y');
UPDATE parts SET team = 'd' WHERE team = 'a';
TRUNCATE parts_leaf;
INSERT INTO eldest VALUES ('x');
UPDATE elders SET usr = 'y';
SELECT logged();
\echo -- one more of them; one that is off
CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');
ALTER TABLE eldest DISABLE TRIGGER USER;
SELECT code, severity, object, problem, fix FROM plasma.verify() WHERE code ~ '^VF4[0-3]' ORDER BY 1, 3;
SELECT plasma.repair() - '{left,mended}'::text[];
SELECT code FROM plasma.verify() WHERE code ~ '^VF4[0-3]';
SELECT logged() \g /dev/null
INSERT INTO parts_b VALUES ('b', 'x');
INSERT INTO eldest VALUES ('z');
SELECT logged();
DROP TABLE parts, elders CASCADE;
SELECT code, object, problem FROM plasma.verify() WHERE code ~ '^VF43' ORDER BY 1, 2;
SELECT plasma.repair() - '{left,mended}'::text[];
TABLE watched;

\echo -- what nobody can know, and what is said of it
CREATE FUNCTION opaque(note text) RETURNS boolean STABLE LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM public.bans WHERE usr = note); END';
CREATE FUNCTION clean(note text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN note > ''x''; END';
CREATE MATERIALIZED VIEW counted AS SELECT 1 AS n;
CREATE UNLOGGED TABLE fleeting (id text);
CREATE POLICY opaque ON plain USING (opaque(id) OR clean(id) OR EXISTS (SELECT FROM counted) OR EXISTS (SELECT FROM fleeting f WHERE f.id = plain.id)
	OR EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper));
SELECT declare('{"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}');
TABLE watched;
SELECT code, severity, object, problem, fix FROM plasma.verify() WHERE code ~ '^VF4[0-3]' ORDER BY 1, 3;
\echo -- declared: the functions are answered for
CREATE FUNCTION declare_plain(auth json, version text DEFAULT 'source-v1') RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema(json_build_object('version', $2, 'tables', json_build_object(
		'notes', '{"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}, "n": {"kind": "int"}},
			"auth": {"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}}'::json,
		'plain', json_build_object('columns', '{"id": {"kind": "id"}}'::json, 'auth', $1)))) - '{created,adopted,version}'::text[] $$;
SELECT declare_plain('{"dependsOn": ["bans", "app.open_teams", "notes"]}');
SELECT declare_plain('{"dependsOn": ["bans", "app.open_teams", "notes"]}');
TABLE watched;
SELECT code FROM plasma.verify() WHERE code ~ '^VF4[0-3]';
SELECT plasma.declare_from_catalog()->'tables'->'plain'->'auth';
SELECT plasma.run_migrations(json_build_object('version', 'source-v1', 'tables', json_build_object(
		'notes', '{"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}, "n": {"kind": "int"}},
			"auth": {"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}}'::json,
		'plain', json_build_object('columns', '{"id": {"kind": "id"}}'::json, 'auth', '{"dependsOn": ["bans"]}'::json)))) - 'plan' ?& '{migration}';
TABLE watched;
\echo -- none at all: a scope may say it better
SELECT declare_plain('{"dependsOn": false}');
TABLE watched;
SELECT code FROM plasma.verify() WHERE code ~ '^VF4[0-3]';
\echo -- faults
SELECT declare_plain('{"dependsOn": ["nowhere"]}');
SELECT declare_plain('{"dependsOn": ["app.nowhere"]}');
SELECT declare_plain('{"dependsOn": ["bans", "counted"]}');
SELECT declare_plain('{"dependsOn": ["pg_catalog.pg_roles"]}');
SELECT declare_plain('{"dependsOn": ["", 1]}');
SELECT declare_plain('{"dependsOn": true}');
SELECT declare_plain('{"dependsOn": "bans"}');

\echo -- a declared table that is gone
SELECT declare_plain('{"dependsOn": ["bans"]}', 'source-v2');
DROP TABLE bans CASCADE;
SELECT code, object, problem, fix FROM plasma.verify() WHERE code ~ '^VF43' ORDER BY 1, 2;
SELECT declare_plain('{"dependsOn": []}', 'source-v3');
TABLE watched;
SELECT code FROM plasma.verify() WHERE code ~ '^VF43';

\echo -- the trigger function writes for nobody else, and not for what is no source
SET ROLE source_ann;
CREATE TEMP TABLE mine (id int);
CREATE TRIGGER _plasma_source_mine AFTER INSERT ON mine EXECUTE FUNCTION plasma.log_source_change();
SELECT plasma.log_source_change();
RESET ROLE;
CREATE TRIGGER anything AFTER INSERT ON jar EXECUTE FUNCTION plasma.log_source_change();
SELECT logged() \g /dev/null
INSERT INTO jar VALUES ('x');
SELECT logged();
SELECT code, severity, object, problem FROM plasma.verify() WHERE code ~ '^VF4[0-3]' ORDER BY 1, 3;
SELECT plasma.repair() - '{left,mended}'::text[];
SELECT tgname FROM pg_trigger WHERE tgrelid = 'jar'::regclass;
\echo -- a trigger that is not fired after its event
CREATE TRIGGER early BEFORE INSERT ON jar FOR EACH ROW EXECUTE FUNCTION plasma.log_source_change();
INSERT INTO jar VALUES ('y');
DROP TRIGGER early ON jar;

\echo -- an owner of plasma who may not put triggers there
BEGIN;
DROP TRIGGER _plasma_source_members_insert ON members;
ALTER TABLE members OWNER TO source_ann;
ALTER SCHEMA plasma OWNER TO source_bob;
SELECT code, severity, object, fix FROM plasma.verify_sources();
ROLLBACK;

\echo -- a table that leaves, and the end
SELECT plasma.ensure_schema('{"version": "source-v4", "tables": {"notes": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}, "n": {"kind": "int"}},
	"auth": {"read": "EXISTS (SELECT FROM members m WHERE m.team = notes.team AND m.usr = current_user)"}}}}')->'changed';
TABLE watched;
SELECT plasma.drop_capture()->'tables';
TABLE watched;
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname ~ '^_plasma';

DROP VIEW watched;
DROP TABLE notes, plain, jar, copy, members, fleeting CASCADE;
DROP SCHEMA app CASCADE;
DROP MATERIALIZED VIEW counted;
DROP FUNCTION declare, declare_plain, pull, logged, opaque, clean;
DROP OWNED BY source_ann, source_bob;
DROP ROLE source_ann, source_bob;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

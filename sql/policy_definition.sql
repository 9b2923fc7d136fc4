-- What policies use is replaced, altered or granted: clients hold what SELECT shows after
-- their next pull, and fetch nothing anew where nothing that concerns them has changed.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on

CREATE ROLE def_ann;
CREATE ROLE def_owner;
CREATE ROLE def_readers;
CREATE ROLE def_others;
SELECT plasma.grant_access('def_ann', 'sync') \g /dev/null
CREATE TABLE members (team text, usr text, active boolean DEFAULT true);
CREATE VIEW my_teams AS SELECT team FROM members WHERE usr = current_user;
CREATE TABLE copy (id text PRIMARY KEY);
CREATE FUNCTION sees_sql(team text) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_sql.team AND m.usr = current_user); END;
CREATE FUNCTION sees_text(team text) RETURNS boolean LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN EXISTS (SELECT FROM public.members m WHERE m.team = $1 AND m.usr = current_user); END';
CREATE FUNCTION sees_owner(team text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_owner.team AND m.usr = session_user); END;

SELECT plasma.ensure_schema('{"version": "def-v1", "tables": {"notes": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}}}}}')->'created';
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON notes, members, my_teams TO def_ann, def_owner;
INSERT INTO notes VALUES ('a', 'a'), ('b', 'b'), ('c', 'c');
INSERT INTO members VALUES ('a', 'def_ann', true), ('b', 'def_ann', false), ('c', 'somebody', true);

-- What is told, what is held, and whether SELECT shows the same.
CREATE FUNCTION pull() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer json;
	op json;
	seen text;
BEGIN
	SET LOCAL ROLE def_ann;
	answer := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'def-v1', 'clientGroupID', 'g', 'clientID', 'c',
		'cookie', current_setting('jar.ann', true)));
	seen := COALESCE((SELECT string_agg(id, ' ' ORDER BY id) FROM notes), 'nothing');
	SET LOCAL ROLE NONE;
	PERFORM set_config('jar.ann', answer->>'cookie', false);
	FOR op IN SELECT json_array_elements(answer->'patch') LOOP
		IF op->>'op' = 'put' THEN
			INSERT INTO copy VALUES (op->>'id') ON CONFLICT DO NOTHING;
		ELSE
			DELETE FROM copy WHERE id = COALESCE(op->>'id', id);
		END IF;
	END LOOP;
	RETURN concat(CASE json_array_length(answer->'patch') WHEN 0 THEN 'nothing new, ' END, 'holds ',
		COALESCE((SELECT string_agg(id, ' ' ORDER BY id) FROM copy), 'nothing'),
		CASE WHEN COALESCE((SELECT string_agg(id, ' ' ORDER BY id) FROM copy), 'nothing') <> seen THEN ', but should hold ' || seen END);
END $$;
CREATE FUNCTION use(predicate text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DROP POLICY IF EXISTS p ON notes;
	EXECUTE format('CREATE POLICY p ON notes FOR SELECT USING (%s)', predicate);
	PERFORM plasma.ensure_schema('{"version": "def-v1", "tables": {"notes": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}}}}}');
	RETURN pull();
END $$;

\echo -- a function of the standard form, replaced; once more with the same body
SELECT use('sees_sql(team)');
CREATE OR REPLACE FUNCTION sees_sql(team text) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_sql.team AND m.usr = current_user AND m.active); END;
SELECT pull();
SELECT pull();
CREATE OR REPLACE FUNCTION sees_sql(team text) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_sql.team AND m.usr = current_user AND m.active); END;
SELECT pull();
\echo -- one with its text in a string; its settings; one that it is not
SELECT use('sees_text(team)');
CREATE OR REPLACE FUNCTION sees_text(team text) RETURNS boolean LANGUAGE plpgsql STABLE
AS 'BEGIN RETURN EXISTS (SELECT FROM public.members m WHERE m.team = $1 AND m.usr = current_user AND m.active); END';
SELECT pull();
ALTER FUNCTION sees_text SET search_path = public;
SELECT pull();
CREATE FUNCTION other() RETURNS int LANGUAGE sql RETURN 1;
SELECT pull();
\echo -- a view, one below a view, and whose rights it has
SELECT use('team IN (SELECT team FROM my_teams)');
CREATE OR REPLACE VIEW my_teams AS SELECT team FROM members WHERE usr = current_user AND active;
SELECT pull();
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
SELECT pull();
ALTER VIEW my_teams SET (security_invoker);
SELECT pull();
\echo -- a policy of what is read: made, altered, switched
CREATE POLICY readers ON members FOR SELECT TO def_readers USING (true);
SELECT pull();
CREATE POLICY own ON members FOR SELECT USING (usr = current_user AND team <> 'b');
SELECT pull();
ALTER POLICY own ON members USING (true);
SELECT pull();
CREATE POLICY writers ON members FOR INSERT WITH CHECK (false);
SELECT pull();
DROP POLICY own ON members;
SELECT pull();
\echo -- a role that a policy is made for; another one
GRANT def_others TO def_ann;
SELECT pull();
GRANT def_readers TO def_ann;
SELECT pull();
REVOKE def_readers FROM def_ann;
SELECT pull();
\echo -- whoever is not bound by it
ALTER ROLE def_ann BYPASSRLS;
SELECT pull() LIKE '%should%';
ALTER ROLE def_ann NOBYPASSRLS;
SELECT pull();
ALTER TABLE members OWNER TO def_ann;
SELECT pull();
ALTER TABLE members FORCE ROW LEVEL SECURITY;
SELECT pull();
ALTER TABLE members OWNER TO CURRENT_USER;
GRANT SELECT ON members TO def_ann;
\echo -- a function that has rights of another one, who gets and loses a role
ALTER FUNCTION sees_owner OWNER TO def_owner;
CREATE OR REPLACE FUNCTION sees_owner(team text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_owner.team AND m.usr = 'def_ann'); END;
SELECT use('sees_owner(team)');
GRANT def_readers TO def_owner;
SELECT pull();
REVOKE def_readers FROM def_owner;
SELECT pull();
ALTER FUNCTION sees_owner SECURITY INVOKER;
SELECT pull();
GRANT def_readers TO def_ann;
SELECT pull();
\echo -- a right on what is read: as SELECT fails, so does pull, and goes on afterwards
REVOKE SELECT ON members FROM def_ann;
SELECT pull();
GRANT SELECT ON members TO def_ann;
SELECT pull();
\echo -- roles that the caller has; others may come and go; rights on objects nobody can follow
SELECT use('pg_has_role(''def_'' || CASE team WHEN ''a'' THEN ''others'' ELSE ''owner'' END, ''member'')');
REVOKE def_others FROM def_ann;
SELECT pull();
CREATE ROLE def_new;
SELECT pull();
DROP ROLE def_new;
GRANT def_owner TO def_ann;
ALTER ROLE def_ann NOINHERIT;
SELECT pull();
REVOKE def_owner FROM def_ann;
SELECT pull();
ALTER ROLE def_ann INHERIT;
SELECT use('has_table_privilege(''members'', ''SELECT'')');
SELECT plasma.ensure_schema('{"version": "def-v1", "tables": {"notes": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}}}}}')->'changed';
SELECT code, severity, problem FROM plasma.verify() WHERE code ~ '^VF43';
\echo -- partitions of what is read; triggers that were off for a while
CREATE TABLE parts (team text, usr text) PARTITION BY LIST (team);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b (team text, usr text);
GRANT SELECT ON parts TO def_ann;
INSERT INTO parts_a VALUES ('a', 'def_ann');
INSERT INTO parts_b VALUES ('b', 'def_ann');
SELECT use('team IN (SELECT p.team FROM parts p WHERE p.usr = current_user)');
ALTER TABLE parts ATTACH PARTITION parts_b FOR VALUES IN ('b');
SELECT pull();
SELECT pull();
ALTER TABLE parts DETACH PARTITION parts_a;
SELECT pull();
SELECT plasma.repair()->'reset';
SELECT pull();
ALTER TABLE parts_b DISABLE TRIGGER _plasma_source_parts_b_insert;
INSERT INTO parts_b VALUES ('b', 'somebody');
SELECT pull();
ALTER TABLE parts_b DISABLE TRIGGER _plasma_source_parts_b_delete;
DELETE FROM parts_b;
ALTER TABLE parts_b ENABLE TRIGGER _plasma_source_parts_b_insert, ENABLE TRIGGER _plasma_source_parts_b_delete;
SELECT pull();
SELECT pull();
SELECT use('sees_owner(team)');
\echo -- declared to depend on nothing, which says nothing of definitions
SELECT plasma.ensure_schema('{"version": "def-v1", "tables": {"notes": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text"}}, "auth": {"dependsOn": false}}}}')->'changed';
SELECT pull();
CREATE OR REPLACE FUNCTION sees_owner(team text) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.team = sees_owner.team AND m.usr = 'somebody'); END;
SELECT pull();
\echo -- in the transaction of the pull, and undone
BEGIN;
CREATE OR REPLACE FUNCTION sees_owner(team text) RETURNS boolean LANGUAGE sql STABLE RETURN true;
SELECT pull();
ROLLBACK;
SELECT pull();

SELECT plasma.drop_capture()->'tables';
DROP TABLE notes, copy, members, parts, parts_a CASCADE;
DROP FUNCTION use, pull, sees_text, other;
DROP OWNED BY def_ann, def_owner;
DROP ROLE def_ann, def_owner, def_readers, def_others;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

-- Whatever decides what a role reads, a connected client learns of it with its next
-- pull: after each change it holds what SELECT shows to its role, columns too.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_visible_ann;
CREATE ROLE regress_visible_team;
CREATE ROLE regress_visible_other;
CREATE SCHEMA visible;
GRANT USAGE ON SCHEMA visible TO regress_visible_ann;
CREATE TABLE visible.late (id text PRIMARY KEY, body text);
INSERT INTO visible.late VALUES ('l', 'was there before');
SELECT plasma.ensure_schema('{"version": "visible-1", "tables": {
	"notes": {"schema": "visible", "columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}, "body": {"kind": "text"}, "secret": {"kind": "text", "nullable": true}}}}}') \g /dev/null
ALTER TABLE visible.notes ADD undeclared text DEFAULT 'never sent';
INSERT INTO visible.notes (id, owner, body, secret) VALUES ('1', 'ann', 'one', 's1'), ('2', 'bob', 'two', 's2'), ('3', 'team', 'three', 's3');
SELECT plasma.grant_access('regress_visible_ann', 'sync') \g /dev/null
CREATE TABLE visible_client (name text PRIMARY KEY, cookie text);
CREATE TABLE visible_copy (client text, tab text, id text, value jsonb, PRIMARY KEY (client, tab, id));

CREATE FUNCTION visible_apply(client text, op json) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF op->>'op' = 'put' THEN
		INSERT INTO visible_copy VALUES (client, op->>'table', op->>'id', (op->'value')::jsonb)
			ON CONFLICT ON CONSTRAINT visible_copy_pkey DO UPDATE SET value = EXCLUDED.value;
	ELSE
		DELETE FROM visible_copy c WHERE c.client = visible_apply.client
			AND (op->>'table' IS NULL OR c.tab = op->>'table') AND (op->>'id' IS NULL OR c.id = op->>'id');
	END IF;
	RETURN concat_ws(' ', op->>'op', op->>'table', op->>'id');
END $$;

-- What SELECT shows to ann of the declared columns that ann may read, as a client would hold it.
CREATE FUNCTION visible_truth() RETURNS TABLE (tab text, id text, value jsonb) LANGUAGE plpgsql AS $$
DECLARE
	t record;
	list text;
BEGIN
	FOR t IN SELECT s.table_name, s.relation, s.columns, n.oid AS home FROM plasma.tables s JOIN pg_class c ON c.oid = s.relation JOIN pg_namespace n ON n.oid = c.relnamespace LOOP
		SELECT string_agg(quote_ident(c->>'name'), ', ' ORDER BY o), bool_or(c->>'name' = 'id') INTO list
		FROM json_array_elements(t.columns) WITH ORDINALITY x (c, o)
		JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = c->>'name' AND NOT a.attisdropped
		WHERE has_column_privilege('regress_visible_ann', t.relation, a.attname, 'SELECT');
		CONTINUE WHEN list !~ '^id\M' OR list IS NULL OR NOT has_schema_privilege('regress_visible_ann', t.home, 'USAGE');
		PERFORM set_config('role', 'regress_visible_ann', true);
		RETURN QUERY EXECUTE format('SELECT %L, x.id::text, to_jsonb(x) FROM (SELECT %s FROM %s) x', t.table_name, list, t.relation);
		PERFORM set_config('role', 'none', true);
	END LOOP;
END $$;

-- Pulls as ann, page by page unless told how many; shows the operations and, once all is there, whether it is right.
CREATE FUNCTION pulled(client text, page int DEFAULT 100, pages int DEFAULT 100) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	request jsonb := jsonb_build_object('protocolVersion', 1, 'schemaVersion', (SELECT version FROM plasma.declarations WHERE active),
		'clientGroupID', client, 'clientID', client, 'limit', page);
	answer json;
	ops text := '';
BEGIN
	INSERT INTO visible_client VALUES (client) ON CONFLICT DO NOTHING;
	FOR n IN 1 .. pages LOOP
		request := request || jsonb_build_object('cookie', (SELECT cookie FROM visible_client WHERE name = client));
		PERFORM set_config('role', 'regress_visible_ann', true);
		answer := plasma.pull(request);
		PERFORM set_config('role', 'none', true);
		UPDATE visible_client SET cookie = answer->>'cookie' WHERE name = client;
		ops := ops || (SELECT COALESCE(string_agg(visible_apply(client, o), ', ' ORDER BY i), 'nothing') FROM json_array_elements(answer->'patch') WITH ORDINALITY x (o, i)) || E'\n';
		EXIT WHEN answer->'hasMore' IS NULL;
	END LOOP;
	RETURN NEXT rtrim(ops, E'\n');
	IF answer->'hasMore' IS NULL THEN
		RETURN QUERY SELECT 'held and not to be seen: ' || x::text FROM (SELECT c.tab, c.id, c.value FROM visible_copy c WHERE c.client = pulled.client EXCEPT SELECT * FROM visible_truth()) x
			UNION ALL SELECT 'to be seen and not held: ' || x::text FROM (SELECT * FROM visible_truth() EXCEPT SELECT c.tab, c.id, c.value FROM visible_copy c WHERE c.client = pulled.client) x;
		RETURN NEXT format('%s rows, columns %s', (SELECT count(*) FROM visible_truth()), (SELECT string_agg(DISTINCT k, ' ' ORDER BY k) FROM visible_truth() t, jsonb_object_keys(t.value) k));
	END IF;
END $$;

\echo -- columns and tables
GRANT SELECT (id, owner) ON visible.notes TO regress_visible_ann;
SELECT pulled('columns');
GRANT SELECT (body) ON visible.notes TO regress_visible_ann;
SELECT pulled('columns');
SELECT pulled('columns');
REVOKE SELECT (owner) ON visible.notes FROM regress_visible_ann;
SELECT pulled('columns');
GRANT SELECT ON visible.notes TO regress_visible_ann;
SELECT pulled('columns');
REVOKE SELECT ON visible.notes FROM regress_visible_ann;
SELECT pulled('columns');
SELECT pulled('columns');
GRANT SELECT (body) ON visible.notes TO PUBLIC;
SELECT pulled('columns');
GRANT SELECT (id) ON visible.notes TO PUBLIC;
SELECT pulled('columns');
REVOKE ALL ON visible.notes FROM PUBLIC;
GRANT SELECT (id, owner, body, undeclared) ON visible.notes TO regress_visible_ann;
SELECT pulled('columns');

\echo -- a column that is renamed by hand, and comes back
ALTER TABLE visible.notes RENAME body TO corpus;
SELECT pulled('columns');
ALTER TABLE visible.notes RENAME corpus TO body;
SELECT pulled('columns');
GRANT SELECT ON visible.notes TO regress_visible_ann;

\echo -- the schema
SELECT pulled('schema');
REVOKE USAGE ON SCHEMA visible FROM regress_visible_ann;
SELECT pulled('schema');
GRANT USAGE ON SCHEMA visible TO regress_visible_ann;
SELECT pulled('schema');

\echo -- row-level security, and each change of a policy
SELECT pulled('policies');
ALTER TABLE visible.notes ENABLE ROW LEVEL SECURITY;
SELECT pulled('policies');
CREATE POLICY one ON visible.notes USING (owner = 'ann');
SELECT pulled('policies');
ALTER POLICY one ON visible.notes USING (owner <> 'ann');
SELECT pulled('policies');
CREATE POLICY two ON visible.notes FOR SELECT USING (id = '1');
SELECT pulled('policies');
CREATE POLICY three ON visible.notes AS RESTRICTIVE USING (id < '3');
SELECT pulled('policies');
ALTER POLICY three ON visible.notes TO regress_visible_other;
SELECT pulled('policies');
DROP POLICY two ON visible.notes;
SELECT pulled('policies');
\echo -- those of other commands and other roles are no affair of this client
CREATE POLICY four ON visible.notes FOR UPDATE USING (true);
CREATE POLICY five ON visible.notes FOR SELECT TO regress_visible_other USING (true);
SELECT pulled('policies');
\echo -- a row that is touched while its policy changes
BEGIN;
UPDATE visible.notes SET body = 'two again' WHERE id = '2';
UPDATE visible.notes SET body = 'one again' WHERE id = '1';
ALTER POLICY one ON visible.notes USING (owner = 'ann');
COMMIT;
SELECT pulled('policies');
ALTER TABLE visible.notes DISABLE ROW LEVEL SECURITY;
SELECT pulled('policies');
ALTER TABLE visible.notes ENABLE ROW LEVEL SECURITY;
SELECT pulled('policies');

\echo -- membership: of the role that a policy is for
CREATE POLICY six ON visible.notes FOR SELECT TO regress_visible_team USING (owner = 'team');
SELECT pulled('members');
GRANT regress_visible_team TO regress_visible_ann;
SELECT pulled('members');
REVOKE regress_visible_team FROM regress_visible_ann;
SELECT pulled('members');
\echo -- of a role that is a member
GRANT regress_visible_team TO regress_visible_other;
GRANT regress_visible_other TO regress_visible_ann;
SELECT pulled('members');
REVOKE regress_visible_team FROM regress_visible_other;
REVOKE regress_visible_other FROM regress_visible_ann;
SELECT pulled('members');
\echo -- of a role that has the privilege
REVOKE SELECT ON visible.notes FROM regress_visible_ann;
GRANT SELECT (id, body) ON visible.notes TO regress_visible_team;
SELECT pulled('members');
GRANT regress_visible_team TO regress_visible_ann;
SELECT pulled('members');
REVOKE regress_visible_team FROM regress_visible_ann;
SELECT pulled('members');
GRANT SELECT ON visible.notes TO regress_visible_ann;

\echo -- roles that policies do not bind
SELECT pulled('unbound');
ALTER ROLE regress_visible_ann BYPASSRLS;
SELECT pulled('unbound');
ALTER ROLE regress_visible_ann NOBYPASSRLS;
SELECT pulled('unbound');
ALTER TABLE visible.notes OWNER TO regress_visible_ann;
SELECT pulled('unbound');
ALTER TABLE visible.notes FORCE ROW LEVEL SECURITY;
SELECT pulled('unbound');
ALTER TABLE visible.notes NO FORCE ROW LEVEL SECURITY;
ALTER TABLE visible.notes OWNER TO CURRENT_USER;
GRANT SELECT ON visible.notes TO regress_visible_ann;
SELECT pulled('unbound');

\echo -- between the pages of a first pull, and of what changed since
ALTER POLICY one ON visible.notes USING (true);
SELECT pulled('pages', 1, 2);
ALTER POLICY one ON visible.notes USING (id <> '1');
SELECT pulled('pages', 1, 2);
REVOKE SELECT ON visible.notes FROM regress_visible_ann;
GRANT SELECT (id, body) ON visible.notes TO regress_visible_ann;
SELECT pulled('pages', 1);
UPDATE visible.notes SET body = body || '!';
SELECT pulled('pages', 1, 1);
ALTER POLICY one ON visible.notes USING (id <> '2');
SELECT pulled('pages', 1);
DROP POLICY one ON visible.notes;
ALTER TABLE visible.notes DISABLE ROW LEVEL SECURITY;

\echo -- a table that is adopted, with the rows that it has; one that leaves
GRANT SELECT ON visible.late TO regress_visible_ann;
SELECT pulled('tables');
SELECT plasma.ensure_schema('{"version": "visible-2", "tables": {
	"late": {"schema": "visible", "columns": {"id": {"kind": "id"}, "body": {"kind": "text", "nullable": true}}},
	"notes": {"schema": "visible", "columns": {"id": {"kind": "id"}, "owner": {"kind": "text"}, "body": {"kind": "text"}, "secret": {"kind": "text", "nullable": true}}}}}') \g /dev/null
SELECT pulled('tables');
\echo -- what was written while a trigger was gone
DROP TRIGGER _plasma_trg_late_insert ON visible.late;
INSERT INTO visible.late VALUES ('m', 'by nobody seen');
SELECT pulled('tables');
INSERT INTO visible.late VALUES ('n', 'nor this');
SELECT plasma.repair()->'reset';
SELECT pulled('tables');
SELECT plasma.ensure_schema('{"version": "visible-3", "tables": {
	"late": {"schema": "visible", "columns": {"id": {"kind": "id"}, "body": {"kind": "text", "nullable": true}}}}}') \g /dev/null
SELECT pulled('tables');

-- An operator that lies first in the search path tells what it is shown; pull calls none
-- but the built-in ones.
\echo -- hidden rows are compared without a word
CREATE TABLE visible.hidden (id int PRIMARY KEY, body text);
INSERT INTO visible.hidden SELECT n, CASE WHEN n % 2 = 1 THEN 'shown' ELSE 'hidden' END FROM generate_series(1, 6) n;
ALTER TABLE visible.hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON visible.hidden USING (body = 'shown');
GRANT SELECT ON visible.hidden TO regress_visible_ann;
SELECT plasma.ensure_schema('{"version": "visible-4", "tables": {"hidden": {"schema": "visible", "key": "id", "columns": {"id": {"kind": "sql", "type": "int4"}, "body": {"kind": "text", "nullable": true}}}}}') \g /dev/null
CREATE SCHEMA visible_trap AUTHORIZATION regress_visible_ann;
SET ROLE regress_visible_ann;
CREATE FUNCTION visible_trap.tell(int, int) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
CREATE OPERATOR visible_trap.= (FUNCTION = visible_trap.tell, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR visible_trap.> (FUNCTION = visible_trap.tell, LEFTARG = int, RIGHTARG = int);
RESET ROLE;
SET search_path = visible_trap, pg_catalog, public;
SELECT count(*) FROM visible.hidden WHERE id = 2;
SELECT pulled('hidden', 1);
UPDATE visible.hidden SET body = body;
UPDATE visible.hidden SET body = 'hidden' WHERE id < 3;
SELECT pulled('hidden', 1);
RESET search_path;

\echo -- a view that the query of a scope looks through stays a barrier
CREATE TABLE visible.members (member text, team text);
INSERT INTO visible.members VALUES ('ann', 'a'), ('bob', 'b');
CREATE VIEW visible.teams WITH (security_barrier) AS SELECT team FROM visible.members WHERE member = 'ann';
CREATE FUNCTION visible.tell(team text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE WARNING 'saw %', team; RETURN true; END $$;
CREATE TABLE visible.cards (id text PRIMARY KEY, team text);
INSERT INTO visible.cards VALUES ('1', 'a'), ('2', 'b');
GRANT SELECT ON visible.cards, visible.teams TO regress_visible_ann;
SELECT plasma.ensure_schema('{"version": "visible-5", "scopes": {"team": "SELECT team FROM visible.teams WHERE visible.tell(team)"},
	"tables": {"cards": {"schema": "visible", "columns": {"id": {"kind": "id"}, "team": {"kind": "text", "nullable": true}}, "scope": "team"}}}') \g /dev/null
SET ROLE regress_visible_ann;
SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "visible-5", "clientGroupID": "barrier", "clientID": "c"}')->'patch';
RESET ROLE;

DROP EXTENSION plasma CASCADE;
DROP FUNCTION visible_apply, visible_truth, pulled;
DROP TABLE visible_client, visible_copy;
DROP SCHEMA visible, visible_trap CASCADE;
DROP ROLE regress_visible_ann, regress_visible_team, regress_visible_other;

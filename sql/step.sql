-- Steps: what an interrupted run leaves, policies, enum types, removed tables.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json
$$;
-- The statements that an executor runs.
CREATE FUNCTION pg_temp.steps(version text, tables text, executor text DEFAULT 'plan_sql') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT s ->> 'op' || E'\n\t' || COALESCE(
		(SELECT string_agg(o ->> 'sql', E'\n\t' ORDER BY n) FROM jsonb_array_elements(s -> 'online') WITH ORDINALITY x (o, n)
			WHERE executor = 'plan_sql'),
		(SELECT string_agg(regexp_replace(q, '\s+', ' ', 'g'), E'\n\t') FROM jsonb_array_elements_text(s -> 'sql') q), '')
	FROM plasma.plan(pg_temp.declaration(version, tables), format(
		'{"executor":"%s","policy":"data","allow":["DS101","DS103","DS106","LK101","LK102","LK103"]}', executor)::jsonb) plan,
		jsonb_array_elements(plan -> 'steps') WITH ORDINALITY x (s, n)
	WHERE s ->> 'op' <> 'register' ORDER BY n
$$;
CREATE FUNCTION pg_temp.run(version text, tables text) RETURNS text LANGUAGE sql AS $$
	SELECT plasma.run_migrations(pg_temp.declaration(version, tables),
		'{"policy":"data","allow":["DS101","DS103","DS106","LK101","LK102","LK103"]}') ->> 'status'
$$;
CREATE FUNCTION pg_temp.constraints() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', conname, pg_get_constraintdef(oid)) FROM pg_constraint
	WHERE conrelid = to_regclass('children') ORDER BY 1
$$;

\set parents '"parents": {"columns": {"id": {"kind":"id"}}}'
SELECT pg_temp.run('v1', :'parents' || $$, "children": {"columns": {"id": {"kind":"id"}, "a": {"kind":"int", "nullable":true},
	"p": {"kind":"ref", "references":"parents", "onDelete":"cascade"}}}$$);
INSERT INTO parents VALUES ('p');
INSERT INTO children VALUES ('c', 1, 'p'), ('d', 2, 'p');
\set wanted :parents ', "children": {"columns": {"id": {"kind":"id"}, "a": {"kind":"int", "unique":true}, "p": {"kind":"ref", "references":"parents", "onDelete":"restrict"}}}'
SELECT pg_temp.steps('v2', :'wanted');
SELECT pg_temp.steps('v2', :'wanted', 'run_migrations');

-- Interrupted after each statement in turn, the rest is planned.
ALTER TABLE children ADD CONSTRAINT _plasma_nn_a CHECK (a IS NOT NULL) NOT VALID;
SELECT pg_temp.steps('v2', :'wanted');
ALTER TABLE children VALIDATE CONSTRAINT _plasma_nn_a;
ALTER TABLE children ALTER a SET NOT NULL;
CREATE UNIQUE INDEX _plasma_key_children_a_key ON children (a);
ALTER TABLE children RENAME CONSTRAINT children_p_fkey TO _plasma_fk_p;
SELECT pg_temp.steps('v2', :'wanted');
SELECT pg_temp.steps('v2', :'wanted', 'run_migrations');
ALTER TABLE children ADD CONSTRAINT children_p_fkey FOREIGN KEY (p) REFERENCES parents (id) ON DELETE RESTRICT NOT VALID;
SELECT pg_temp.steps('v2', :'wanted');
ALTER TABLE children VALIDATE CONSTRAINT children_p_fkey;
SELECT pg_temp.steps('v2', :'wanted');
SELECT pg_temp.run('v2', :'wanted');
SELECT pg_temp.constraints();
SELECT pg_temp.run('v2', :'wanted');

-- Given up: what an interrupted run left is taken away.
ALTER TABLE children RENAME CONSTRAINT children_p_fkey TO _plasma_fk_p;
ALTER TABLE children ADD CONSTRAINT _plasma_nn_p CHECK (p IS NOT NULL) NOT VALID;
SELECT pg_temp.steps('v2', :'wanted');
SELECT pg_temp.run('v2', :'wanted');
SELECT pg_temp.constraints();

-- A failed build left an index that is invalid.
ALTER TABLE children DROP CONSTRAINT children_a_key;
INSERT INTO children VALUES ('e', 1, 'p');
CREATE UNIQUE INDEX CONCURRENTLY _plasma_key_children_a_key ON children (a);
DELETE FROM children WHERE id = 'e';
SELECT pg_temp.steps('v2', :'wanted');
SELECT pg_temp.run('v2', :'wanted');
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'children'::regclass ORDER BY 1;

-- The label of a new value is used at once: not in the transaction that adds it.
\set typed :parents ', "children": {"columns": {"id": {"kind":"id"}, "a": {"kind":"int", "unique":true}, "p": {"kind":"ref", "references":"parents", "onDelete":"restrict"}, "m": {"kind":"sql", "type":"mood", "enum":[%s], "default":"%s"}, "ms": {"kind":"sql", "type":"mood[]", "enum":[%1$s], "default":"{%2$s}"}}}'
SELECT format(:'typed', '"b","d"', 'b') AS "two", format(:'typed', '"a","b","c","d","e"', 'c') AS "five",
	format(:'typed', '"b","e"', 'e') AS "other", format(:'typed', '"a","b","c","d","e","f"', 'c') AS "six" \gset
SELECT pg_temp.steps('v3', :'two');
SELECT pg_temp.run('v3', :'two');
SELECT pg_temp.steps('v4', :'five');
SELECT pg_temp.steps('v4', :'five', 'run_migrations');
SELECT pg_temp.run('v4', :'five');
SELECT enum_range(NULL::mood);
SELECT m, ms FROM children ORDER BY id;
INSERT INTO children (id, a, p) VALUES ('f', 9, 'p') RETURNING m, ms;
UPDATE children SET m = 'e', ms = '{e,b}';
SELECT pg_temp.steps('v5', :'six');
SELECT pg_temp.run('v5', :'other');
SELECT enum_range(NULL::mood);
SELECT m, ms FROM children WHERE id = 'c';
SELECT count(*) FROM pg_type WHERE typname LIKE '\_plasma%';
CREATE FUNCTION pg_temp.uses_mood(mood) RETURNS void LANGUAGE sql AS '';
SELECT regexp_replace(issue #>> '{}', 'pg_temp_\d+', 'pg_temp') FROM jsonb_path_query(plasma.plan(
	pg_temp.declaration('v6', format(:'typed', '"e"', 'e')),
	'{"policy":"data","allow":["DS106"]}'), '$.issues[*] ? (@.code == "UN108").issue') issue;
DROP FUNCTION pg_temp.uses_mood;

DELETE FROM children;
DELETE FROM parents;

-- Policies: made, altered, one key less, none any more.
CREATE FUNCTION pg_temp.policies() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid), '|', pg_get_expr(polwithcheck, polrelid))
	FROM pg_policy WHERE polrelid = 'parents'::regclass
	UNION ALL SELECT 'row security ' || relrowsecurity FROM pg_class WHERE oid = 'parents'::regclass ORDER BY 1
$$;
\set guarded '"parents": {"columns": {"id": {"kind":"id"}}, "auth": {%s}}'
SELECT pg_temp.run('v6', format(:'guarded', '"read": "id = ''r''", "write": "id = ''w''"'));
SELECT pg_temp.policies();
SELECT pg_temp.steps('v7', format(:'guarded', '"read": "id = ''other''"'));
SELECT pg_temp.run('v7', format(:'guarded', '"read": "id = ''other''"'));
SELECT pg_temp.policies();
SELECT pg_temp.run('v8', :'parents');
SELECT pg_temp.policies();
-- Beside policies of the application there is no permissive one of plasma's, and what
-- the application switched on stays on.
ALTER TABLE parents ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parents USING (true);
SELECT pg_temp.run('v9', format(:'guarded', '"read": "id = ''r''"'));
SELECT pg_temp.policies();
SELECT pg_temp.run('v10', :'parents');
SELECT pg_temp.policies();

-- Tables that refer to each other, and to themselves, leave together.
SELECT pg_temp.run('v11', $$
	"a": {"columns": {"id": {"kind":"id"}, "b": {"kind":"ref", "references":"b", "onDelete":"setNull", "nullable":true}}},
	"b": {"columns": {"id": {"kind":"id"}, "a": {"kind":"ref", "references":"a", "onDelete":"setNull", "nullable":true},
		"b": {"kind":"ref", "references":"b", "onDelete":"cascade"}, "c": {"kind":"ref", "references":"c", "onDelete":"cascade"}}},
	"c": {"columns": {"id": {"kind":"id"}}}$$);
SELECT pg_temp.steps('v12', '"z": {"columns": {"id": {"kind":"id"}, "other": {"kind":"int"}}}', 'run_migrations');
SELECT pg_temp.run('v12', '"z": {"columns": {"id": {"kind":"id"}, "other": {"kind":"int"}}}');

DROP TABLE IF EXISTS a, b, c, z, children, parents;
DROP TYPE mood;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

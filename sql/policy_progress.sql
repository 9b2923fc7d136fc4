-- What a policy reads changes between each two pages of a client: it gets to the end all
-- the same, and with the next pull to what SELECT shows.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on

CREATE ROLE progress_ann;
SELECT plasma.grant_access('progress_ann', 'sync') \g /dev/null
CREATE TABLE members (team text, usr text);
CREATE TABLE copy (id text PRIMARY KEY);
CREATE FUNCTION declare(scope json DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.run_migrations(json_strip_nulls(json_build_object('version', 'progress-v1',
		'scopes', CASE WHEN scope IS NOT NULL THEN '{"half": "SELECT 0 UNION SELECT 1 UNION SELECT 2"}'::json END,
		'tables', json_build_object('notes', json_build_object('columns',
			'{"id": {"kind": "id"}, "team": {"kind": "text"}, "half": {"kind": "int"}}'::json, 'scope', scope))))) $$;
CREATE FUNCTION page(size int, OUT more boolean, OUT told text) LANGUAGE plpgsql AS $$
DECLARE
	answer json;
	op json;
BEGIN
	SET LOCAL ROLE progress_ann;
	answer := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'progress-v1', 'clientGroupID', 'g', 'clientID', 'c',
		'cookie', NULLIF(current_setting('jar.ann', true), ''), 'limit', size));
	SET LOCAL ROLE NONE;
	PERFORM set_config('jar.ann', answer->>'cookie', false);
	FOR op IN SELECT json_array_elements(answer->'patch') LOOP
		IF op->>'op' = 'put' THEN
			INSERT INTO copy VALUES (op->>'id') ON CONFLICT DO NOTHING;
		ELSIF op->>'op' = 'clear' AND op->'where' IS NOT NULL THEN
			RAISE 'a slice is cleared';
		ELSE
			DELETE FROM copy WHERE id = COALESCE(op->>'id', id);
		END IF;
		told := concat_ws(' ', told, op->>'op');
	END LOOP;
	more := answer->>'hasMore' IS NOT NULL;
END $$;
CREATE FUNCTION compare() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	seen text[];
BEGIN
	SET LOCAL ROLE progress_ann;
	seen := ARRAY(SELECT id FROM notes ORDER BY id);
	SET LOCAL ROLE NONE;
	RETURN CASE WHEN seen = ARRAY(SELECT id FROM copy ORDER BY id) THEN cardinality(seen) || ' rows, as SELECT shows' ELSE 'others than SELECT shows' END;
END $$;
-- Pages of three, before each of them a change, until the last one or no end is in sight.
CREATE PROCEDURE pull_restlessly(changes int) LANGUAGE plpgsql AS $$
DECLARE
	more boolean := true;
	pages int := 0;
BEGIN
	WHILE more AND pages < 60 LOOP
		IF pages < changes THEN
			DELETE FROM members WHERE usr = 'progress_ann' AND team = (pages % 4)::text;
			INSERT INTO members VALUES (((pages + 1) % 4)::text, 'progress_ann'), ('x', 'somebody');
			COMMIT;
		END IF;
		SELECT p.more INTO more FROM page(3) p;
		pages := pages + 1;
		COMMIT;
	END LOOP;
	RAISE NOTICE 'end after % pages: %', pages, NOT more;
END $$;
SET client_min_messages = notice;

SELECT declare() \g /dev/null
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON notes, members TO progress_ann;
CREATE POLICY p ON notes FOR SELECT USING (team IN (SELECT m.team FROM members m WHERE m.usr = current_user));
SELECT declare() \g /dev/null
INSERT INTO notes SELECT lpad(i::text, 2, '0'), i % 4, i % 2 FROM generate_series(1, 40) i;
INSERT INTO members SELECT i, 'progress_ann' FROM generate_series(0, 2) i;

\echo -- a first pull
CALL pull_restlessly(60);
SELECT more FROM page(100);
SELECT compare();
\echo -- nothing is left of it
SELECT more, told FROM page(100);
\echo -- a few changes: the end is the end
CALL pull_restlessly(4);
SELECT compare();
SELECT more, told FROM page(100);
\echo -- many, of a client that has the table
CALL pull_restlessly(60);
CALL pull_restlessly(60);
SELECT more FROM page(100);
SELECT compare();
\echo -- slices
SELECT declare('"half"') \g /dev/null
SELECT code, severity, object, problem, fix FROM plasma.verify() WHERE code ~ '^VF43';
CALL pull_restlessly(60);
SELECT more FROM page(100);
SELECT compare();
SELECT more, told FROM page(100);

SELECT plasma.drop_capture()->'tables';
DROP TABLE notes, copy, members CASCADE;
DROP PROCEDURE pull_restlessly;
DROP FUNCTION declare, page, compare;
DROP OWNED BY progress_ann;
DROP ROLE progress_ann;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

-- What clients fetch again after DDL: keep_copies, seed_changes, reset_table.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on

-- Declares the first so many columns beside the three of the beginning.
CREATE FUNCTION declare(n int DEFAULT 0, version text DEFAULT 'propagate-v1') RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema(format('{"version": "%s", "tables": {
		"notes": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"},
			"size": {"kind": "sql", "type": "varchar(9)", "nullable": true}%s}},
		"other": {"columns": {"id": {"kind": "id"}}}}}', version, array_to_string((ARRAY['',
			'"done": {"kind": "boolean", "default": false}', '"rank": {"kind": "bigint", "nullable": true}',
			'"tag": {"kind": "text", "default": "x"}', '"seen": {"kind": "text", "nullable": true}',
			'"late": {"kind": "text", "nullable": true}', '"at": {"kind": "text", "default": "seeded"}'])[:n + 1], ', '))::json)
$$;
SELECT declare()->'created';
INSERT INTO notes VALUES ('n1', 'one', 'big'), ('n2', 'two', NULL);
INSERT INTO other VALUES ('o1');

-- Clients that apply what they are sent; a pull is printed an operation a line.
CREATE TABLE jar (client text PRIMARY KEY, cookie text);
CREATE TABLE held (client text, tab text, id text, value jsonb, PRIMARY KEY (client, tab, id));
CREATE FUNCTION pull(who text, page int DEFAULT 100, version text DEFAULT 'propagate-v1') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	before text := (SELECT cookie FROM jar WHERE client = who);
	answer json := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', version,
		'clientGroupID', 'g', 'clientID', who, 'cookie', before, 'limit', page));
	item json;
BEGIN
	INSERT INTO jar VALUES (who, answer->>'cookie') ON CONFLICT (client) DO UPDATE SET cookie = excluded.cookie;
	FOR item IN SELECT json_array_elements(answer->'patch') LOOP
		CASE item->>'op'
			WHEN 'clear' THEN
				DELETE FROM held WHERE client = who AND tab = coalesce(item->>'table', tab);
			WHEN 'del' THEN
				DELETE FROM held WHERE client = who AND tab = item->>'table' AND id = item->>'id';
			WHEN 'put' THEN
				INSERT INTO held VALUES (who, item->>'table', item->>'id', (item->'value')::jsonb)
					ON CONFLICT (client, tab, id) DO UPDATE SET value = excluded.value;
		END CASE;
		RETURN NEXT item::text;
	END LOOP;
	RETURN NEXT CASE WHEN before = answer->>'cookie' THEN 'same cookie' ELSE 'new cookie' END ||
		CASE WHEN (answer->>'hasMore')::boolean THEN ', more' ELSE '' END;
END $$;
-- Rows in which a client differs from the table; a key that is not there is null.
CREATE FUNCTION differences(who text) RETURNS SETOF text LANGUAGE sql AS $$
	WITH theirs AS (SELECT h.id, key, e.value FROM held h, jsonb_each_text(h.value) e WHERE client = who AND tab = 'notes' AND e.value IS NOT NULL),
		truth AS (SELECT n.id, key, e.value FROM notes n, jsonb_each_text(to_jsonb(n)) e WHERE e.value IS NOT NULL
			AND key IN (SELECT c->>'name' FROM plasma.tables, json_array_elements(columns) c WHERE table_name = 'notes'))
	SELECT format('%s.%s: %s instead of %s', id, key, t.value, r.value) FROM theirs t FULL JOIN truth r USING (id, key)
		WHERE t.value IS DISTINCT FROM r.value ORDER BY 1
$$;
SELECT pull('a');
SELECT count(*) FROM pull('away');

\echo -- a column that nobody speaks for: the table is fetched anew
ALTER TABLE notes ADD done boolean NOT NULL DEFAULT false;
SELECT declare(1)->'changed';
SELECT pull('a');
SELECT pull('a');

\echo -- none: nullable without a default, so nothing is to be sent
BEGIN;
ALTER TABLE notes ADD rank bigint;
SELECT declare(2)->'changed';
SELECT plasma.keep_copies('notes', added => '{rank}');
COMMIT;
SELECT pull('a');
SELECT * FROM differences('a');
UPDATE notes SET rank = 9007199254740993 WHERE id = 'n1';
SELECT pull('a');
SELECT * FROM differences('a');
SELECT pull('a');

\echo -- log: the value of a default comes by a put of every row
BEGIN;
ALTER TABLE notes ADD tag text NOT NULL DEFAULT 'x';
SELECT declare(3)->'changed';
SELECT plasma.keep_copies('notes', '{tag}'), plasma.seed_changes('notes');
COMMIT;
\echo -- said again, it is nothing new
SELECT plasma.keep_copies('notes', '{tag}');
SELECT table_name, row_id, op, value FROM plasma.changes WHERE table_name = 'notes' ORDER BY row_version DESC LIMIT 2;
SELECT pull('a');
SELECT * FROM differences('a');
\echo -- reset: by a clear and all rows
SELECT plasma.reset_table('notes') AS told \gset
SELECT generation = :told FROM plasma.tables WHERE table_name = 'notes';
SELECT pull('a');
SELECT * FROM differences('a');

\echo -- defaults, NOT NULL, unique, rights on a column: what clients hold is good
CREATE ROLE propagate_reader;
BEGIN;
ALTER TABLE notes ALTER title SET DEFAULT 'none', ALTER tag DROP DEFAULT;
ALTER TABLE notes ALTER done DROP NOT NULL;
SELECT plasma.keep_copies('notes');
ALTER TABLE notes ALTER done SET NOT NULL;
CREATE UNIQUE INDEX ON notes (title);
GRANT SELECT (id, title) ON notes TO propagate_reader;
SELECT plasma.keep_copies('notes');
SELECT plasma.keep_copies('notes');
COMMIT;
SELECT pull('a');
\echo -- the same in subtransactions, some of them undone
BEGIN;
SAVEPOINT s;
ALTER TABLE notes ALTER title SET DEFAULT 'in s';
SAVEPOINT t;
ALTER TABLE notes ALTER title DROP DEFAULT;
SELECT plasma.keep_copies('notes');
ROLLBACK TO t;
SELECT plasma.keep_copies('notes');
RELEASE s;
SAVEPOINT u;
ALTER TABLE notes ALTER title SET DEFAULT 'in u', ALTER size SET DEFAULT '';
SELECT plasma.keep_copies('notes');
ROLLBACK TO u;
ALTER TABLE notes ALTER title SET DEFAULT 'after u';
SELECT plasma.keep_copies('notes');
COMMIT;
SELECT pull('a');
\echo -- one that is undone as a whole, and one without a word
BEGIN;
ALTER TABLE notes ALTER title SET DEFAULT 'undone';
SELECT plasma.keep_copies('notes');
ROLLBACK;
SELECT pull('a');
ALTER TABLE notes ALTER title DROP DEFAULT;
SELECT pull('a') LIMIT 1;
SELECT plasma.keep_copies('notes');
\echo -- what was said of a column before is void when somebody alters it
SELECT pull('a') LIMIT 1;

DROP INDEX notes_title_idx;

\echo -- values that a rewrite gives: only who names the column answers for it
-- (which other columns a server touches beside it is its own affair)
BEGIN;
ALTER TABLE notes ALTER title TYPE text USING title || '!';
SELECT plasma.keep_copies('notes');
COMMIT;
SELECT pull('a') LIMIT 1;
BEGIN;
ALTER TABLE notes ALTER title TYPE text USING title || '!', ALTER tag SET DEFAULT 'x';
SELECT plasma.keep_copies('notes', changed => '{title}') @> '{title,tag}', plasma.seed_changes('notes');
COMMIT;
SELECT pull('a');
SELECT * FROM differences('a');
\echo -- a type that holds more, without a rewrite, and less, with one
BEGIN;
ALTER TABLE notes ALTER size TYPE varchar(20);
SELECT 'size' = ANY (plasma.keep_copies('notes'));
SELECT plasma.keep_copies('notes', changed => '{size}');
COMMIT;
SELECT pull('a');
BEGIN;
ALTER TABLE notes ALTER size TYPE varchar(9);
SELECT 'size' = ANY (plasma.keep_copies('notes', changed => '{size}'));
COMMIT;
SELECT pull('a');
\echo -- columns that change places: names stay, values do not
BEGIN;
ALTER TABLE notes RENAME title TO t;
ALTER TABLE notes RENAME tag TO title;
ALTER TABLE notes RENAME t TO tag;
SELECT plasma.keep_copies('notes');
COMMIT;
SELECT pull('a');
SELECT * FROM differences('a');
ALTER TABLE notes RENAME title TO t;
ALTER TABLE notes RENAME tag TO title;
ALTER TABLE notes RENAME t TO tag;
SELECT pull('a') LIMIT 1;

\echo -- a client that was away since before a column came, and one that was not
SELECT count(*) > 0 AS any FROM pull('away');
BEGIN;
ALTER TABLE notes ADD seen text;
SELECT declare(4)->'changed', plasma.keep_copies('notes', '{seen}');
COMMIT;
SELECT pull('a');
UPDATE notes SET seen = 'now' WHERE id = 'n2';
BEGIN;
ALTER TABLE notes ALTER seen SET DEFAULT 'soon';
SELECT plasma.keep_copies('notes');
COMMIT;
SELECT pull('a');
SELECT pull('away');
SELECT * FROM differences('away');
\echo -- values given to it by hand reach both
BEGIN;
ALTER TABLE notes ADD late text;
SELECT declare(5)->'changed', plasma.keep_copies('notes', '{late}');
COMMIT;
SELECT pull('a');
ALTER TABLE notes ALTER late TYPE text USING 'by hand';
SELECT pull('a');
SELECT pull('away');
SELECT * FROM differences('a') UNION ALL SELECT * FROM differences('away');
\echo -- a column that goes, and comes back as another
BEGIN;
ALTER TABLE notes DROP late;
ALTER TABLE notes ADD late text DEFAULT 'another';
SELECT plasma.keep_copies('notes', '{late}');
COMMIT;
SELECT pull('a') LIMIT 1;
SELECT * FROM differences('a');

\echo -- a role that may not read a new column, and then may
GRANT INSERT, SELECT, UPDATE, DELETE ON jar, held TO propagate_reader;
SELECT plasma.grant_access('propagate_reader', 'sync');
SET ROLE propagate_reader;
SELECT pull('reader');
RESET ROLE;
BEGIN;
ALTER TABLE notes DROP late;
ALTER TABLE notes ADD late text DEFAULT 'hidden';
SELECT plasma.keep_copies('notes', '{late}'), plasma.seed_changes('notes');
COMMIT;
SET ROLE propagate_reader;
SELECT pull('reader');
SELECT pull('reader');
RESET ROLE;
GRANT SELECT (late) ON notes TO propagate_reader;
SET ROLE propagate_reader;
SELECT pull('reader');
RESET ROLE;

\echo -- pages: a hydration and a catch-up under way go on
INSERT INTO notes (id, title, tag) SELECT 'p' || i, 't' || i, 'tag' FROM generate_series(1, 5) i;
DELETE FROM jar WHERE client IN ('slow', 'slower');
SELECT pull('slow', 3);
SELECT count(*) > 0 AS any FROM pull('slower');
UPDATE notes SET tag = 'touched';
SELECT pull('slower', 2);
BEGIN;
ALTER TABLE notes DROP late;
ALTER TABLE notes ADD late text DEFAULT 'paged';
SELECT plasma.reset_table('notes') > 0;
COMMIT;
CREATE FUNCTION pull_all(who text, page int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	clears bigint := 0;
	line text;
	more boolean := true;
BEGIN
	WHILE more LOOP
		FOR line IN SELECT pull(who, page) LOOP
			clears := clears + (line LIKE '{"op":"clear"%')::int;
			more := line LIKE '%more';
		END LOOP;
	END LOOP;
	RETURN clears;
END $$;
SELECT pull_all('slow', 3), pull_all('slower', 2);
SELECT * FROM differences('slow') UNION ALL SELECT * FROM differences('slower');
DELETE FROM jar WHERE client = 'slow';
SELECT pull('slow', 3);
UPDATE notes SET tag = 'touched again';
SELECT pull('slower', 2);
BEGIN;
ALTER TABLE notes ADD at text NOT NULL DEFAULT 'seeded';
SELECT declare(6, 'propagate-v1b')->'changed';
SELECT plasma.keep_copies('notes', '{at}'), plasma.seed_changes('notes');
COMMIT;
SELECT pull_all('slow', 3), pull_all('slower', 2);
SELECT * FROM differences('slow') UNION ALL SELECT * FROM differences('slower');
\echo -- clients of the new version, one of which was of the old one
SELECT op FROM pull('a', 100, 'propagate-v1b') op WHERE op NOT LIKE '%"id":"p%';
SELECT * FROM differences('a');
SELECT count(*) > 0 AS any FROM pull('new', 100, 'propagate-v1b');
SELECT * FROM differences('new');

\echo -- a cookie as it was before tables had shapes; the same as it is
CREATE FUNCTION opened(cookie text) RETURNS text LANGUAGE sql AS $$
	SELECT left(convert_from(decode(rpad(translate(body, '-_', '+/'), (length(body) + 3) / 4 * 4, '='), 'base64'), 'UTF8'), -26) FROM substr(cookie, 4) body
$$;
CREATE FUNCTION sealed(content text) RETURNS text LANGUAGE sql AS $$
	SELECT 'c2:' || rtrim(translate(encode(convert_to(format('%s,"sum":"%s"}', content,
		lpad(to_hex(hashtextextended(content COLLATE "C", 0)), 16, '0')), 'UTF8'), 'base64'), E'+/\n', '-_'), '=')
$$;
\set SHOW_CONTEXT never
UPDATE jar SET cookie = sealed(opened(cookie)) WHERE client = 'slow';
SELECT pull('slow') LIMIT 1;
UPDATE jar SET cookie = sealed(regexp_replace(opened(cookie), '\[(\d+),\d+,', '[\1,', 'g')) WHERE client = 'slow';
SELECT pull('slow') LIMIT 1;

\echo -- what is seeded: every row, whatever policies hide, from partitions of any shape, keys only without history
SELECT plasma.ensure_schema('{"version": "propagate-v2", "tables": {
	"hidden": {"columns": {"id": {"kind": "id"}, "big": {"kind": "bigint"}}},
	"parts": {"key": ["day", "n"], "columns": {"n": {"kind": "int"}, "day": {"kind": "sql", "type": "date"}, "t": {"kind": "text", "nullable": true}}},
	"brief": {"history": false, "columns": {"id": {"kind": "id"}}},
	"quiet": {"changeLogSuppressed": true, "columns": {"id": {"kind": "id"}}}}}')->'created';
DROP TABLE parts;
CREATE TABLE parts (n bigint, day date, t text, PRIMARY KEY (day, n)) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE parts_2 (t text, gone int, day date NOT NULL, n bigint NOT NULL);
ALTER TABLE parts_2 DROP gone;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
SELECT plasma.ensure_schema(declaration::json)->'adopted' FROM plasma.declarations WHERE active;
CREATE ROLE propagate_owner;
ALTER TABLE hidden OWNER TO propagate_owner;
SELECT plasma.grant_access('propagate_owner', 'admin');
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
INSERT INTO hidden VALUES ('h1', 9007199254740993), ('h2', 2);
INSERT INTO parts VALUES (1, '2026-01-02', 'first'), (2, '2026-02-03', NULL);
INSERT INTO brief VALUES ('b1');
SET ROLE propagate_owner;
SELECT count(*) FROM hidden;
SELECT plasma.seed_changes('hidden');
RESET ROLE;
SELECT plasma.seed_changes('parts'), plasma.seed_changes('brief');
SELECT table_name, row_id, op, value FROM
	(SELECT * FROM plasma.changes ORDER BY row_version DESC LIMIT 5) c ORDER BY row_version;
BEGIN;
DELETE FROM brief;
SELECT plasma.seed_changes('brief');
ROLLBACK;
\echo -- in a trigger: the statement logs its rows after it
CREATE FUNCTION seeds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM plasma.seed_changes('hidden');
	RETURN NEW;
END $$;
ALTER TABLE hidden NO FORCE ROW LEVEL SECURITY;
CREATE TRIGGER seeds AFTER UPDATE ON hidden FOR EACH ROW EXECUTE FUNCTION seeds();
UPDATE hidden SET big = 3 WHERE id = 'h2';
SELECT row_id, value->>'big' FROM (SELECT * FROM plasma.changes ORDER BY row_version DESC LIMIT 3) c ORDER BY row_version;
DROP FUNCTION seeds CASCADE;

\echo -- refusals
SELECT plasma.seed_changes('quiet');
SELECT plasma.reset_table('parts_2');
SELECT plasma.seed_changes('jar');
SELECT plasma.keep_copies('jar');
SELECT plasma.seed_changes(NULL);
SELECT plasma.seed_changes(1::oid::regclass);
SELECT plasma.keep_copies('parts', '{none}');
SELECT plasma.keep_copies('parts', NULL, NULL);
SET ROLE propagate_owner;
SELECT plasma.seed_changes('parts');
SELECT plasma.reset_table('parts');
SELECT plasma.keep_copies('parts');
RESET ROLE;
SET ROLE propagate_reader;
SELECT plasma.seed_changes('notes');
RESET ROLE;
BEGIN READ ONLY;
SELECT plasma.seed_changes('parts');
ROLLBACK;
BEGIN;
ALTER TABLE parts RENAME n TO number;
ALTER TABLE parts DROP CONSTRAINT parts_pkey;
SELECT plasma.seed_changes('parts');
ROLLBACK;
DROP FUNCTION pull, pull_all, differences, declare, opened, sealed;
DROP TABLE jar, held, notes, other, hidden, parts, brief, quiet;
DROP OWNED BY propagate_reader, propagate_owner;
DROP ROLE propagate_reader, propagate_owner;
DELETE FROM plasma.tables;

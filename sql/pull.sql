-- plasma.pull: first pulls, catch-ups, pages, resets, rights.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on

SELECT plasma.ensure_schema('{"version": "pull-v1", "tables": {
	"users": {"columns": {"id": {"kind": "id"}, "name": {"kind": "text"}}},
	"todos": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"}, "rank": {"kind": "int", "nullable": true},
		"big": {"kind": "bigint", "nullable": true}, "owner": {"kind": "ref", "references": "users", "onDelete": "cascade", "nullable": true}}},
	"scores": {"key": ["player", "day"], "columns": {"player": {"kind": "sql", "type": "uuid"}, "day": {"kind": "sql", "type": "date"}, "points": {"kind": "int"}}},
	"drafts": {"changeLogSuppressed": true, "columns": {"id": {"kind": "id"}}}}}')->'created';

-- A pull whose cookie is kept in a table, printed an operation a line.
CREATE TABLE jar (client text PRIMARY KEY, cookie text);
CREATE FUNCTION pull(who text, page int DEFAULT 100, extra jsonb DEFAULT '{}') RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	answer json;
	before text := (SELECT cookie FROM jar WHERE client = who);
BEGIN
	answer := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'pull-v1',
		'clientGroupID', 'g', 'clientID', who, 'cookie', before, 'limit', page) || extra);
	INSERT INTO jar VALUES (who, answer->>'cookie') ON CONFLICT (client) DO UPDATE SET cookie = excluded.cookie;
	RETURN QUERY SELECT o::text FROM json_array_elements(answer->'patch') o;
	RETURN NEXT concat_ws(' ', CASE WHEN before = answer->>'cookie' THEN 'same cookie' ELSE 'new cookie' END,
		'ids=' || (answer->'lastMutationIDs')::text, 'hasMore=' || (answer->>'hasMore'));
END $$;

\echo -- rows from before any change log entry arrive, and a suppressed table does not
INSERT INTO users VALUES ('u1', 'Ann'), ('u2', 'Bob');
INSERT INTO todos VALUES ('t1', 'say "hi"', 1, 9007199254740993, 'u1'), ('t2', 'plain', NULL, NULL, 'u2');
INSERT INTO scores VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2026-01-02', 5);
INSERT INTO drafts VALUES ('d1');
SELECT pull('a');
\echo -- nothing new: the same cookie
SELECT pull('a');
\echo -- put, del, cascade; a row touched many times is sent once, as it is now
UPDATE todos SET title = 'first' WHERE id = 't1';
UPDATE todos SET title = 'last' WHERE id = 't1';
INSERT INTO todos VALUES ('gone', 'x');
DELETE FROM todos WHERE id = 'gone';
DELETE FROM users WHERE id = 'u2';
UPDATE scores SET day = '2026-01-03';
SELECT pull('a');
\echo -- a key that moves; a write that changes nothing
UPDATE users SET id = 'u3' WHERE id = 'u1' AND NOT EXISTS (SELECT FROM todos WHERE owner = 'u1');
UPDATE todos SET owner = NULL;
UPDATE users SET id = 'u3';
UPDATE users SET name = name;
SELECT pull('a');
SELECT pull('a');
\echo -- TRUNCATE: the clear comes first, rows written before it do not come at all
INSERT INTO users VALUES ('lost', 'x');
TRUNCATE users CASCADE;
INSERT INTO users VALUES ('kept', 'y');
SELECT pull('a');
\echo -- rows that triggers of TRUNCATE write, to this table and to one truncated with it
CREATE FUNCTION refill() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO users VALUES ('first ' || TG_TABLE_NAME, 'z') ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER "A" AFTER TRUNCATE ON users EXECUTE FUNCTION refill();
CREATE TRIGGER z AFTER TRUNCATE ON todos EXECUTE FUNCTION refill();
TRUNCATE todos, users;
SELECT pull('a');
DROP FUNCTION refill CASCADE;
TRUNCATE users CASCADE;
INSERT INTO users VALUES ('kept', 'y');
SELECT pull('a');

\echo -- pages: no lastMutationIDs before the last one
INSERT INTO users SELECT 'p' || i, 'n' FROM generate_series(1, 5) i;
SELECT pull('b', 2);
SELECT pull('b', 2);
SELECT pull('b', 2);
SELECT pull('b', 2);
UPDATE users SET name = 'm';
SELECT pull('b', 4);
SELECT pull('b', 4);
SELECT pull('b', 4);
\echo -- pages of one row end, too
DO $$
DECLARE
	pages int := 0;
BEGIN
	WHILE EXISTS (SELECT FROM pull('ones', 1) line WHERE line LIKE '%hasMore=true') LOOP
		pages := pages + 1;
		ASSERT pages < 20;
	END LOOP;
	ASSERT pages > 5;
END $$;
SELECT pull('ones', 1);

\echo -- a page ends by its size
SET plasma.max_page_bytes = '1kB';
INSERT INTO users SELECT 'big' || i, repeat('x', 900) FROM generate_series(1, 3) i;
SELECT left(pull('a'), 40);
SELECT left(pull('a'), 40);
SELECT left(pull('a'), 40);
SELECT left(pull('a'), 40);
RESET plasma.max_page_bytes;
SELECT left(pull('a'), 40);
DELETE FROM users WHERE id LIKE 'big%';
SELECT pull('a');

\echo -- a cookie of another identity or group, an older epoch, below the floor: reset
SELECT left(pull('b', 100, '{"clientGroupID": "other"}'), 30) LIMIT 1;
SELECT pull('b') LIMIT 1;
SET request.jwt.claims = '{"sub": "ann"}';
SELECT pull('b') LIMIT 1;
SELECT pull('b') LIMIT 1;
RESET request.jwt.claims;
SELECT pull('b') LIMIT 1;
UPDATE plasma.state SET epoch = gen_random_uuid();
SELECT pull('b') LIMIT 1;
SELECT pull('b') LIMIT 1;
UPDATE plasma.state SET floor = pg_snapshot_xmax(pg_current_snapshot());
SELECT pull('b') LIMIT 1;
UPDATE plasma.state SET floor = '0';
SELECT pull('b') LIMIT 1;

\echo -- a longer catch-up than a fresh hydration becomes one
SELECT pull('c') LIMIT 1;
DO $$ BEGIN FOR i IN 1..1000 LOOP UPDATE users SET name = i::text; END LOOP; END $$;
SELECT pull('c', 5) LIMIT 1;

\echo -- a generation that is raised, a column that is closed, a policy, a table that is closed
SELECT count(*) > 0 AS any FROM pull('d');
UPDATE plasma.tables SET generation = generation + 1 WHERE table_name = 'scores';
UPDATE plasma.state SET registry = gen_random_uuid();
SELECT pull('d');
CREATE ROLE pull_reader;
SELECT plasma.grant_access('pull_reader', 'sync');
GRANT SELECT ON users, scores, jar TO pull_reader;
GRANT INSERT, UPDATE ON jar TO pull_reader;
SET ROLE pull_reader;
SELECT pull('e');
RESET ROLE;
REVOKE SELECT ON users FROM pull_reader;
GRANT SELECT (id) ON users TO pull_reader;
SET ROLE pull_reader;
SELECT pull('e');
RESET ROLE;
CREATE POLICY before_p3 ON users FOR SELECT USING (id < 'p3');
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
SET ROLE pull_reader;
SELECT pull('e');
RESET ROLE;
\echo -- touched rows that may not be seen are gone for the client
UPDATE users SET name = 'z' WHERE id IN ('p1', 'p4');
SET ROLE pull_reader;
SELECT pull('e');
RESET ROLE;
\echo -- of those that came since its last page it is told nothing, not even an id
INSERT INTO users (id, name) VALUES ('p8', 'hidden'), ('p9', 'hidden');
UPDATE users SET name = 'still hidden' WHERE id = 'p8';
DELETE FROM users WHERE id = 'p9';
SET ROLE pull_reader;
SELECT pull('e');
RESET ROLE;
DELETE FROM users WHERE id = 'p8';
REVOKE SELECT (id) ON users FROM pull_reader;
SET ROLE pull_reader;
SELECT pull('e');
SELECT pull('e');
RESET ROLE;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
DROP POLICY before_p3 ON users;

\echo -- a column renamed, a column dropped, a table dropped: answers
SELECT count(*) > 0 AS any FROM pull('f');
ALTER TABLE todos RENAME COLUMN rank TO position;
INSERT INTO todos VALUES ('after', 'renamed', 3);
SELECT pull('f');
ALTER TABLE scores RENAME COLUMN day TO date;
INSERT INTO scores VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '2026-01-02', 6);
SELECT pull('f');
DROP TABLE scores;
SELECT pull('f');

\echo -- DDL that computes values anew, and DDL that leaves them alone
SELECT count(*) FROM pull('f');
ALTER TABLE users ALTER name TYPE text USING name || '?';
SELECT count(*), min(line), max(line) FROM pull('f') line WHERE line LIKE '%users%';
CREATE INDEX ON users (name);
ALTER TABLE users ADD CONSTRAINT named CHECK (name <> '') NOT VALID, ADD note text DEFAULT 'undeclared';
SELECT pull('f');
ALTER TABLE users DROP CONSTRAINT named, DROP note;
SELECT pull('f');

\echo -- a table that a crash would empty, and one that is permanent again
ALTER TABLE todos SET UNLOGGED;
INSERT INTO todos VALUES ('volatile', 'x');
SELECT pull('f');
DELETE FROM todos WHERE id = 'volatile';
ALTER TABLE todos SET LOGGED;
SELECT count(*), min(line) FROM pull('f') line WHERE line LIKE '%todos%';

\echo -- own writes are not committed; an xid alone is fine
BEGIN;
SELECT pg_current_xact_id() IS NOT NULL;
SELECT pull('f');
INSERT INTO users VALUES ('own', 'x');
SELECT pull('f');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
SELECT pg_current_xact_id() IS NOT NULL;
SELECT pull('f');
INSERT INTO users VALUES ('later', 'x');
COMMIT;
SELECT pull('f');
\echo -- nor are those of the same statement, or of one that fired a trigger
CREATE FUNCTION write(id text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO users VALUES (id, 'x');
	RETURN true;
END $$;
SELECT write('own'), plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "g", "clientID": "f"}');
CREATE FUNCTION pull_in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "g", "clientID": "f"}');
	RETURN NULL;
END $$;
CREATE TRIGGER pull AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION pull_in_trigger();
INSERT INTO users VALUES ('own', 'x');
DROP FUNCTION write, pull_in_trigger CASCADE;

\echo -- a policy that pulls, while the tables change
CREATE FUNCTION pulls() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE plasma.state SET registry = gen_random_uuid();
	PERFORM plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "h", "clientID": "h"}')
		WHERE current_setting('test.nested', true) IS DISTINCT FROM 'yes' AND set_config('test.nested', 'yes', true) = 'yes';
	RETURN true;
END $$;
CREATE POLICY pulls ON users USING (pulls());
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
GRANT SELECT ON users TO pull_reader;
GRANT SELECT, UPDATE ON plasma.state TO pull_reader;
SET ROLE pull_reader;
SELECT count(*) > 0 AS rows FROM json_array_elements(plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "r", "clientID": "r"}')->'patch');
RESET ROLE;
REVOKE ALL ON plasma.state FROM pull_reader;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
DROP POLICY pulls ON users;
DROP FUNCTION pulls;

\echo -- requests that are none
\set SHOW_CONTEXT never
SELECT plasma.pull('[]');
SELECT plasma.pull('{"protocolVersion": 1}');
SELECT plasma.pull('{"protocolVersion": 2, "schemaVersion": "pull-v1", "clientGroupID": "g", "clientID": "c"}');
SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v0", "clientGroupID": "g", "clientID": "c"}');
SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "", "clientID": "c"}');
SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "pull-v1", "clientGroupID": "g", "clientID": 1}');
SELECT pull('x', 100, '{"cookies": 1}');
SELECT pull('x', 0);
SELECT pull('x', -1);
SELECT pull('x', 1, '{"limit": 1.5}');
SELECT pull('x', 1, '{"limit": "1"}');
SELECT pull('x', 1, '{"limit": 9007199254740992}');
SELECT count(*) > 0 AS huge_is_capped FROM pull('x', 1, '{"limit": 9007199254740991}');
SELECT pull('x', 1, '{"cookie": 1}');
SELECT pull('x', 1, '{"cookie": ""}');
SELECT pull('x', 1, '{"cookie": "c1:eyIwIjoiMTIzIn0="}');
SELECT pull('x', 1, '{"cookie": "c2:!"}');
SELECT plasma.pull(NULL);

\echo -- every cookie cut short, and every one with a bit flipped, is refused
CREATE FUNCTION verdict(damaged text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'pull-v1',
		'clientGroupID', 'g', 'clientID', 'f', 'cookie', damaged));
	RETURN 'accepted';
EXCEPTION WHEN SQLSTATE 'PL005' THEN
	RETURN SQLERRM;
END $$;
SELECT verdict(left(cookie, n)), count(*) > 100 AS many FROM jar, generate_series(0, length(cookie) - 1) n
	WHERE client = 'f' GROUP BY 1;
SELECT verdict(overlay(cookie PLACING chr(ascii(substr(cookie, n, 1)) # 1) FROM n)), count(*) > 100 AS many
	FROM jar, generate_series(1, length(cookie) - 1) n
	WHERE client = 'f' GROUP BY 1;

DROP FUNCTION pull, verdict;
DROP TABLE jar, users, todos, drafts;
DROP OWNED BY pull_reader;
DROP ROLE pull_reader;

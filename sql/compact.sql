-- Compaction of the log: what goes, what stays, for which clients.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
SET plasma.compaction_duty = 100;
SELECT plasma.ensure_schema('{"version": "compact", "tables": {
	"compact_a": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"compact_b": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"compact_bare": {"history": false, "columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}')->'created';

-- What the log holds, and what a compaction says that it did.
CREATE VIEW log AS SELECT table_name, row_id, op, value->>'n' AS n FROM plasma.changes ORDER BY row_version;
CREATE FUNCTION told(report jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT report - '{floor,ms}'::text[] $$;
-- A client's pull: its operations.
CREATE TABLE jar (client text PRIMARY KEY, cookie text);
CREATE FUNCTION pull(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'compact', 'clientGroupID', 'g', 'clientID', who,
		'cookie', (SELECT cookie FROM jar WHERE client = who)));
BEGIN
	INSERT INTO jar VALUES (who, answer->>'cookie') ON CONFLICT (client) DO UPDATE SET cookie = excluded.cookie;
	RETURN (SELECT string_agg(concat_ws(' ', o->>'op', o->>'table', o->>'id'), ', ' ORDER BY n) FROM jsonb_array_elements(answer->'patch') WITH ORDINALITY x (o, n));
END $$;

\echo -- nothing is that old
INSERT INTO compact_a VALUES ('1', 1), ('2', 1), ('3', 1);
SELECT pull('old') \g /dev/null
INSERT INTO compact_b VALUES ('1', 1);
INSERT INTO compact_bare VALUES ('1', 1), ('2', 1);
UPDATE compact_a SET n = 2 WHERE id <> '3';
UPDATE compact_a SET n = 3 WHERE id = '1';
DELETE FROM compact_a WHERE id = '2';
INSERT INTO compact_a VALUES ('4', 1);
DELETE FROM compact_a WHERE id = '4';
SELECT pull('new') \g /dev/null
SELECT told(plasma.compact_change_log());
SELECT count(*) FROM log;
\echo -- entries of an hour ago are, and only those: this one is of now
UPDATE plasma.changes SET created_at = created_at - 3600000;
UPDATE compact_a SET n = 4 WHERE id = '1';
SET plasma.retention = '30min';
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
\echo -- the client that had seen them goes on, the other one begins anew, and again goes on
SELECT pull('new');
SELECT pull('old');
SELECT pull('old');
\echo -- what was kept goes when something newer comes down
SET plasma.retention = 0;
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
\echo -- nothing is looked at twice
SELECT told(plasma.compact_change_log());
DELETE FROM compact_a WHERE id = '1';
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
INSERT INTO compact_a VALUES ('1', 5);
SELECT told(plasma.compact_change_log());
SELECT * FROM log;

\echo -- a truncation takes all before it along; in small batches
INSERT INTO compact_b SELECT i::text, i FROM generate_series(2, 20) i;
SELECT told(plasma.compact_change_log());
BEGIN;
INSERT INTO compact_b VALUES ('lost', 1);
TRUNCATE compact_b;
INSERT INTO compact_b VALUES ('2', 2);
COMMIT;
CALL plasma.compact(3, NULL, NULL) \g /dev/null
SELECT * FROM log;
SELECT table_name, row_id, forget_at IS NULL AS "there" FROM plasma.compacted_rows ORDER BY 1, 2;
\echo -- what was deleted is forgotten when all that was running then is compacted
UPDATE compact_b SET n = 3;
SELECT told(plasma.compact_change_log());
UPDATE compact_b SET n = 4;
SELECT told(plasma.compact_change_log());
SELECT table_name, row_id, forget_at IS NULL AS "there" FROM plasma.compacted_rows ORDER BY 1, 2;

\echo -- a refetch is no truncation: it goes, and nothing goes with it
INSERT INTO plasma.changes (table_name, op, created_at) VALUES ('compact_b', 'refetch', 0);
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
SELECT table_name, row_id, forget_at IS NULL AS "there" FROM plasma.compacted_rows ORDER BY 1, 2;
\echo -- nor does one hide a truncation
BEGIN;
TRUNCATE compact_b;
INSERT INTO plasma.changes (table_name, op, created_at) VALUES ('compact_b', 'refetch', 0);
INSERT INTO compact_b VALUES ('2', 4);
COMMIT;
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
SELECT table_name, row_id, forget_at IS NULL AS "there" FROM plasma.compacted_rows ORDER BY 1, 2;

\echo -- up to a version that the caller calls safe, whatever its age, and not beyond it
SET plasma.retention = '30d';
UPDATE compact_a SET n = 6 WHERE id = '1';
UPDATE compact_a SET n = 7 WHERE id = '1';
SELECT max(row_version) AS safe FROM plasma.changes \gset
UPDATE compact_a SET n = 8 WHERE id = '1';
SELECT pull('before') \g /dev/null
SELECT told(plasma.compact_change_log(:safe));
SELECT * FROM log;
SELECT told(plasma.compact_change_log(0));
SELECT told(plasma.compact_change_log(-1));
UPDATE compact_a SET n = 9 WHERE id = '1';
SELECT pull('before');

\echo -- a table whose history is kept for longer; the time of clients does not depend on it
SELECT plasma.set_retention('compact_b', '1 year');
SET plasma.retention = 0;
UPDATE compact_b SET n = 5;
UPDATE compact_a SET n = 10 WHERE id = '1';
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
SELECT pull('before');
\echo -- until it is not
SELECT plasma.set_retention('compact_b', NULL);
SELECT told(plasma.compact_change_log());
SELECT * FROM log;
SELECT told(plasma.compact_change_log());
SELECT table_name FROM plasma.compactions;
\echo -- a shorter one than that of all is none
SET plasma.retention = '1d';
SELECT plasma.set_retention('compact_b', '0');
UPDATE compact_b SET n = 6;
SELECT told(plasma.compact_change_log());
SELECT plasma.set_retention('compact_b', NULL);

\echo -- in the middle of a catch-up
SET plasma.retention = 0;
UPDATE jar SET cookie = NULL;
SELECT pull('new');
INSERT INTO compact_a SELECT 'page ' || i, i FROM generate_series(1, 4) i;
SET plasma.pull_limit = 2;
SELECT pull('new');
SELECT told(plasma.compact_change_log());
SELECT pull('new');
SELECT pull('new');
SELECT pull('new');
SELECT pull('new');
RESET plasma.pull_limit;

\echo -- ids that are too long for an index on them
CREATE FUNCTION long_id(n int) RETURNS text LANGUAGE sql AS $$
	SELECT left(string_agg(translate(encode(sha256((n || '-' || i)::bytea), 'base64'), '=', ''), ''), 2690) FROM generate_series(1, 70) i $$;
SELECT told(plasma.compact_change_log()) \g /dev/null
INSERT INTO compact_a VALUES (long_id(1), 1), (long_id(2), 1);
SELECT told(plasma.compact_change_log());
DELETE FROM compact_a WHERE id = long_id(2);
UPDATE compact_a SET n = 2 WHERE id = long_id(1);
SELECT told(plasma.compact_change_log());
SELECT left(row_id, 10), length(row_id), op, n FROM log WHERE length(row_id) > 1000;
SELECT length(row_id), forget_at IS NULL AS "there" FROM plasma.compacted_rows WHERE length(row_id) > 1000 ORDER BY 2;
DELETE FROM compact_a WHERE id = long_id(1);
\echo -- a retention for ever, and longer than there are times
SELECT plasma.set_retention('compact_b', '1000000 years');
UPDATE compact_b SET n = 6;
SELECT told(plasma.compact_change_log());
SELECT * FROM log WHERE table_name = 'compact_b';
SELECT plasma.set_retention('compact_b', NULL);
SELECT told(plasma.compact_change_log());

\echo -- idle clients: not unless a setting says so, not before the retention
CREATE FUNCTION add(id text) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.compact_a VALUES (id, 0) $$;
SELECT plasma.register_mutator('add', 'add(text)') \g /dev/null
CREATE FUNCTION push(grp text, client text, number int, name text DEFAULT 'add') RETURNS text LANGUAGE sql AS $$
	SELECT plasma.push(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'compact', 'clientGroupID', grp, 'clientID', client,
		'mutations', jsonb_build_array(jsonb_build_object('id', number, 'name', name, 'args', jsonb_build_object('id', grp || client || number)))))->>'results' $$;
SELECT push(g, c, 1) FROM (VALUES ('idle', 'a'), ('idle', 'b'), ('pushes', 'a'), ('pushes', 'b'), ('pulls', 'a')) x (g, c);
SELECT push('idle', 'a', 2, 'none');
SELECT status FROM plasma.http('GET', '/pull?protocolVersion=1&schemaVersion=compact&clientGroupID=pulls&clientID=a', NULL);
SELECT status FROM plasma.http('GET', '/pull?protocolVersion=1&schemaVersion=compact&clientGroupID=idle&clientID=a', NULL);
SELECT status FROM plasma.http('GET', '/pull?protocolVersion=1&schemaVersion=compact&clientGroupID=nobody&clientID=a', NULL);
SELECT status FROM plasma.http('GET', '/pull?protocolVersion=1&schemaVersion=compact&clientGroupID=somebody&clientID=a', NULL);
UPDATE plasma.client_groups SET created_at = created_at - interval '10 days';
UPDATE plasma.client_mutations SET updated_at = updated_at - interval '10 days' WHERE (client_group_id, client_id) <> ('pushes', 'b');
UPDATE plasma.readers SET last_seen = last_seen - interval '10 days' WHERE client_group_id IN ('nobody', 'idle');
SET plasma.retention = '11d';
SET plasma.client_expiry = '9d';
SELECT told(plasma.compact_change_log()) - '{scanned,removed,kept}'::text[];
SET plasma.retention = '8d';
SET plasma.client_expiry = 0;
SELECT told(plasma.compact_change_log()) - '{scanned,removed,kept}'::text[];
SET plasma.client_expiry = '9d';
SELECT told(plasma.compact_change_log()) - '{scanned,removed,kept}'::text[];
SELECT client_group_id, client_id, last_mutation_id FROM plasma.client_mutations ORDER BY 1, 2;
SELECT client_group_id FROM plasma.readers ORDER BY 1;
SELECT count(*) FROM plasma.mutation_failures;
\echo -- a client that is gone is told so; one that knows nothing of it is not new to anybody else
SELECT push('idle', 'a', 3);
SELECT push('pushes', 'new', 2);
SELECT push('pushes', 'b', 3);
SELECT push('pushes', 'b', 2);
SELECT plasma.push('{"protocolVersion": 1, "schemaVersion": "compact", "clientGroupID": "pushes", "clientID": "c", "mutations": [
	{"id": 3, "name": "add", "args": {"id": "c3"}}, {"id": 1, "name": "add", "args": {"id": "c1"}},
	{"id": 5, "clientID": "gone", "name": "add", "args": {"id": "c3"}}, {"id": 6, "clientID": "gone", "name": "add", "args": {"id": "c3"}}]}')->'results';
SELECT count(*) FROM plasma.client_mutations WHERE client_id IN ('new', 'c', 'gone');

\echo -- a table that leaves has no history any more; its rows are forgotten
SET plasma.retention = 0;
UPDATE compact_b SET n = 7;
SELECT plasma.ensure_schema('{"version": "compact 2", "tables": {
	"compact_a": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"compact_bare": {"history": false, "columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}')->'changed';
CALL plasma.compact(1, NULL, NULL) \g /dev/null
SELECT * FROM log;
SELECT table_name, row_id FROM plasma.compacted_rows ORDER BY 1, 2;

\echo -- refusals
BEGIN READ ONLY;
SELECT plasma.compact_change_log();
ROLLBACK;
BEGIN;
CALL plasma.compact();
ROLLBACK;
CALL plasma.compact(0);
SELECT plasma.compact_step(10, '{}');
CALL plasma.compact(NULL);
SELECT plasma.compact_step(10, NULL);
SELECT plasma.set_retention('jar', '1 day');
SELECT plasma.set_retention(1, '1 day');
SELECT plasma.set_retention('compact_a', '-1 day');
SELECT plasma.set_retention(NULL, '1 day');
BEGIN;
DELETE FROM plasma.compactions;
SAVEPOINT lost;
SELECT plasma.compact_change_log();
ROLLBACK TO lost;
SELECT plasma.snapshot_as_of((SELECT cookie FROM jar WHERE client = 'new'));
ROLLBACK;
CREATE ROLE regress_compact;
SELECT plasma.grant_access('regress_compact', 'sync');
SET ROLE regress_compact;
SELECT plasma.compact_change_log();
CALL plasma.compact();
RESET ROLE;
SELECT plasma.grant_access('regress_compact', 'admin');
SET ROLE regress_compact;
SELECT plasma.compact_change_log() ? 'floor';
CALL plasma.compact() \g /dev/null
RESET ROLE;
SELECT plasma.revoke_access('regress_compact');
DROP ROLE regress_compact;

\echo -- tables that are kept for equally long are compacted in one pass
CREATE FUNCTION steps() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	report jsonb := plasma.compact_begin(NULL);
BEGIN
	FOR step IN 1..100 LOOP
		report := plasma.compact_step(5, report);
		IF (report->>'finished')::boolean THEN
			RETURN step;
		END IF;
	END LOOP;
END $$;
SET plasma.retention = 0;
SELECT plasma.ensure_schema('{"version": "compact 3", "tables": {
	"compact_a": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"compact_b": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"compact_bare": {"history": false, "columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}}}}')->'changed';
SELECT plasma.compact_change_log() \g /dev/null
SELECT plasma.set_retention('compact_a', '1 day');
CREATE VIEW pieces AS SELECT CASE WHEN i % 2 = 0 THEN 'compact_a' ELSE 'compact_b' END AS name, 'piece ' || i % 10 AS id FROM generate_series(1, 40) i;
INSERT INTO plasma.changes (table_name, row_id, op, created_at) SELECT name, id, 'put', 1 FROM pieces;
SELECT steps();
SELECT plasma.set_retention('compact_b', '1 day');
INSERT INTO plasma.changes (table_name, row_id, op, created_at) SELECT name, id, 'put', 1 FROM pieces;
SELECT steps();
SELECT table_name, count(*) FROM log WHERE row_id LIKE 'piece%' GROUP BY 1 ORDER BY 1;

\echo -- one row first and many later, from a plan that was made when few were known
DELETE FROM plasma.compacted_rows;
DELETE FROM plasma.changes;
VACUUM plasma.compacted_rows;
INSERT INTO plasma.changes (table_name, row_id, op, created_at) SELECT 'compact_a', CASE WHEN i < 10000 THEN 'hot' ELSE 'row ' || i END, 'put', 1 FROM generate_series(1, 50000) i;
SET plasma.retention = 0;
SET statement_timeout = '40s';
SELECT told(plasma.compact_change_log());

RESET ALL;
SET client_min_messages = warning;
SELECT plasma.drop_mutator('add');
DROP EXTENSION plasma CASCADE;
DROP TABLE compact_a, compact_b, compact_bare, jar;
DROP VIEW pieces;
DROP FUNCTION told, pull, push, add, long_id, steps;

-- Capture: what a write leaves in the change log.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- The entries since the last look.
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', table_name, op, row_id, value) FROM gone ORDER BY row_version
$$;
CREATE FUNCTION pg_temp.ensure(tables text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema(('{"version":"capture","tables":{' || tables || '}}')::json)
$$;
DELETE FROM plasma.changes;

SELECT pg_temp.ensure($$
	"lists": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text"}}},
	"todos": {"columns": {
		"id": {"kind":"id"}, "title": {"kind":"text"},
		"list": {"kind":"ref", "references":"lists", "onDelete":"cascade", "nullable":true},
		"big": {"kind":"bigint", "nullable":true}, "n": {"kind":"int", "nullable":true}}},
	"links": {"columns": {
		"id": {"kind":"id"},
		"a": {"kind":"ref", "references":"lists", "onDelete":"setNull", "nullable":true},
		"b": {"kind":"ref", "references":"lists", "onDelete":"setNull", "nullable":true}}},
	"images": {"columns": {"id": {"kind":"id"}, "amount": {"kind":"sql", "type":"numeric"}, "word": {"kind":"text", "nullable":true}}},
	"quiet": {"history": false, "columns": {"id": {"kind":"id"}, "title": {"kind":"text"}}}$$);

-- INSERT, UPDATE and DELETE of one and of many rows.
INSERT INTO lists VALUES ('l1', 'One'), ('l2', 'Two');
INSERT INTO todos VALUES ('t1', 'First', 'l1', 9007199254740993, 1);
SELECT pg_temp.entries();
UPDATE todos SET title = 'First!', n = NULL WHERE id = 't1';
INSERT INTO todos SELECT 't' || i, 'Title ' || i, 'l2' FROM generate_series(2, 4) AS i;
SELECT pg_temp.entries();
DELETE FROM todos WHERE id IN ('t3', 't4');
SELECT pg_temp.entries();

-- What changes nothing leaves nothing.
UPDATE todos SET title = title;
UPDATE todos SET title = 'x' WHERE false;
DELETE FROM todos WHERE false;
INSERT INTO todos SELECT 'no', 'no' WHERE false;
SELECT count(*) FROM pg_temp.entries();

-- One entry each for the rows that do change.
UPDATE todos SET title = CASE id WHEN 't1' THEN 'changed' ELSE title END;
SELECT pg_temp.entries();

-- Equal by their type, other in their image: a change.
INSERT INTO images VALUES ('e', 1.0, NULL);
UPDATE images SET amount = 1.00;
UPDATE images SET amount = 1.00, word = NULL;
UPDATE images SET word = '';
SELECT pg_temp.entries();

-- Keys that change, and that swap.
UPDATE todos SET id = 't9' WHERE id = 't2';
SELECT pg_temp.entries();
ALTER TABLE lists DROP CONSTRAINT lists_pkey CASCADE;
ALTER TABLE lists ADD PRIMARY KEY (id) DEFERRABLE;
UPDATE lists SET id = CASE id WHEN 'l1' THEN 'l2' ELSE 'l1' END;
SELECT pg_temp.entries() ORDER BY 1;
ALTER TABLE lists DROP CONSTRAINT lists_pkey;
ALTER TABLE lists ADD PRIMARY KEY (id);
ALTER TABLE todos ADD FOREIGN KEY (list) REFERENCES lists ON DELETE CASCADE;
ALTER TABLE links ADD FOREIGN KEY (a) REFERENCES lists ON DELETE SET NULL;
ALTER TABLE links ADD FOREIGN KEY (b) REFERENCES lists ON DELETE SET NULL;

-- COPY, upserts and MERGE.
COPY todos (id, title) FROM stdin;
c1	copied
c2	copied
\.
INSERT INTO todos (id, title) VALUES ('c1', 'upserted'), ('c3', 'new')
	ON CONFLICT (id) DO UPDATE SET title = excluded.title;
INSERT INTO todos (id, title) VALUES ('c1', 'ignored') ON CONFLICT DO NOTHING;
SELECT pg_temp.entries();
MERGE INTO todos AS t USING (VALUES ('c1', 'merged'), ('c2', NULL), ('c4', 'merged')) AS s (id, title) ON t.id = s.id
	WHEN MATCHED AND s.title IS NULL THEN DELETE
	WHEN MATCHED THEN UPDATE SET title = s.title
	WHEN NOT MATCHED THEN INSERT (id, title) VALUES (s.id, s.title);
SELECT pg_temp.entries() ORDER BY 1;

-- Several writes in one statement, of several tables and of one.
WITH gone AS (DELETE FROM todos WHERE id LIKE 'c%' RETURNING id),
	named AS (UPDATE lists SET name = 'Uno' WHERE id = 'l1' RETURNING id),
	made AS (INSERT INTO quiet SELECT id, 'from ' || id FROM gone RETURNING id)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM named), (SELECT count(*) FROM made);
SELECT pg_temp.entries() ORDER BY 1;
WITH one AS (INSERT INTO lists VALUES ('w1', 'w') RETURNING id), two AS (INSERT INTO lists VALUES ('w2', 'w') RETURNING id)
INSERT INTO lists SELECT id || '+', 'w' FROM one;
SELECT pg_temp.entries() ORDER BY 1;
DELETE FROM lists WHERE name = 'w';
TRUNCATE quiet;
SELECT count(*) FROM pg_temp.entries();

-- By way of a view, a rule, and a prepared statement.
CREATE VIEW named AS SELECT id, name FROM lists WHERE name <> 'hidden' WITH CHECK OPTION;
INSERT INTO named VALUES ('v1', 'viewed'), ('v2', 'viewed');
UPDATE named SET name = 'again' WHERE id = 'v1';
DELETE FROM named WHERE id = 'v2';
CREATE RULE also AS ON DELETE TO named DO ALSO INSERT INTO quiet VALUES (OLD.id, 'rule');
DELETE FROM named WHERE id = 'v1';
PREPARE add AS INSERT INTO lists VALUES ($1, $2);
EXECUTE add('x1', 'prepared');
EXECUTE add('x2', 'prepared');
SELECT pg_temp.entries();
DROP VIEW named;
DEALLOCATE add;
DELETE FROM lists WHERE name = 'prepared';
TRUNCATE quiet;
DELETE FROM plasma.changes;

-- Foreign keys: cascades, and a row of which two references go.
INSERT INTO links VALUES ('k1', 'l1', 'l2'), ('k2', 'l2', NULL);
INSERT INTO todos (id, title, list) VALUES ('f1', 'f', 'l1');
DELETE FROM plasma.changes;
DELETE FROM lists;
SELECT pg_temp.entries() ORDER BY 1;

-- TRUNCATE, also by way of a foreign key; nothing is read row by row.
INSERT INTO lists VALUES ('l1', 'One');
DELETE FROM plasma.changes;
TRUNCATE lists CASCADE;
SELECT pg_temp.entries() ORDER BY 1;

-- Without history the log keeps keys.
INSERT INTO quiet VALUES ('q', 'secret');
UPDATE quiet SET title = 'more';
UPDATE quiet SET title = 'more';
SELECT op, row_id, value IS NULL FROM plasma.changes ORDER BY row_version;
DELETE FROM plasma.changes;

-- Savepoints.
BEGIN;
INSERT INTO lists VALUES ('s1', 'kept');
SAVEPOINT a;
INSERT INTO lists VALUES ('s2', 'lost');
UPDATE lists SET name = 'lost' WHERE id = 's1';
ROLLBACK TO a;
UPDATE lists SET name = 'kept too' WHERE id = 's1';
COMMIT;
SELECT pg_temp.entries();

-- The other columns of an entry.
INSERT INTO lists VALUES ('o', 'origin');
SELECT xid = (SELECT xmin::text::xid8 FROM lists WHERE id = 'o'), abs(created_at - extract(epoch FROM now()) * 1000) < 60000,
	row_version = currval('plasma.changes_row_version_seq'), num_nulls(client_group_id, client_id, mutation_id)
FROM plasma.changes;
BEGIN; SAVEPOINT a; INSERT INTO lists VALUES ('p', 'sub'); SELECT xid = pg_current_xact_id() FROM plasma.changes WHERE row_id = 'p'; COMMIT;
DELETE FROM plasma.changes;

-- Many rows: more than one batch, wide values, in order.
INSERT INTO todos (id, title) SELECT lpad(i::text, 6, '0'), repeat('wide ', (i % 40) * 20) FROM generate_series(1, 5000) AS i;
SELECT count(*), count(*) FILTER (WHERE value->>'title' = (SELECT title FROM todos WHERE id = row_id)),
	bool_and(row_id::int = row_version - (SELECT min(row_version) FROM plasma.changes) + 1) FROM plasma.changes;
DELETE FROM plasma.changes;
UPDATE todos SET n = 1 WHERE id::int % 2 = 0;
SELECT count(*), count(DISTINCT row_id), min(value->>'n') FROM plasma.changes;
DELETE FROM plasma.changes;
DELETE FROM todos;
SELECT count(*), count(DISTINCT row_id), min(op) FROM plasma.changes;
SET enable_indexscan = off; SET enable_bitmapscan = off;
SELECT count(*) AS by_heap FROM plasma.changes \gset
RESET enable_indexscan; RESET enable_bitmapscan;
SET enable_seqscan = off;
SELECT count(*) = :by_heap AS index_agrees FROM plasma.changes WHERE xid >= '0';
RESET enable_seqscan;

DROP TABLE todos, links, lists, images, quiet;
DROP EXTENSION plasma CASCADE;

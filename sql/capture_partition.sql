-- Capture: partitioned tables, and inheritance, which is refused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', table_name, op, row_id, value) FROM gone ORDER BY row_version
$$;
CREATE FUNCTION pg_temp.ensure() RETURNS jsonb LANGUAGE sql AS $$
	SELECT plasma.ensure_schema('{"version":"parts","tables":{"events":{"key":["day","id"],"columns":{
		"id":{"kind":"int"}, "day":{"kind":"sql","type":"date"}, "note":{"kind":"text","nullable":true}}}}}')
$$;
DELETE FROM plasma.changes;

-- Leaves of other shapes than the table, and a partition that has partitions.
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, note text, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE e2 (junk int, note text, id bigint NOT NULL, day date NOT NULL);
ALTER TABLE e2 DROP junk;
ALTER TABLE events ATTACH PARTITION e2 FOR VALUES FROM ('2024-02-01') TO ('2024-03-01');
CREATE TABLE e3 PARTITION OF events FOR VALUES FROM ('2024-03-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE e3a PARTITION OF e3 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE e3b PARTITION OF e3 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
SELECT pg_temp.ensure()->'adopted';
SELECT pg_temp.ensure()->'changed';

-- Through the table, through a partition, straight into a leaf: once each.
INSERT INTO events VALUES (1, '2024-01-05', 'one'), (2, '2024-02-05', 'two'), (3, '2024-03-05', 'three');
SELECT pg_temp.entries() ORDER BY 1;
INSERT INTO e2 (id, day) VALUES (4, '2024-02-06');
INSERT INTO e3 VALUES (5, '2024-03-06', 'five');
UPDATE e2 SET note = 'four' WHERE id = 4;
UPDATE events SET note = upper(note) WHERE id IN (2, 5);
UPDATE e2 SET note = note;
DELETE FROM e1;
DELETE FROM events WHERE id = 5;
SELECT pg_temp.entries();

-- COPY, upserts and MERGE, which route rows by themselves.
COPY events FROM stdin;
100	2024-01-08	copied
101	2024-02-08	copied
102	2024-03-08	copied
\.
COPY e2 (id, day) FROM stdin;
103	2024-02-09
\.
SELECT pg_temp.entries() ORDER BY 1;
INSERT INTO events VALUES (100, '2024-01-08', 'upserted'), (101, '2024-02-08', 'copied'), (104, '2024-02-10', 'new')
	ON CONFLICT (day, id) DO UPDATE SET note = excluded.note;
INSERT INTO e2 (id, day, note) VALUES (103, '2024-02-09', 'upserted') ON CONFLICT (day, id) DO UPDATE SET note = excluded.note;
SELECT pg_temp.entries() ORDER BY 1;
MERGE INTO events AS e USING (VALUES (100, '2024-01-08'::date), (101, '2024-02-08'), (102, '2024-03-08'), (105, '2024-03-09')) AS s (id, day)
	ON e.id = s.id AND e.day = s.day
	WHEN MATCHED AND s.id = 100 THEN UPDATE SET note = 'merged', day = '2024-02-11'
	WHEN MATCHED AND s.id = 101 THEN UPDATE SET note = 'merged'
	WHEN MATCHED THEN DELETE
	WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.day, 'merged');
SELECT pg_temp.entries() ORDER BY 1;
DELETE FROM events WHERE id >= 100;
SELECT pg_temp.entries() ORDER BY 1;

-- A row that moves to another partition keeps no old entry.
UPDATE events SET note = 'stays', day = '2024-02-07' WHERE id = 4;
UPDATE events SET day = '2024-01-07' WHERE id = 4;
SELECT id, day, note, tableoid::regclass FROM events ORDER BY id;
SELECT pg_temp.entries();

-- Triggers of a leaf that rewrite rows which the table's statement wrote.
CREATE FUNCTION pg_temp.rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE events SET note = note || '!', day = '2024-01-20' WHERE id = NEW.id;
	RETURN NULL;
END $$;
CREATE TRIGGER rewrite AFTER INSERT ON e2 FOR EACH ROW EXECUTE FUNCTION pg_temp.rewrite();
INSERT INTO events VALUES (10, '2024-02-10', 'ten'), (11, '2024-03-10', 'eleven');
INSERT INTO e2 (id, day, note) VALUES (12, '2024-02-10', 'twelve');
SELECT pg_temp.entries();
DROP TRIGGER rewrite ON e2;

-- Several statements in a transaction, which make capture look at the live rows.
BEGIN;
INSERT INTO events VALUES (13, '2024-02-13', 'thirteen'), (14, '2024-03-14', 'fourteen');
UPDATE events SET note = upper(note) WHERE id IN (13, 14);
UPDATE e2 SET note = note || '!' WHERE id = 13;
DELETE FROM events WHERE id IN (13, 14);
COMMIT;
SELECT pg_temp.entries();

-- TRUNCATE of the table is one clear, of a partition the end of its rows.
SELECT id, tableoid::regclass FROM events ORDER BY id;
TRUNCATE e3;
TRUNCATE e1, e2;
SELECT pg_temp.entries() ORDER BY 1;
INSERT INTO events SELECT i, '2024-01-01', 'n' FROM generate_series(1, 1500) AS i;
DELETE FROM plasma.changes;
BEGIN;
SAVEPOINT a;
CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER _z_fail BEFORE TRUNCATE ON e3b FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.fail();
SAVEPOINT b;
TRUNCATE events;
ROLLBACK TO b;
TRUNCATE e1;
SELECT op, count(*), count(DISTINCT row_id) FROM plasma.changes GROUP BY 1;
ROLLBACK;
TRUNCATE events;
SELECT pg_temp.entries();

-- A new partition, an attached one and a disabled trigger are noticed.
CREATE TABLE e4 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT pg_temp.ensure()->'changed', pg_temp.ensure()->'changed';
INSERT INTO e4 VALUES (20, '2025-05-05', 'new leaf');
ALTER TABLE e2 DISABLE TRIGGER _plasma_trg_events_insert_row;
INSERT INTO e2 (id, day) VALUES (21, '2024-02-21');
SELECT pg_temp.ensure()->'changed', pg_temp.ensure()->'changed';
ALTER TABLE events DISABLE TRIGGER USER;
SELECT pg_temp.ensure()->'changed', pg_temp.ensure()->'changed';
SELECT pg_temp.entries();

-- A detached one logs nothing, and is written all the same.
ALTER TABLE events DETACH PARTITION e4;
INSERT INTO e4 VALUES (22, '2025-05-06', 'on its own');
UPDATE e4 SET note = 'on its own';
TRUNCATE e4;
SELECT pg_temp.entries();
DROP TABLE e4;

-- As logical replication applies it: row triggers, on whatever is written.
SET session_replication_role = replica;
INSERT INTO events VALUES (30, '2024-01-30', 'thirty');
INSERT INTO e2 (id, day) VALUES (31, '2024-02-21');
UPDATE events SET note = note || '!', day = '2024-02-22' WHERE id = 30;
UPDATE e2 SET note = note;
DELETE FROM e2 WHERE id = 31;
TRUNCATE e2;
TRUNCATE events;
RESET session_replication_role;
SELECT pg_temp.entries();
DROP TABLE events;

-- Inheritance.
DELETE FROM plasma.tables;
CREATE TABLE parent (id text PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
SELECT plasma.ensure_schema('{"version":"inherit","tables":{"parent":{"columns":{"id":{"kind":"id"}}}}}');
DROP TABLE child;
SELECT plasma.ensure_schema('{"version":"inherit","tables":{"parent":{"columns":{"id":{"kind":"id"}}}}}')->'adopted';
CREATE TABLE child () INHERITS (parent);
SELECT plasma.ensure_schema('{"version":"inherit","tables":{"parent":{"columns":{"id":{"kind":"id"}}}}}');
DROP TABLE parent CASCADE;

DROP EXTENSION plasma CASCADE;

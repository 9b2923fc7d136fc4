-- Capture: entries tell no older state than those before them, whatever writes
-- the same rows while a statement is at work.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', op, row_id, value->>'v') FROM gone ORDER BY row_version
$$;
DELETE FROM plasma.changes;

CREATE TABLE t (id text PRIMARY KEY, v int, parent text);
SELECT plasma.ensure_schema('{"version":"capture","tables":{"t":{"columns":{
	"id":{"kind":"id"}, "v":{"kind":"sql","type":"int4","nullable":true}, "parent":{"kind":"text","nullable":true}}}}}');

-- An AFTER ROW trigger that rewrites the row.
CREATE FUNCTION pg_temp.rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE t SET v = NEW.v + 100 WHERE id = NEW.id AND NEW.v < 100;
	RETURN NULL;
END $$;
CREATE TRIGGER rewrite AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.rewrite();
INSERT INTO t VALUES ('a', 1), ('b', 200), ('c', 3);
SELECT pg_temp.entries();
UPDATE t SET v = v - 100;
SELECT pg_temp.entries();
BEGIN;
INSERT INTO t VALUES ('d', 300);
UPDATE t SET v = 301 WHERE id = 'd';
UPDATE t SET v = 5 WHERE id = 'd';
COMMIT;
SELECT pg_temp.entries();
DROP TRIGGER rewrite ON t;

-- One that deletes it, and one that brings it back.
CREATE FUNCTION pg_temp.remove() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM t WHERE id = NEW.id AND NEW.v < 0;
	RETURN NULL;
END $$;
CREATE TRIGGER remove AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.remove();
INSERT INTO t VALUES ('e', -1), ('f', 1);
UPDATE t SET v = -1 WHERE id = 'f';
SELECT pg_temp.entries();
DROP TRIGGER remove ON t;
CREATE FUNCTION pg_temp.revive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO t VALUES (OLD.id, 0);
	RETURN NULL;
END $$;
CREATE TRIGGER revive AFTER DELETE ON t FOR EACH ROW WHEN (OLD.id = 'a') EXECUTE FUNCTION pg_temp.revive();
DELETE FROM t WHERE id IN ('a', 'b');
SELECT pg_temp.entries();
DROP TRIGGER revive ON t;

-- One that changes the key further, and one that undoes the change.
CREATE FUNCTION pg_temp.rekey() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE t SET id = 'z' WHERE id = 'y';
	UPDATE t SET v = 0 WHERE id = 'a';
	RETURN NULL;
END $$;
CREATE TRIGGER rekey AFTER UPDATE ON t FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION pg_temp.rekey();
UPDATE t SET id = 'y' WHERE id = 'c';
SELECT pg_temp.entries();
UPDATE t SET v = 1 WHERE id = 'a';
SELECT pg_temp.entries();
DROP TRIGGER rekey ON t;

-- A statement trigger that comes before capture's, and a BEFORE trigger.
CREATE FUNCTION pg_temp.double() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE t SET v = v * 2;
	RETURN NULL;
END $$;
CREATE TRIGGER "0double" AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.double();
INSERT INTO t VALUES ('g', 7);
SELECT pg_temp.entries();
DROP TRIGGER "0double" ON t;
TRUNCATE t;
INSERT INTO t VALUES ('a', 1), ('b', 2);
DELETE FROM plasma.changes;
CREATE FUNCTION pg_temp.other() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 'b' THEN
		UPDATE t SET v = 50 WHERE id = 'a';
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER other BEFORE UPDATE ON t FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION pg_temp.other();
UPDATE t SET v = v + 10;
SELECT id, v FROM t ORDER BY id;
SELECT pg_temp.entries();
DROP TRIGGER other ON t;

-- A function in the statement itself.
CREATE FUNCTION pg_temp.meddle(k text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	UPDATE t SET v = 70 WHERE id = 'a' AND k = 'b';
	RETURN 60;
END $$;
UPDATE t SET v = pg_temp.meddle(id);
SELECT id, v FROM t ORDER BY id;
SELECT pg_temp.entries();

-- MERGE and CTEs: a key that goes and one that comes in one statement.
TRUNCATE t;
INSERT INTO t VALUES ('a', 1), ('b', 2);
DELETE FROM plasma.changes;
MERGE INTO t USING (VALUES (1, 'x'), (9, 'a')) AS s (v, id) ON t.v = s.v
	WHEN MATCHED THEN DELETE
	WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v);
SELECT pg_temp.entries();
MERGE INTO t USING (VALUES (9, 'c'), (8, 'a')) AS s (v, id) ON t.v = s.v
	WHEN MATCHED THEN UPDATE SET id = s.id
	WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v);
SELECT id, v FROM t ORDER BY id;
SELECT pg_temp.entries();
WITH gone AS (DELETE FROM t WHERE id = 'a' RETURNING v) INSERT INTO t SELECT 'a', v + 1 FROM gone;
SELECT pg_temp.entries();

-- A table that refers to itself.
TRUNCATE t;
ALTER TABLE t ADD CONSTRAINT tree FOREIGN KEY (parent) REFERENCES t ON DELETE SET NULL ON UPDATE CASCADE;
INSERT INTO t VALUES ('a', 1, NULL), ('b', 2, 'a'), ('c', 3, 'b');
DELETE FROM plasma.changes;
UPDATE t SET id = id || '!';
SELECT id, v, parent FROM t ORDER BY id;
SELECT op, row_id, value->>'parent' FROM plasma.changes ORDER BY op, row_id;
DELETE FROM plasma.changes;
UPDATE t SET id = 'A', v = 10 WHERE id = 'a!';
SELECT op, row_id, value->>'v', value->>'parent' FROM plasma.changes ORDER BY op, row_id;
DELETE FROM plasma.changes;
DELETE FROM t WHERE id IN ('A', 'c!');
SELECT op, row_id, value->>'parent' FROM plasma.changes ORDER BY op, row_id;
DELETE FROM plasma.changes;
ALTER TABLE t DROP CONSTRAINT tree;
ALTER TABLE t ADD CONSTRAINT tree FOREIGN KEY (parent) REFERENCES t ON DELETE CASCADE;
INSERT INTO t VALUES ('x', 1, 'b!'), ('y', 2, 'x');
DELETE FROM plasma.changes;
DELETE FROM t WHERE id = 'b!';
SELECT op, row_id FROM plasma.changes ORDER BY op, row_id;

-- Rows are read again through an index that is full of dead entries.
TRUNCATE t;
INSERT INTO t SELECT 'k' || i, i FROM generate_series(1, 100) i;
BEGIN; DELETE FROM t; INSERT INTO t SELECT 'k' || i, i + 1 FROM generate_series(1, 100) i; COMMIT;
BEGIN; DELETE FROM t; INSERT INTO t SELECT 'k' || i, i + 2 FROM generate_series(1, 100) i; COMMIT;
DELETE FROM plasma.changes;
BEGIN;
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
INSERT INTO t VALUES ('x', 1);
DELETE FROM t WHERE id <> 'x';
COMMIT;
SELECT op, count(*) FROM plasma.changes GROUP BY 1 ORDER BY 1;

-- In all of this, the last entry of each key is the row as it is.
TRUNCATE t;
DELETE FROM plasma.changes;
CREATE TRIGGER rewrite AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.rewrite();
CREATE TRIGGER remove AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.remove();
SELECT setseed(0.5);
DO $$
BEGIN
	FOR i IN 1..300 LOOP
		CASE floor(random() * 4)
			WHEN 0 THEN INSERT INTO t SELECT 'k' || floor(random() * 20), random() * 300 - 50 ON CONFLICT (id) DO UPDATE SET v = excluded.v;
			WHEN 1 THEN UPDATE t SET v = v - floor(random() * 60) WHERE random() < 0.3;
			WHEN 2 THEN DELETE FROM t WHERE random() < 0.1;
			ELSE UPDATE t SET id = id || '+' WHERE id = 'k' || floor(random() * 20) AND NOT EXISTS (SELECT FROM t AS o WHERE o.id = t.id || '+');
		END CASE;
	END LOOP;
END $$;
SELECT count(*) > 100 FROM plasma.changes;
SELECT id, v, op, logged FROM (SELECT DISTINCT ON (row_id) row_id, op, (value->>'v')::int AS logged FROM plasma.changes ORDER BY row_id, row_version DESC) AS last
	FULL JOIN t ON id = row_id WHERE (op = 'put') IS DISTINCT FROM (id IS NOT NULL) OR op = 'put' AND v IS DISTINCT FROM logged;

DROP TABLE t;
DROP EXTENSION plasma CASCADE;

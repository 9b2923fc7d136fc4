-- Capture of tables with a scope: each entry says which slice its row is in and
-- which one it came from, so that whoever saw the row before, or sees it now, has
-- an entry of a slice of his.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.entries() RETURNS SETOF text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM plasma.changes RETURNING *)
	SELECT concat_ws(' ', op, row_id, 'in ' || scope, 'from ' || old_scope, CASE WHEN inserted THEN 'new' END) FROM gone ORDER BY row_version
$$;
DELETE FROM plasma.changes;
CREATE TABLE teams (id text PRIMARY KEY);
CREATE TABLE t (id text PRIMARY KEY, v bigint, team text CONSTRAINT team REFERENCES teams ON UPDATE CASCADE ON DELETE SET NULL);
CREATE TABLE p (id text, day date, org int, room uuid, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('2026-01-01');
CREATE TABLE p2 PARTITION OF p FOR VALUES IN ('2026-01-02');
CREATE TABLE tree (id text PRIMARY KEY, v bigint, parent text CONSTRAINT parent REFERENCES tree ON UPDATE CASCADE ON DELETE SET NULL);
SELECT plasma.ensure_schema('{"version": "capture_scope",
	"scopes": {
		"team": "SELECT ''a''::text AS team",
		"room": "SELECT 1 AS org, ''00000000-0000-0000-0000-000000000001''::uuid AS room",
		"parent": "SELECT ''a''::text AS parent"},
	"tables": {
		"t": {"columns": {"id": {"kind": "id"}, "v": {"kind": "int", "nullable": true}, "team": {"kind": "text", "nullable": true}}, "scope": "team"},
		"p": {"columns": {"id": {"kind": "text"}, "day": {"kind": "sql", "type": "date"}, "org": {"kind": "sql", "type": "int4", "nullable": true}, "room": {"kind": "sql", "type": "uuid", "nullable": true}},
			"key": ["id", "day"], "scope": {"room": ["org", "room"]}},
		"tree": {"columns": {"id": {"kind": "id"}, "v": {"kind": "int", "nullable": true}, "parent": {"kind": "text", "nullable": true}}, "scope": "parent", "history": false}}}') -> 'changed';
INSERT INTO teams VALUES ('x'), ('y'), ('z'), (repeat('l', 200)), (repeat('l', 201)), (repeat('h', 64));

-- Where a row is, where it came from, whether it is new.
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, NULL);
SELECT pg_temp.entries();
UPDATE t SET v = 2;
SELECT pg_temp.entries();
UPDATE t SET team = 'y';
UPDATE t SET team = NULL WHERE id = 'a';
SELECT pg_temp.entries();
UPDATE t SET id = 'c', team = 'z' WHERE id = 'b';
SELECT pg_temp.entries();
UPDATE t SET id = CASE id WHEN 'a' THEN 'b' ELSE 'a' END;
SELECT pg_temp.entries();
INSERT INTO t VALUES ('a', 3, 'x'), ('d', 3, 'x') ON CONFLICT (id) DO UPDATE SET team = excluded.team;
SELECT pg_temp.entries();
DELETE FROM t;
SELECT pg_temp.entries();
-- What is long is told by its hash, and so is what could be one.
INSERT INTO t VALUES ('a', 1, repeat('l', 200)), ('b', 1, repeat('l', 201)), ('c', 1, repeat('h', 64));
SELECT length(scope), scope = 'team:' || CASE length(v.team) WHEN 200 THEN v.team ELSE encode(sha256(convert_to(v.team, 'UTF8')), 'hex') END
FROM plasma.changes JOIN t AS v ON id = row_id ORDER BY row_version;
TRUNCATE t;
DELETE FROM plasma.changes WHERE row_id IS NOT NULL;
SELECT pg_temp.entries();

-- Several columns, in partitions; whatever the session's settings are.
SET datestyle = 'German';
INSERT INTO p VALUES ('a', '2026-01-01', 1, '00000000-0000-0000-0000-00000000000A'), ('b', '2026-01-02', 2, NULL);
RESET datestyle;
SELECT pg_temp.entries();
UPDATE p SET day = '2026-01-02' WHERE id = 'a';
SELECT pg_temp.entries();
UPDATE p2 SET org = 3, room = '00000000-0000-0000-0000-000000000003';
SELECT pg_temp.entries();
TRUNCATE p2;
SELECT pg_temp.entries();
TRUNCATE p;
SELECT pg_temp.entries();

-- Foreign keys that move rows, once and twice in one statement.
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, 'y');
DELETE FROM plasma.changes;
UPDATE teams SET id = 'xx' WHERE id = 'x';
SELECT pg_temp.entries();
DELETE FROM teams WHERE id IN ('xx', 'y');
SELECT pg_temp.entries() ORDER BY 1;
INSERT INTO tree VALUES ('a', 1, NULL), ('b', 1, 'a');
DELETE FROM plasma.changes;
UPDATE tree SET parent = 'b', id = id || '!' WHERE id = 'a';
SELECT id, parent FROM tree ORDER BY id;
SELECT pg_temp.entries() ORDER BY 1;
UPDATE tree SET id = id || '?';
SELECT id, parent FROM tree ORDER BY id;
SELECT pg_temp.entries() ORDER BY 1;
TRUNCATE tree;
INSERT INTO tree VALUES ('a', 1, NULL), ('x', 1, NULL), ('b', 1, 'x');
DELETE FROM plasma.changes;
UPDATE tree SET id = CASE id WHEN 'a' THEN 'A' ELSE id END, parent = CASE id WHEN 'b' THEN 'a' END WHERE id IN ('a', 'b');
SELECT id, parent FROM tree ORDER BY id;
SELECT pg_temp.entries() ORDER BY 1;
SET enable_hashjoin = off;
UPDATE tree SET id = CASE id WHEN 'A' THEN 'a' ELSE id END, parent = CASE id WHEN 'b' THEN 'A' END WHERE id IN ('A', 'b');
SELECT pg_temp.entries() ORDER BY 1;
RESET enable_hashjoin;
TRUNCATE tree;
INSERT INTO teams VALUES ('x'), ('y');
DELETE FROM t;

-- A trigger that moves the row on: from x to y by the statement, to z by the trigger.
CREATE FUNCTION pg_temp.move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE t SET team = 'z' WHERE id = NEW.id AND NEW.team = 'y';
	RETURN NULL;
END $$;
CREATE TRIGGER move AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.move();
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, 'y');
SELECT pg_temp.entries();
UPDATE t SET team = 'y' WHERE id = 'a';
SELECT pg_temp.entries();
DROP TRIGGER move ON t;
-- One that deletes it there, and one that brings it back elsewhere.
CREATE FUNCTION pg_temp.remove() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM t WHERE id = NEW.id AND NEW.team = 'y';
	RETURN NULL;
END $$;
CREATE TRIGGER remove AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.remove();
UPDATE t SET team = 'y' WHERE id = 'a';
SELECT pg_temp.entries();
DROP TRIGGER remove ON t;
CREATE FUNCTION pg_temp.revive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO t VALUES (OLD.id, 9, CASE OLD.v WHEN 1 THEN 'x' ELSE OLD.team END);
	RETURN NULL;
END $$;
CREATE TRIGGER revive AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.revive();
DELETE FROM t WHERE id = 'b';
SELECT pg_temp.entries();
DELETE FROM t WHERE id = 'b';
SELECT pg_temp.entries();
DROP TRIGGER revive ON t;
DELETE FROM t;
DELETE FROM plasma.changes;

-- One statement that takes a key away and brings it in elsewhere: the row is not new.
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 2, 'x');
DELETE FROM plasma.changes;
MERGE INTO t USING (VALUES (1, 'n'), (9, 'a')) AS s (v, id) ON t.v = s.v
	WHEN MATCHED THEN DELETE
	WHEN NOT MATCHED THEN INSERT (id, v, team) VALUES (s.id, s.v, 'y');
SELECT pg_temp.entries();
MERGE INTO t USING (VALUES (9, 'c'), (8, 'a')) AS s (v, id) ON t.v = s.v
	WHEN MATCHED THEN UPDATE SET id = s.id
	WHEN NOT MATCHED THEN INSERT (id, v, team) VALUES (s.id, s.v, 'z');
SELECT pg_temp.entries();
WITH gone AS (DELETE FROM t WHERE id = 'a' RETURNING v) INSERT INTO t SELECT 'a', v, 'x' FROM gone;
SELECT pg_temp.entries();
-- In a transaction that took other rows away, a new row is new all the same.
BEGIN;
DELETE FROM t WHERE id = 'b';
INSERT INTO t VALUES ('e', 1, 'x'), ('b', 1, 'x');
DELETE FROM t WHERE id = 'a';
SAVEPOINT s;
DELETE FROM t WHERE id = 'c';
ROLLBACK TO s;
INSERT INTO t VALUES ('f', 1, 'y');
COMMIT;
SELECT pg_temp.entries();
DELETE FROM t;
DELETE FROM plasma.changes;

-- As logical replication applies changes.
SET session_replication_role = replica;
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, 'x');
UPDATE t SET v = 2 WHERE id = 'a';
UPDATE t SET team = 'y' WHERE id = 'a';
UPDATE t SET id = 'c', team = 'z' WHERE id = 'a';
INSERT INTO p VALUES ('a', '2026-01-01', 1, '00000000-0000-0000-0000-00000000000a');
UPDATE p SET day = '2026-01-02', org = 2 WHERE id = 'a';
DELETE FROM t;
DELETE FROM p;
RESET session_replication_role;
SELECT pg_temp.entries();

-- Rows that are sent anew are not new.
INSERT INTO t VALUES ('a', 1, 'x'), ('b', 1, NULL);
DELETE FROM plasma.changes;
SELECT plasma.seed_changes('t');
SELECT pg_temp.entries();

-- A function that does not know the scope, or another one, is found and made anew.
DO $$ BEGIN
	EXECUTE replace(pg_get_functiondef('plasma._plasma_trg_t_update_fn'::regproc), '{"team","team"}', '{}');
	EXECUTE replace(pg_get_functiondef('plasma._plasma_trg_p_truncate_fn'::regproc), '"org","room"', '"room","org"');
END $$;
UPDATE t SET team = 'z' WHERE id = 'a';
SELECT pg_temp.entries();
SELECT code, object FROM plasma.verify() WHERE code LIKE 'VF1%' ORDER BY 2;
SELECT code FROM plasma.drift();
SELECT o ->> 'code' AS code, o ->> 'object' FROM jsonb_array_elements(plasma.repair() -> 'mended') AS o ORDER BY 2;
UPDATE t SET team = 'x' WHERE id = 'a';
SELECT pg_temp.entries();
SELECT code FROM plasma.drift();

-- A column of the scope that is renamed or of another type: everybody reads the entry.
ALTER TABLE t RENAME team TO crew;
UPDATE t SET crew = 'z' WHERE id = 'a';
INSERT INTO t VALUES ('c', 1, 'x');
SELECT pg_temp.entries();
ALTER TABLE t RENAME crew TO team;
UPDATE t SET team = 'y' WHERE id = 'a';
SELECT pg_temp.entries();
ALTER TABLE p ALTER org TYPE numeric;
INSERT INTO p VALUES ('n', '2026-01-01', 1, '00000000-0000-0000-0000-00000000000a');
SELECT pg_temp.entries();
ALTER TABLE p DROP org;
DELETE FROM p;
SELECT pg_temp.entries();
DELETE FROM t;
DELETE FROM plasma.changes;

-- A random history, with triggers that move, delete and revive rows under the
-- statements, and rollbacks.  After each transaction:
--   lost   a row that was in a slice is not any more, and no entry names the slice
--   unseen a row that was changed is in a slice, and no entry says so
--   false  the first entry of a row that was there says that it is new
--   wrong  the last entry of a row does not tell where it is, or that it is gone
ALTER TABLE p ADD org int;
CREATE FUNCTION pg_temp.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	r record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
	IF pg_trigger_depth() > 3 THEN
		RETURN NULL;
	END IF;
	CASE r.v % 8
		WHEN 0 THEN UPDATE t SET team = pg_temp.team(), v = v + 1 WHERE id = r.id;
		WHEN 1 THEN DELETE FROM t WHERE id = r.id;
		WHEN 2 THEN INSERT INTO t VALUES (r.id, r.v + 3, pg_temp.team()) ON CONFLICT (id) DO UPDATE SET team = excluded.team;
		WHEN 3 THEN UPDATE t SET id = id || '*' WHERE id = r.id AND length(id) < 4;
		ELSE NULL;
	END CASE;
	RETURN NULL;
END $$;
CREATE FUNCTION pg_temp.team() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT nullif((ARRAY['x', 'y', 'z', ''])[1 + floor(random() * 4)], '')
$$;
CREATE FUNCTION pg_temp.key() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT 'k' || floor(random() * 9)
$$;
CREATE FUNCTION pg_temp.write() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CASE floor(random() * 14)
		WHEN 0, 1 THEN INSERT INTO t VALUES (pg_temp.key(), random() * 100, pg_temp.team()) ON CONFLICT (id) DO UPDATE SET team = excluded.team, v = excluded.v;
		WHEN 2 THEN UPDATE t SET team = pg_temp.team(), v = random() * 100 WHERE random() < 0.3;
		WHEN 3 THEN DELETE FROM t WHERE random() < 0.3;
		WHEN 4 THEN UPDATE t SET id = pg_temp.key(), team = pg_temp.team() WHERE id = pg_temp.key();
		WHEN 5 THEN WITH gone AS (DELETE FROM t WHERE random() < 0.3 RETURNING *) INSERT INTO t SELECT id, v + 1, pg_temp.team() FROM gone;
		WHEN 6 THEN MERGE INTO t USING (VALUES (pg_temp.key(), pg_temp.key()), (pg_temp.key(), pg_temp.key())) AS s (seek, id) ON t.id = s.seek
			WHEN MATCHED AND v % 2 = 0 THEN DELETE
			WHEN MATCHED THEN UPDATE SET id = s.id, team = pg_temp.team()
			WHEN NOT MATCHED THEN INSERT (id, v, team) VALUES (s.id, random() * 100, pg_temp.team());
		WHEN 7 THEN UPDATE teams SET id = CASE id WHEN 'x' THEN 'y' WHEN 'y' THEN 'x' ELSE id END WHERE id IN ('x', 'y');
		WHEN 8 THEN DELETE FROM teams WHERE id = 'z'; INSERT INTO teams VALUES ('z');
		WHEN 9 THEN INSERT INTO tree VALUES (pg_temp.key(), random() * 9, (SELECT id FROM tree ORDER BY random() LIMIT 1)) ON CONFLICT DO NOTHING;
		WHEN 10 THEN UPDATE tree SET id = translate(id, 'k', 'j'), parent = (SELECT o.id FROM tree AS o WHERE o.id <> tree.id ORDER BY random() LIMIT 1) WHERE random() < 0.3;
		WHEN 11 THEN DELETE FROM tree WHERE random() < 0.2;
		WHEN 12 THEN INSERT INTO p (id, day, org, room) VALUES (pg_temp.key(), '2026-01-01', random() * 2, '00000000-0000-0000-0000-000000000001') ON CONFLICT (id, day) DO UPDATE SET org = excluded.org;
		ELSE UPDATE p SET day = CASE WHEN random() < 0.5 THEN day ELSE date '2026-01-03' - (day - '2026-01-01') - 1 END, org = random() * 2 WHERE random() < 0.5;
	END CASE;
END $$;
CREATE TEMP VIEW world AS
	SELECT 't' AS tab, id, CASE WHEN team IS NULL THEN 'team' ELSE 'team:' || team END AS slice, t::text AS image FROM t
	UNION ALL SELECT 'tree', id, CASE WHEN parent IS NULL THEN 'parent' ELSE 'parent:' || parent END, tree::text FROM tree
	UNION ALL SELECT 'p', format('["%s","%s"]', id, to_char(day, 'YYYY-MM-DD')), CASE WHEN org IS NULL OR room IS NULL THEN 'room' ELSE format('room:["%s","%s"]', org, room) END, p::text FROM p;
CREATE TEMP TABLE was AS TABLE world;
CREATE FUNCTION pg_temp.faults() RETURNS TABLE (fault text, tab text, id text) LANGUAGE sql AS $$
	SELECT 'lost', w.tab, w.id FROM was AS w
	WHERE NOT EXISTS (SELECT FROM world AS n WHERE (n.tab, n.id, n.slice) = (w.tab, w.id, w.slice))
		AND NOT EXISTS (SELECT FROM plasma.changes AS c WHERE c.table_name = w.tab AND c.row_id = w.id AND w.slice IN (c.scope, c.old_scope))
	UNION ALL
	SELECT 'unseen', n.tab, n.id FROM world AS n
	WHERE NOT EXISTS (SELECT FROM was AS w WHERE (n.tab, n.id, n.image) = (w.tab, w.id, w.image))
		AND NOT EXISTS (SELECT FROM plasma.changes AS c WHERE c.table_name = n.tab AND c.row_id = n.id AND c.scope = n.slice)
	UNION ALL
	SELECT 'false', w.tab, w.id FROM was AS w
	WHERE (SELECT c.inserted FROM plasma.changes AS c WHERE c.table_name = w.tab AND c.row_id = w.id ORDER BY row_version LIMIT 1)
	UNION ALL
	SELECT 'wrong', c.table_name, c.row_id
	FROM (SELECT DISTINCT ON (table_name, row_id) * FROM plasma.changes ORDER BY table_name, row_id, row_version DESC) AS c
	LEFT JOIN world AS n ON n.tab = c.table_name AND n.id = c.row_id
	WHERE CASE op WHEN 'put' THEN c.scope IS DISTINCT FROM n.slice ELSE n.id IS NOT NULL OR c.scope IS NULL OR c.old_scope IS NOT NULL END
		OR c.scope = c.old_scope
$$;
CREATE TEMP TABLE faults (fault text, tab text, id text, round int);
CREATE TEMP TABLE seen (moved bigint, inserted bigint, entries bigint);
CREATE TRIGGER meddle AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.meddle();
SELECT setseed(0.5);
DO $$
BEGIN
	FOR round IN 1..400 LOOP
		TRUNCATE was;
		INSERT INTO was TABLE world;
		DELETE FROM plasma.changes;
		FOR i IN 0..random() * 2 LOOP
			BEGIN
				PERFORM pg_temp.write();
				IF random() < 0.1 THEN
					RAISE EXCEPTION 'back';
				END IF;
			EXCEPTION WHEN raise_exception OR integrity_constraint_violation OR cardinality_violation OR triggered_data_change_violation THEN
				NULL;
			END;
		END LOOP;
		INSERT INTO faults SELECT f.*, round FROM pg_temp.faults() AS f;
		INSERT INTO seen SELECT count(old_scope), count(*) FILTER (WHERE inserted), count(*) FROM plasma.changes;
		COMMIT;
	END LOOP;
END $$;
SELECT sum(moved) > 100, sum(inserted) > 100, sum(entries) > 800 FROM seen;
TABLE faults;

-- Where somebody makes the key deferrable, an older row may still have the key.
DROP TRIGGER meddle ON t;
TRUNCATE t;
INSERT INTO t VALUES ('1', 0, 'x');
ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED;
DELETE FROM plasma.changes;
BEGIN;
INSERT INTO t VALUES ('1', 1, 'y');
DELETE FROM t WHERE v = 0;
COMMIT;
SELECT pg_temp.entries();
ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (id);
INSERT INTO t VALUES ('2', 1, 'y');
SELECT pg_temp.entries();

SELECT table_name, scope, scope_columns FROM plasma.stat_tables ORDER BY 1;

DROP VIEW world;
DROP TABLE t, teams, tree, p;
DROP EXTENSION plasma CASCADE;

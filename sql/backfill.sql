-- plasma.backfill: rows get the default of a column that was added without it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.backfills;
\set SHOW_CONTEXT never
\pset null '(null)'

CREATE SCHEMA backfill;
CREATE TABLE backfill."Wide rows" (id int PRIMARY KEY, filler text);
ALTER TABLE backfill."Wide rows" ALTER filler SET STORAGE PLAIN;
INSERT INTO backfill."Wide rows" SELECT i, repeat('x', 2000) FROM generate_series(1, 100) i;

-- The note comes before the column; it is made once.
SELECT plasma.start_backfill('backfill."Wide rows"', 'Token');
SELECT plasma.start_backfill('backfill."Wide rows"', 'Token');
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;
CALL plasma.backfill('backfill."Wide rows"', 'Token');
CREATE SEQUENCE backfill.given;
ALTER TABLE backfill."Wide rows" ADD COLUMN "Token" int,
	ALTER COLUMN "Token" SET DEFAULT nextval('backfill.given');

-- Each batch is a transaction of its own, of about so many rows: one trigger call and
-- one transaction for each.
CREATE TABLE backfill.batches (xid xid8, rows bigint);
CREATE FUNCTION backfill.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO backfill.batches SELECT pg_current_xact_id(), count(*) FROM new_rows HAVING count(*) > 0;
	RETURN NULL;
END
$$;
CREATE TRIGGER note AFTER UPDATE ON backfill."Wide rows" REFERENCING NEW TABLE AS new_rows
	FOR EACH STATEMENT EXECUTE FUNCTION backfill.note();
CALL plasma.backfill('backfill."Wide rows"', 'Token', 10);
SELECT count(*) > 5 AS several, count(*) = count(DISTINCT xid) AS each_alone, max(rows) <= 20 AS none_large,
	sum(rows) FROM backfill.batches;
SELECT count(*), count("Token"), count(DISTINCT "Token") FROM backfill."Wide rows";
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;

-- When nothing is owed nothing is done.
UPDATE backfill."Wide rows" SET "Token" = NULL WHERE id = 1;
CALL plasma.backfill('backfill."Wide rows"', 'Token');
SELECT "Token" FROM backfill."Wide rows" WHERE id = 1;

-- In the transaction of the caller; its settings are as before.
SELECT plasma.start_backfill('backfill."Wide rows"', 'Token');
BEGIN;
CALL plasma.backfill('backfill."Wide rows"', 'Token', 0);
SHOW row_security;
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;
ROLLBACK;
SELECT "Token" FROM backfill."Wide rows" WHERE id = 1;
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;
BEGIN;
CALL plasma.backfill('backfill."Wide rows"', 'Token', 10);
ROLLBACK;

-- An interruption leaves what was committed; the next call does the rest.
CREATE FUNCTION backfill.stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 60 THEN
		RAISE EXCEPTION 'stop';
	END IF;
	RETURN NEW;
END
$$;
UPDATE backfill."Wide rows" SET "Token" = NULL;
CLUSTER backfill."Wide rows" USING "Wide rows_pkey";
CREATE TRIGGER stop BEFORE UPDATE ON backfill."Wide rows" FOR EACH ROW EXECUTE FUNCTION backfill.stop();
CALL plasma.backfill('backfill."Wide rows"', 'Token', 10);
SELECT count("Token") BETWEEN 20 AND 59 AS some, (SELECT count(*) FROM plasma.backfills WHERE NOT filled) AS owed FROM backfill."Wide rows";
DROP TRIGGER stop ON backfill."Wide rows";
CALL plasma.backfill('backfill."Wide rows"', 'Token', 10);
SELECT count("Token") AS all, (SELECT count(*) FROM plasma.backfills WHERE NOT filled) AS owed FROM backfill."Wide rows";

-- Partitions have their own default; each is walked through.
CREATE TABLE backfill.parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE backfill.low PARTITION OF backfill.parts FOR VALUES FROM (0) TO (10);
CREATE TABLE backfill.high PARTITION OF backfill.parts FOR VALUES FROM (10) TO (20);
INSERT INTO backfill.parts SELECT generate_series(5, 14);
SELECT plasma.start_backfill('backfill.parts', 'c');
ALTER TABLE backfill.parts ADD COLUMN c text, ALTER COLUMN c SET DEFAULT md5(random()::text);
ALTER TABLE backfill.high ALTER COLUMN c SET DEFAULT 'high';
CALL plasma.backfill('backfill.parts', 'c', 3);
SELECT tableoid::regclass, count(*), count(c), bool_and(c = 'high') FROM backfill.parts GROUP BY 1 ORDER BY 1;

-- A default that is null for some ends all the same.
SELECT plasma.start_backfill('backfill.parts', 'd');
ALTER TABLE backfill.parts ADD COLUMN d int, ALTER COLUMN d SET DEFAULT NULL;
CALL plasma.backfill('backfill.parts', 'd', 1);
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;

-- With NOT NULL there is nothing more to come.
SELECT plasma.start_backfill('backfill.parts', 'c');
ALTER TABLE backfill.parts ALTER COLUMN c SET NOT NULL;
CALL plasma.backfill('backfill.parts', 'c');
SELECT * FROM plasma.backfills WHERE relation = 'backfill.parts'::regclass;
DELETE FROM plasma.backfills;

-- Policies that would hide rows from the owner are an error.
CREATE ROLE regress_backfill;
GRANT USAGE, CREATE ON SCHEMA backfill TO regress_backfill;
SELECT plasma.grant_access('regress_backfill', 'admin');
SET ROLE regress_backfill;
CREATE TABLE backfill.hidden (id int PRIMARY KEY);
INSERT INTO backfill.hidden VALUES (1);
ALTER TABLE backfill.hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT plasma.start_backfill('backfill.hidden', 'c');
ALTER TABLE backfill.hidden ADD COLUMN c int, ALTER COLUMN c SET DEFAULT random();
CALL plasma.backfill('backfill.hidden', 'c', 10);
ALTER TABLE backfill.hidden NO FORCE ROW LEVEL SECURITY;
CALL plasma.backfill('backfill.hidden', 'c', 10);
SELECT count(c) FROM backfill.hidden;

-- Who does not own the table may not, nor write the notes.
SELECT plasma.start_backfill('backfill."Wide rows"', 'x');
CALL plasma.backfill('backfill."Wide rows"', 'Token');
SELECT plasma.finish_backfill('backfill."Wide rows"', 'Token');
DELETE FROM plasma.backfills;
RESET ROLE;

-- Faults of the arguments.
SELECT plasma.start_backfill(NULL, 'c');
SELECT plasma.start_backfill('backfill.parts', NULL);
SELECT plasma.start_backfill('backfill.low', 'c');
SELECT plasma.start_backfill('pg_catalog.pg_tables', 'c');
CALL plasma.backfill('backfill.parts', 'nowhere');
CALL plasma.backfill('backfill.parts', 'ctid');
CALL plasma.backfill('backfill.parts', 'c', NULL);
CALL plasma.backfill('backfill.parts', 'c', -1);
CALL plasma.backfill('backfill.parts', 'c', 1000001);
BEGIN READ ONLY;
SELECT plasma.start_backfill('backfill.parts', 'c');
ROLLBACK;
ALTER TABLE backfill.parts ADD COLUMN g int GENERATED ALWAYS AS (id) STORED;
CALL plasma.backfill('backfill.parts', 'g');

-- A note of a table that is gone goes with the next one.
SELECT plasma.start_backfill('backfill.hidden', 'c');
SET client_min_messages = error;
DROP TABLE backfill.hidden;
SELECT count(*) FROM plasma.backfills WHERE NOT filled;
SELECT plasma.start_backfill('backfill.parts', 'c');
SELECT relation, column_name FROM plasma.backfills WHERE NOT filled;

-- A default that fails after all is told as a refusal, and the rest of a migration waits.
-- A domain may refuse that rows wait for their value: they get it at once.
CREATE TABLE backfill.sheep (id text PRIMARY KEY);
INSERT INTO backfill.sheep SELECT i FROM generate_series(1, 3) i;
CREATE DOMAIN backfill.weight AS int NOT NULL CHECK (VALUE > 0);
CREATE SEQUENCE backfill.next;
CREATE FUNCTION backfill.tag() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF nextval('backfill.next') > 2 THEN
		RAISE EXCEPTION 'no tag is left';
	END IF;
	RETURN 'tag';
END
$$;
CREATE FUNCTION pg_temp.sheep(version text, columns text DEFAULT '') RETURNS json LANGUAGE sql AS $$
	SELECT format('{"version": "%s", "tables": {"sheep": {"schema": "backfill", "columns": {"id": {"kind": "id"} %s}}}}', version, columns)::json
$$;
\set weight ', "w": {"kind": "sql", "type": "backfill.weight", "defaultExpression": "1 + (random() * 9)::int"}'
SELECT plasma.run_migrations(pg_temp.sheep('sheep-1')) ->> 'status' AS status;
CALL plasma.migrate(pg_temp.sheep('sheep-2', :'weight'));
SELECT count(w) FROM backfill.sheep;
CALL plasma.migrate(pg_temp.sheep('sheep-3', :'weight' || ', "tag": {"kind": "text", "defaultExpression": "backfill.tag()"}'));
SELECT count(*) FILTER (WHERE filled) AS filled, count(*) FILTER (WHERE NOT filled) AS owed FROM plasma.backfills;
ALTER SEQUENCE backfill.next RESTART MINVALUE -9 START -9;
SELECT setval('backfill.next', -9);
-- From 18 on NOT NULL takes fewer statements.
CALL plasma.migrate(pg_temp.sheep('sheep-3', :'weight' || ', "tag": {"kind": "text", "defaultExpression": "backfill.tag()"}')) \gset
SELECT :'result'::jsonb - 'statements' AS result;
SELECT count(tag) FROM backfill.sheep;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

DROP SCHEMA backfill CASCADE;
SELECT plasma.revoke_access('regress_backfill');
DROP ROLE regress_backfill;
DELETE FROM plasma.backfills;

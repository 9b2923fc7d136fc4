-- The origin of a write, where no push is running.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;

-- Always one row, of nulls outside of push.
SELECT o.*, o IS NULL AS none FROM plasma.origin() o;
SELECT pg_typeof(plasma.origin()), pg_typeof((plasma.origin()).mutation_id);

-- In subtransactions, whichever way they end, and in a trigger.
CREATE TABLE origin_log (id int, client_group_id text, client_id text, mutation_id bigint);
CREATE FUNCTION origin_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	SELECT o.client_group_id, o.client_id, o.mutation_id INTO STRICT new.client_group_id, new.client_id, new.mutation_id FROM plasma.origin() o;
	RETURN new;
END
$$;
CREATE TRIGGER note BEFORE INSERT ON origin_log FOR EACH ROW EXECUTE FUNCTION origin_note();
BEGIN;
INSERT INTO origin_log VALUES (1, 'forged', 'forged', 1);
SAVEPOINT s;
INSERT INTO origin_log VALUES (2, 'forged', 'forged', 1);
ROLLBACK TO s;
INSERT INTO origin_log VALUES (3, 'forged', 'forged', 1);
RELEASE s;
COMMIT;
SELECT * FROM origin_log ORDER BY id;
DROP TABLE origin_log;
DROP FUNCTION origin_note();

-- A parallel worker does not have it.
SELECT provolatile, proparallel FROM pg_proc WHERE oid = 'plasma.origin()'::regprocedure;

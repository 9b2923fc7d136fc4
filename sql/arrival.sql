-- A migration that was accepted is not refused half-way by what it has itself begun.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.backfills;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

CREATE FUNCTION pg_temp.declaration(version text, columns text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{"notes":{"columns":{"id":{"kind":"id"}' || columns || '}}}}')::json
$$;
CREATE FUNCTION pg_temp.required(relation regclass) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute
	WHERE attrelid = relation AND attnotnull AND attnum > 0 AND NOT attisdropped
$$;
CREATE FUNCTION pg_temp.issues(plan jsonb) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT plan ->> 'status'
	UNION ALL
	SELECT concat_ws(' ', i ->> 'code', i ->> 'row', i ->> 'severity', i ->> 'column', i ->> 'issue')
	FROM jsonb_array_elements(plan -> 'issues') i WHERE i ->> 'code' !~ '^LK'
$$;

-- Under strict NOT NULL is left to people; of a column that comes with it, it is not.
CREATE TABLE notes (id text PRIMARY KEY, name text);
INSERT INTO notes VALUES ('a', 'A'), ('b', 'B');
\set token ',"token":{"kind":"sql","type":"uuid","defaultExpression":"gen_random_uuid()"}'
CALL plasma.migrate(pg_temp.declaration('v1', :'token'), '{"policy":"strict"}') \gset
SELECT :'result'::jsonb ->> 'status', pg_temp.required('notes'), (SELECT count(DISTINCT token) FROM notes), (SELECT count(*) FROM plasma.backfills);
SELECT pg_temp.issues(plasma.plan(pg_temp.declaration('v2', :'token' || ',"name":{"kind":"text"}'), '{"policy":"strict"}'));

-- Interrupted when all rows have their values: it goes on, with each executor.
CREATE FUNCTION refuse_it() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attname = 'mark' AND attnotnull) THEN
		RAISE EXCEPTION 'not now' USING ERRCODE = 'P0042';
	END IF;
END $$;
CREATE EVENT TRIGGER refuse_it ON ddl_command_end EXECUTE FUNCTION refuse_it();
\set mark ',"mark":{"kind":"sql","type":"uuid","defaultExpression":"gen_random_uuid()"}'
CALL plasma.migrate(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}');
DROP EVENT TRIGGER refuse_it;
SELECT relation, column_name, filled, pg_temp.required('notes') FROM plasma.backfills;
SELECT pg_temp.issues(plasma.plan(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}'));
UPDATE notes SET mark = NULL WHERE id = 'b';
SELECT pg_temp.issues(plasma.plan(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}'));
UPDATE notes SET mark = gen_random_uuid() WHERE id = 'b';
BEGIN;
SELECT plasma.run_migrations(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}') ->> 'status';
SELECT pg_temp.required('notes'), (SELECT count(*) FROM plasma.backfills);
ROLLBACK;
CALL plasma.migrate(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}') \gset
SELECT :'result'::jsonb ->> 'status', pg_temp.required('notes'), (SELECT count(*) FROM plasma.backfills);

-- Once it has arrived, strict is strict again.
ALTER TABLE notes ALTER mark DROP NOT NULL;
SELECT pg_temp.issues(plasma.plan(pg_temp.declaration('v2', :'token' || :'mark'), '{"policy":"strict"}'));
ALTER TABLE notes ALTER mark SET NOT NULL;

-- Two new columns are no new name of a third, also when one of them is there already.
\set third ',"x":{"kind":"text","nullable":true}'
CALL plasma.migrate(pg_temp.declaration('v3', :'token' || :'mark' || :'third'));
CALL plasma.migrate(pg_temp.declaration('v4', :'token' || :'mark' || replace(:'third', '"x"', '"y"') || replace(:'third', '"x"', '"z"')), '{"policy":"data"}');
SELECT op, object FROM plasma.migration_steps WHERE migration = (SELECT max(ordinal) FROM plasma.migrations) ORDER BY n;

-- What others did meanwhile does refuse it; then the hint does not say that nothing was done.
CREATE FUNCTION pg_temp.forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.code := NULL; RETURN NEW; END $$;
CREATE TRIGGER forget BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION pg_temp.forget();
\set more ',"code":{"kind":"sql","type":"uuid","defaultExpression":"gen_random_uuid()"}'
\set others :token :mark ',"y":{"kind":"text","nullable":true},"z":{"kind":"text","nullable":true}'
CALL plasma.migrate(pg_temp.declaration('v5', :'others' || :'more'));
SELECT status, statements, error FROM plasma.stat_migrations ORDER BY ordinal DESC LIMIT 1;

DROP FUNCTION refuse_it();
DROP TABLE notes;
DROP EXTENSION plasma CASCADE;

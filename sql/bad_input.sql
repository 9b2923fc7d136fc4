-- What no declaration may bring about: an error of the server's own. Every one of
-- these is answered by PL002, by a plan that refuses, or by PL001 from the run.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
RESET client_min_messages;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA bad_input;
SET search_path = bad_input, public;

CREATE FUNCTION declaration(columns text, options text DEFAULT '') RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":"v1","tables":{"todos":{"schema":"bad_input","columns":{"id":{"kind":"id"},' || columns || '}}}}')::json
$$;

-- The plan's status and what it refuses, or the code; then that of the run, which is undone.
CREATE FUNCTION answer(declaration json, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
	detail text;
	said text;
BEGIN
	BEGIN
		plan := plasma.plan(declaration, options);
		said := concat_ws(' ', plan ->> 'status', (SELECT string_agg(concat(i ->> 'code', ': ', i ->> 'issue'), '; ')
			FROM jsonb_array_elements(plan -> 'issues') AS i WHERE i ->> 'severity' = 'refuse'));
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE || ' ' || SQLERRM;
	END;
	BEGIN
		PERFORM plasma.run_migrations(declaration, options);
		RAISE EXCEPTION 'done' USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RETURN said || ' | ' || SQLSTATE || ' ' || coalesce(substring(detail FROM 'Issue: [^\n]*'), SQLERRM);
	END;
END
$$;

CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN filled AS int NOT NULL;
CREATE DOMAIN broken AS int CHECK (1 / (VALUE - VALUE) > 0);
CREATE FUNCTION internal_immutable() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE EXCEPTION 'boom' USING ERRCODE = 'XX000'; END$$;
CREATE FUNCTION internal_volatile() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'boom' USING ERRCODE = 'XX000'; END$$;
CREATE FUNCTION committing() RETURNS int LANGUAGE plpgsql AS $$BEGIN COMMIT; RETURN 1; END$$;
CREATE FUNCTION dropping() RETURNS int LANGUAGE plpgsql AS $$BEGIN DROP TABLE bad_input.todos; RETURN 1; END$$;
CREATE FUNCTION endless() RETURNS int LANGUAGE plpgsql AS $$BEGIN RETURN bad_input.endless(); END$$;
CREATE FUNCTION vetoing() RETURNS int LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = 'P0042'; END$$;
CREATE TABLE todos (id text PRIMARY KEY, title text, gone int);
ALTER TABLE todos DROP COLUMN gone;
INSERT INTO todos VALUES ('1', 'x'), ('2', NULL);

-- defaults that only rows have something against; what the application itself raises stays its own
SELECT e, answer(declaration(format('"c":{"kind":"int","defaultExpression":%s}', to_json(e))), '{"allow":["LK101"]}')
FROM unnest(ARRAY['1 / 0', '(random() * 0)::int / 0', 'internal_immutable()', 'internal_volatile()', 'committing()', 'dropping()',
	'nextval(''bad_input.nowhere'')', 'NULL', 'vetoing()', 'nowhere()', '(SELECT 1)', 'title', 'count(*)', 'generate_series(1, 2)', '$1', 'DEFAULT', '1; DROP TABLE todos']) AS e;
SELECT answer(declaration('"c":{"kind":"int","defaultExpression":"endless()"}'), '{"allow":["LK101"]}') LIKE '%| PL001 Issue: the server refuses a statement of the plan: stack depth limit exceeded%';

-- generated columns, their expressions and what they name
SELECT e, answer(declaration(format('"title":{"kind":"text","nullable":true},"c":{"kind":"int","nullable":true,"generated":%s}', to_json(e))), '{"allow":["LK101"]}')
FROM unnest(ARRAY['length(title) / 0', 'title::int', 'length(bad_input.todos.title)', 'bad_input.todos.title', 'internal_immutable()', 'internal_volatile()', 'random()::int', 'c', 'nowhere', 'todos', 'ctid', '(SELECT 1)']) AS e;

-- domains
SELECT t, d, answer(declaration(format('"c":{"kind":"sql","type":%s%s}', to_json(t), d)), '{"allow":["LK101"]}')
FROM unnest(ARRAY['positive', 'filled', 'broken']) AS t, unnest(ARRAY['', ',"nullable":true', ',"default":"-1"', ',"nullable":true,"defaultExpression":"-1"', ',"nullable":true,"defaultExpression":"NULL"']) AS d;

-- the name of what is left of a dropped column
SELECT answer(declaration('"........pg.dropped.3........":{"kind":"int","nullable":true}'));

-- migrate and its journal say the same
CALL plasma.migrate(declaration('"b":{"kind":"int","nullable":true},"d":{"kind":"sql","type":"positive","nullable":true,"defaultExpression":"-1"}'), '{"allow":["LK101"]}');
SELECT error FROM plasma.stat_migrations ORDER BY ordinal DESC LIMIT 1;

SET client_min_messages = warning;
DROP SCHEMA bad_input CASCADE;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

-- What clients fetch after a script, or after each transaction of migrate: what they
-- hold outlives DDL that leaves it as it is, and values that DDL gave are sent.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/plan_sql_copies.script'

CREATE FUNCTION pg_temp.declaration(version text, columns text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{"t":{"columns":{"id":{"kind":"id"}' || columns || '}}}}')::json
$$;
CREATE TEMP TABLE jar (cookie text);
INSERT INTO jar VALUES (NULL);
CREATE FUNCTION pg_temp.pull(version text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', version,
		'clientGroupID', 'g', 'clientID', 'c', 'cookie', (SELECT cookie FROM jar)));
BEGIN
	UPDATE jar SET cookie = answer ->> 'cookie';
	RETURN QUERY SELECT concat_ws(' ', p ->> 'op', p ->> 'table', p ->> 'id', p ->> 'value')
		FROM jsonb_array_elements(answer -> 'patch') WITH ORDINALITY x (p, n) ORDER BY p ->> 'op', 1;
	RETURN NEXT 'end';
END
$$;
\set v1 ',"a":{"kind":"text","nullable":true},"b":{"kind":"sql","type":"varchar(5)"}'
SELECT plasma.run_migrations(pg_temp.declaration('v1', :'v1')) ->> 'status';
INSERT INTO t VALUES ('1', 'one', 'B'), ('2', 'two', 'B');
SELECT pg_temp.pull('v1');

-- NOT NULL, a default, a wider type, a new column without values: nothing.
\set v2 ',"a":{"kind":"text","default":"none"},"b":{"kind":"sql","type":"varchar(9)"},"c":{"kind":"text","nullable":true}'
SELECT step ->> 'op', coalesce(step ->> 'keep', online ->> 'keep')
FROM jsonb_array_elements(plasma.plan(pg_temp.declaration('v2', :'v2'), '{"executor":"plan_sql","policy":"data","allow":["DS105"]}') -> 'steps') step
LEFT JOIN LATERAL jsonb_array_elements(step -> 'online') online ON online ->> 'keep' IS NOT NULL;
SELECT plasma.plan_sql(plasma.plan(pg_temp.declaration('v2', :'v2'), '{"executor":"plan_sql","policy":"data","allow":["DS105"]}'))
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SELECT pg_temp.pull('v2');

-- With values of its own: a put of each row, or none.
\set v3 :v2 ',"d":{"kind":"text","default":"D"}'
SELECT plasma.plan_sql(plasma.plan(pg_temp.declaration('v3', :'v3'), '{"executor":"plan_sql","propagate":"log"}'))
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SELECT pg_temp.pull('v3');
\set v4 :v3 ',"e":{"kind":"text","default":"E"}'
SELECT plasma.plan_sql(plasma.plan(pg_temp.declaration('v4', :'v4'), '{"executor":"plan_sql","propagate":"none"}'))
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SELECT pg_temp.pull('v4');
\set v5 :v4 ',"f":{"kind":"text","default":"F"}'
SELECT plasma.plan_sql(plasma.plan(pg_temp.declaration('v5', :'v5'), '{"executor":"plan_sql","propagate":"reset"}'))
\g :file
\set ECHO none
\o /dev/null
\i :file
\o
\set ECHO all
\unset ON_ERROR_STOP
SELECT pg_temp.pull('v5');

-- The same by migrate, whose transactions say it themselves.
\set v6 :v5 ',"g":{"kind":"int","nullable":true}'
CALL plasma.migrate(pg_temp.declaration('v6', replace(replace(:'v6', 'varchar(9)', 'varchar(12)'), '"none"', '"nobody"')), '{"policy":"data","allow":["DS105"]}') \gset
SELECT pg_temp.pull('v6');
CALL plasma.migrate(pg_temp.declaration('v7', :'v6' || ',"h":{"kind":"sql","type":"int","defaultExpression":"1 + 0 * random()::int"}'), '{"propagate":"log","policy":"data","allow":["DS105"]}') \gset
SELECT pg_temp.pull('v7');

-- One that has values from before it was declared, by run_migrations; and one that has none.
ALTER TABLE t ADD COLUMN i text, ADD COLUMN j text;
SELECT plasma.run_migrations(pg_temp.declaration('v8', :'v6' || ',"h":{"kind":"int"},"i":{"kind":"text","nullable":true}')) ->> 'status';
SELECT pg_temp.pull('v8');
UPDATE t SET j = 'J' WHERE id = '2';
SELECT plasma.run_migrations(pg_temp.declaration('v9', :'v6' || ',"h":{"kind":"int"},"i":{"kind":"text","nullable":true},"j":{"kind":"text","nullable":true}')) ->> 'status';
SELECT pg_temp.pull('v9');

DROP TABLE t;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
TRUNCATE plasma.migrations RESTART IDENTITY CASCADE;
UPDATE plasma.state SET registry = gen_random_uuid();

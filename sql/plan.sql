-- plasma.plan: what it says of typical changes, and that it changes nothing.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.migrations;
UPDATE plasma.state SET registry = gen_random_uuid();
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on

-- One plan in lines: status, issues, steps with their statements.
CREATE FUNCTION pg_temp.lines(plan jsonb) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT concat_ws(' ', plan ->> 'status',
		CASE WHEN (plan ->> 'validated')::boolean THEN 'validated' END, plan ->> 'not_validated',
		CASE WHEN (plan -> 'bump' ->> 'required')::boolean THEN 'bump required' END,
		CASE WHEN (plan -> 'bump' ->> 'done')::boolean THEN 'and done' END,
		nullif(plan -> 'bump' ->> 'reasons', '[]'))
	UNION ALL
	(SELECT concat_ws(' ', '!', i ->> 'severity', i ->> 'code', i ->> 'path', '|', i ->> 'issue',
		nullif(i ->> 'sample', '[]'))
	FROM jsonb_array_elements(plan -> 'issues') WITH ORDINALITY x (i, n) ORDER BY n)
	UNION ALL
	(SELECT concat_ws(' ', s ->> 'n', s ->> 'phase', s ->> 'op', s ->> 'object',
		nullif(s ->> 'locks', '{}'), CASE WHEN (s ->> 'rewrites')::boolean THEN 'rewrites' END,
		CASE WHEN (s ->> 'scans')::boolean THEN 'scans' END, nullif(s ->> 'hazards', '[]'))
		|| coalesce(E'\n\t' || (SELECT string_agg(regexp_replace(q, '\s+', ' ', 'g'), E'\n\t') FROM jsonb_array_elements_text(s -> 'sql') q), '')
	FROM jsonb_array_elements(plan -> 'steps') WITH ORDINALITY x (s, n) ORDER BY n)
$$;
CREATE FUNCTION pg_temp.declaration(version text, tables text) RETURNS json LANGUAGE sql AS $$
	SELECT ('{"version":' || to_json(version) || ',"tables":{' || tables || '}}')::json
$$;
CREATE FUNCTION pg_temp.plan(version text, tables text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT pg_temp.lines(plasma.plan(pg_temp.declaration(version, tables), options))
$$;

-- The first declaration.
SELECT pg_temp.plan('v1', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'"}}$$);
SELECT to_regclass('todos') IS NULL AND NOT EXISTS (SELECT FROM plasma.declarations);
SELECT plasma.ensure_schema(pg_temp.declaration('v1', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'"}}$$)) ->> 'version';
INSERT INTO users VALUES ('u1', 'one'), ('u2', 'two');
INSERT INTO todos VALUES ('t1', 'a', NULL, 'u1'), ('t2', 'b', 2, 'u1'), ('t3', 'b', NULL, 'u2');

-- Nothing to do.
SELECT pg_temp.plan('v1', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'"}}$$);

-- What is added.
SELECT pg_temp.plan('v2', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}},
	"tags": {"columns": {"id": {"kind":"id"}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"},
		"note": {"kind":"text", "nullable":true}, "done": {"kind":"boolean", "default":false},
		"tag": {"kind":"ref", "references":"tags", "onDelete":"setNull", "nullable":true}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'", "write": "owner = plasma.ctx()->>'sub'"}}$$);

-- Several refusals at once.
SELECT pg_temp.plan('v2', $$
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text", "unique":true}, "rank": {"kind":"int"},
		"tagId": {"kind":"text"}, "owner": {"kind":"bigint"}}}$$);

-- The JSON as a whole.
SELECT jsonb_pretty(p #- '{from,catalog}' #- '{from,declared}' #- '{to,declared}')
FROM plasma.plan(pg_temp.declaration('v1', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}, "age": {"kind":"int", "nullable":true}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = plasma.ctx()->>'sub'"}}$$)) p;

-- Where nothing can be written, it is not tried.
BEGIN READ ONLY;
SELECT pg_temp.plan('v2', '"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}, "age": {"kind":"int", "nullable":true}}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = plasma.ctx()->>''sub''"}}');
COMMIT;

-- What the server refuses is an issue.
SELECT pg_temp.plan('v2', $$
	"users": {"columns": {"id": {"kind":"id"}, "name": {"kind":"text", "unique":true}}, "auth": {"read": "nobody_knows(id)"}},
	"todos": {"columns": {"id": {"kind":"id"}, "title": {"kind":"text"}, "rank": {"kind":"int", "nullable":true},
		"owner": {"kind":"ref", "references":"users", "onDelete":"cascade"}},
		"auth": {"read": "owner = 7"}}$$);

DROP TABLE todos, users;
DELETE FROM plasma.tables;
DELETE FROM plasma.former_tables;
DELETE FROM plasma.declarations;
DELETE FROM plasma.changes;
UPDATE plasma.state SET registry = gen_random_uuid();

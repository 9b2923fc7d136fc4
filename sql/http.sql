-- plasma.http: routes, statuses and bodies.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE TABLE public.http_things (id text PRIMARY KEY, title text NOT NULL);
SELECT plasma.ensure_schema('{"version": "http-v1", "tables": {
	"http_things": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text"}}}}}') \g /dev/null
CREATE FUNCTION public.http_add(id text, title text) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.http_things VALUES (id, title) $$;
CREATE FUNCTION public.http_fail(code text) RETURNS void LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = code; END $$;
CREATE FUNCTION public.http_nested(args jsonb) RETURNS void LANGUAGE sql AS
	$$ SELECT plasma.http('POST', '/push', '{}') $$;
SELECT plasma.register_mutator('add', 'public.http_add(text,text)'),
	plasma.register_mutator('fail', 'public.http_fail(text)'),
	plasma.register_mutator('nested', 'public.http_nested(jsonb)') \g /dev/null

-- A whole response
SELECT * FROM plasma.http('POST', '/sync/elsewhere', '{}') \gx
SELECT * FROM plasma.http('PUT', '/sync/pull', '{}') \gx

-- Below, the status and the body; of an answer only what does not differ from run to run
CREATE FUNCTION public.http_try(method text, path text, body text, headers jsonb DEFAULT '{}', ctx jsonb DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
	SELECT status || ' ' || CASE WHEN status = 200 THEN
		((body::jsonb - 'txid') || CASE WHEN body::jsonb ? 'cookie' THEN '{"cookie": "c2:…"}' ELSE '{}' END::jsonb)::text
		ELSE body END
	FROM plasma.http(method, path, body, headers, ctx)
$$;
CREATE FUNCTION public.http_push(id numeric, name text, args jsonb, client text DEFAULT 'c') RETURNS text LANGUAGE sql AS $$
	SELECT jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'http-v1', 'clientGroupID', 'g', 'clientID', client,
		'mutations', jsonb_build_array(jsonb_build_object('id', id, 'name', name, 'args', args)))::text
$$;
\set pull '{"protocolVersion": 1, "schemaVersion": "http-v1", "clientGroupID": "g", "clientID": "c", "cookie": null}'
\set get 'protocolVersion=1&schemaVersion=http-v1&clientGroupID=g&clientID=c'

-- Push and pull
SELECT public.http_try('POST', '/sync/push', public.http_push(1, 'add', '{"id": "a", "title": "one"}'));
SELECT public.http_try('POST', '/any/prefix/push', public.http_push(1, 'add', '{"id": "a", "title": "one"}'));
SELECT public.http_try('POST', '/push', public.http_push(2, 'fail', '{"code": "23514"}'));
SELECT public.http_try('POST', '/sync/pull', :'pull');
SELECT public.http_try('POST', '/sync/pull?ignored=by+POST', :'pull');
SELECT public.http_try('GET', '/sync/pull?' || :'get', NULL);
SELECT public.http_try('GET', '/pull?' || :'get' || '&cookie=null&limit=10&', '');
SELECT public.http_try('GET', '/pull?%63lientGroupID=g%20%26+h%C3%A4&clientID=%2Bc&schemaVersion=http%2Dv1&protocolVersion=1&cookie=', NULL);

-- Query strings that are none, or no pull
SELECT public.http_try('GET', '/pull?' || query, NULL)
FROM unnest(ARRAY['', 'cookie=%', 'cookie=%4', 'cookie=%4g', 'cookie=%ff', 'cookie=%00', 'cookie=%ED%A0%80', '%zz=1',
	'limit=1&limit=2', 'limit=1&limi%74=2']) query;
SELECT public.http_try('GET', '/pull?' || :'get' || '&' || query, NULL)
FROM unnest(ARRAY['limit=0', 'limit=-1', 'limit=ten', 'limit=01', 'limit=1.5', 'limit=99999999999999999999', 'limit', 'colour=red',
	'cookie=c2:', 'cookie=%22quoted%22', '=', 'a+b%5B=1']) query;

-- Paths
SELECT path, split_part(public.http_try('POST', path, '{'), ' ', 1) AS status
FROM unnest(ARRAY['/push', '//push', '/a/b/c/push', '/push?', '/push?x=%zz', 'https://example.org/push', 'push', '/push/', '/Push',
	'/pushed', '/', '', '?', '/?/push', '/pull/../push', NULL]) path;

-- Methods
SELECT method, split_part(public.http_try(method, '/push', '{'), ' ', 1) AS push,
	split_part(public.http_try(method, '/pull', '{'), ' ', 1) AS pull
FROM unnest(ARRAY['GET', 'POST', 'HEAD', 'OPTIONS', 'get', 'GET, POST', '', NULL]) method;

-- Bodies
SELECT left(body, 20) AS body, public.http_try('POST', '/push', body)
FROM unnest(ARRAY[NULL, '', ' ', '{', 'null', '[]', '"{}"', '7', '{}', '{"a": 1}', '{} {}', '{"a":"\u0000"}', '{"a":"\ud800"}', '{"\ud800": 1}',
	'{"a":1e999999}', 'NaN', repeat('[', 200000), repeat('{"a":', 100000)]) body;
SELECT public.http_try('POST', '/push', '{"mutations": "' || repeat('x', 1024 * 1024) || '"}');
SELECT public.http_try('GET', '/pull?cookie=' || repeat('x', 1024 * 1024), NULL);
SET plasma.max_payload_bytes = 1024;
SELECT public.http_try('POST', '/push', repeat(' ', 1024)), public.http_try('POST', '/push', repeat(' ', 1025));
RESET plasma.max_payload_bytes;
SELECT public.http_try('POST', '/push', public.http_push(id, 'add', '{}')) FROM unnest(ARRAY[0, -1, 1.5, 9007199254740992, 1e30]) id;
SELECT public.http_try('POST', '/push', jsonb_set(public.http_push(3, 'add', '{}')::jsonb, '{mutations,0,why}', '1')::text);
SELECT public.http_try('POST', '/push', jsonb_set(public.http_push(3, 'add', '{}')::jsonb, '{mutations,0,"not \"so\" good"}', '1')::text);
SET plasma.max_mutations_per_push = 1;
SELECT public.http_try('POST', '/push', jsonb_set(public.http_push(3, 'add', '{}')::jsonb, '{mutations,1}', '{"id": 4, "name": "add", "args": {}}')::text);
RESET plasma.max_mutations_per_push;

-- Headers are an object
SELECT public.http_try('POST', '/push', '{', headers) FROM unnest(ARRAY[NULL, '{"x": "y"}', '[]', '"x"', 'null']::jsonb[]) headers;
SELECT * FROM plasma.http(NULL, NULL, NULL, NULL);

-- Callers
SELECT public.http_try('POST', '/pull', :'pull', '{}', ctx::jsonb)
FROM unnest(ARRAY['[]', 'null', '{"sub": ""}', '{"sub": 7}', '{"role": 7}', '{"role": "regress_http_nobody"}', '{"sub": "ann"}',
	'{"clientGroupID": "other"}']) ctx;
SET plasma.require_identity = on;
SELECT public.http_try('POST', '/pull', :'pull');
RESET plasma.require_identity;
SET request.jwt.claims = 'garbage';
SELECT public.http_try('POST', '/pull', :'pull');
RESET request.jwt.claims;
SELECT plasma.ctx() IS NULL AS none;

-- Schema versions
SELECT public.http_try('POST', '/pull', replace(:'pull', 'http-v1', 'http-v0'));
SELECT public.http_try('GET', '/pull?' || replace(:'get', 'http-v1', 'http-v0'), NULL);
SELECT public.http_try('POST', '/push', replace(public.http_push(3, 'add', '{}'), 'http-v1', 'http-v0'));

-- What a retry may cure is raised, and costs no id
SELECT public.http_try('POST', '/push', public.http_push(3, 'fail', '{"code": "40001"}'));
SELECT public.http_try('POST', '/push', public.http_push(3, 'fail', '{"code": "55P03"}'));
BEGIN READ ONLY;
SELECT public.http_try('POST', '/push', public.http_push(3, 'add', '{"id": "b", "title": "two"}'));
ROLLBACK;
SELECT public.http_try('POST', '/push', public.http_push(3, 'add', '{"id": "b", "title": "two"}'));
-- In a mutator there is no http
SELECT public.http_try('POST', '/push', public.http_push(4, 'nested', '{}'));
-- A fault of the server is raised: here a policy that fails
CREATE ROLE regress_http_reader;
SELECT plasma.grant_access('regress_http_reader', 'sync') \g /dev/null
ALTER TABLE public.http_things ENABLE ROW LEVEL SECURITY;
CREATE POLICY broken ON public.http_things USING (1 / (length(title) - length(title)) = 1);
GRANT SELECT ON public.http_things TO regress_http_reader;
GRANT EXECUTE ON FUNCTION public.http_try TO regress_http_reader;
SET ROLE regress_http_reader;
SELECT status FROM plasma.http('POST', '/pull', replace(:'pull', '"g"', '"reader"'));
RESET ROLE;
DROP POLICY broken ON public.http_things;
ALTER TABLE public.http_things DISABLE ROW LEVEL SECURITY;

-- Who pulled is noted once per interval, and not by pushes or failed pulls
SELECT client_group_id, client_id, schema_version FROM plasma.readers ORDER BY 1, 2;
CREATE TEMP TABLE noted AS SELECT xmin::text AS version, last_seen FROM plasma.readers WHERE client_group_id = 'g' AND client_id = 'c';
SELECT left(public.http_try('POST', '/pull', :'pull'), 3) AS status;
SELECT r.xmin::text = n.version AS untouched FROM plasma.readers r, noted n WHERE client_group_id = 'g' AND client_id = 'c';
SET plasma.reader_interval = 0;
SELECT left(public.http_try('POST', '/pull', :'pull'), 3) AS status;
SELECT r.last_seen > n.last_seen AS noted FROM plasma.readers r, noted n WHERE client_group_id = 'g' AND client_id = 'c';
DELETE FROM plasma.readers;
BEGIN READ ONLY;
SELECT left(public.http_try('POST', '/pull', :'pull'), 3) AS status;
COMMIT;
SELECT count(*) FROM plasma.readers;
-- A failure to note is none of the pull
ALTER TABLE plasma.readers ADD CONSTRAINT nothing CHECK (client_id <> 'c');
SELECT left(public.http_try('POST', '/pull', :'pull'), 3) AS status;
ALTER TABLE plasma.readers DROP CONSTRAINT nothing;
SELECT count(*) FROM plasma.readers;
RESET plasma.reader_interval;

DROP EXTENSION plasma CASCADE;
DROP FUNCTION public.http_add, public.http_fail, public.http_nested, public.http_try, public.http_push;
DROP TABLE public.http_things;
DROP ROLE regress_http_reader;

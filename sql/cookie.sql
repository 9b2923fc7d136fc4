-- What a cookie holds, when it changes, and for whom it is good.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
SELECT plasma.ensure_schema('{"version": "cookie-v1", "tables": {
	"cookie_a": {"columns": {"id": {"kind": "id"}}}, "cookie_b": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null

CREATE TABLE jar (client text PRIMARY KEY, cookie text);
-- One page: its operations, how the cookie went on, the ids.
CREATE FUNCTION pull(who text, page int DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := (SELECT cookie FROM jar WHERE client = who);
	answer jsonb := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'cookie-v1', 'clientGroupID', 'g', 'clientID', who, 'cookie', before)
		|| CASE WHEN page IS NULL THEN '{}' ELSE jsonb_build_object('limit', page) END);
BEGIN
	INSERT INTO jar VALUES (who, answer->>'cookie') ON CONFLICT (client) DO UPDATE SET cookie = excluded.cookie;
	RETURN concat_ws(' ', (SELECT string_agg(concat_ws(' ', o->>'op', o->>'table', o->>'id'), ', ' ORDER BY n) FROM jsonb_array_elements(answer->'patch') WITH ORDINALITY x (o, n)),
		'|', CASE WHEN before = answer->>'cookie' THEN 'same cookie' ELSE 'new cookie' END, answer->'lastMutationIDs', CASE WHEN answer ? 'hasMore' THEN 'more' END);
END $$;
CREATE FUNCTION content(who text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT convert_from(decode(translate(substr(cookie, 4), '-_', '+/') || repeat('=', (- (length(cookie) - 3)) & 3), 'base64'), 'UTF8')::jsonb FROM jar WHERE client = who $$;
CREATE FUNCTION added(id text) RETURNS void LANGUAGE sql AS $$ INSERT INTO public.cookie_a VALUES (id) $$;
SELECT plasma.register_mutator('add', 'added(text)') \g /dev/null
CREATE FUNCTION pushed(who text, number int) RETURNS text LANGUAGE sql AS $$
	SELECT plasma.push(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'cookie-v1', 'clientGroupID', 'g', 'clientID', who,
		'mutations', jsonb_build_array(jsonb_build_object('id', number, 'name', 'add', 'args', jsonb_build_object('id', who || number)))))::jsonb #>> '{results,0,status}' $$;

\echo -- all that a pull must know of the client
INSERT INTO cookie_a VALUES ('1'), ('2'), ('3');
INSERT INTO cookie_b VALUES ('1');
SELECT pull('c', 2);
SELECT string_agg(key, ' ' ORDER BY key COLLATE "C") FROM jsonb_object_keys(content('c')) AS key;
SELECT content('c')->>'sys' = (SELECT system_identifier::text FROM pg_control_system()) AS system,
	content('c')->>'db' = (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS database,
	content('c')->>'epoch' = (SELECT epoch::text FROM plasma.state) AS epoch,
	content('c')->>'tl' = (SELECT timeline_id::text FROM pg_control_checkpoint()) AS timeline,
	content('c')->'from' AS first_timeline_begins,
	(content('c')->>'lsn')::numeric BETWEEN pg_current_wal_insert_lsn() - '0/0' - 10000000 AND pg_current_wal_insert_lsn() - '0/0' AS position,
	content('c')->>'ver' AS version, content('c')->'order' AS "order",
	abs((content('c')->>'at')::bigint - extract(epoch FROM clock_timestamp())) < 600 AS at;
SELECT key, value->0 AS generation, content('c')->'fetch'->key AS last_key FROM jsonb_each(content('c')->'tables') ORDER BY key;

\echo -- two tables are being sent at once; order counts the cookies, not the pulls
INSERT INTO cookie_a VALUES ('0');
SELECT pull('c', 2);
SELECT content('c')->'order', content('c')->'fetch';
SELECT pull('c', 2);
SELECT pull('c', 2);
SELECT pull('c', 2);
SELECT content('c')->'order', content('c')->'fetch';
SELECT pull('c');
SELECT content('c')->'order';
UPDATE plasma.state SET epoch = gen_random_uuid();
SELECT pull('c');
SELECT content('c')->'order';
\echo -- a cookie that was long the same is renewed, lest too much is kept for it
SET plasma.cookie_refresh = '1s';
SELECT pg_sleep(1.1);
SELECT pull('c'), content('c')->'order';
RESET plasma.cookie_refresh;

\echo -- the ids of those who moved since the last page, and of all on a reset
SELECT pushed('x', 1), pushed('y', 1), pushed('x', 2), pushed('none', 7);
SELECT pull('c', 2);
SELECT pull('c', 2);
SELECT pushed('y', 2);
SELECT pull('c');
SELECT pull('c');
SELECT pull('new');

\echo -- limits
SET plasma.pull_limit = 3;
SELECT pull('limit');
SET plasma.max_pull_limit = 2;
SELECT pull('limit');
SELECT pull('limit', 5);
RESET plasma.pull_limit;
SELECT pull('limit');
RESET plasma.max_pull_limit;

\echo -- claims that decide what may be seen belong to the identity
SET request.jwt.claims = '{"sub": "ann", "tenant": 1, "exp": 1}';
DELETE FROM plasma.client_groups;
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "tenant": 2, "exp": 2}';
SELECT pull('ann');
SET plasma.identity_claims = 'tenant, org';
SELECT pull('ann');
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "tenant": 3, "exp": 3}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "tenant": 3, "exp": 4, "jti": "j"}';
SELECT pull('ann');
\echo -- the order of keys is none; missing and null, a text and a number are two things; what is nested counts
SET request.jwt.claims = '{"jti": "k", "tenant": 3, "sub": "ann"}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "tenant": 3, "org": null}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "tenant": "3", "org": null}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "org": {"name": "o", "teams": [1, {"a": 1, "b": 2}]}}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "org": {"teams": [1, {"b": 2, "a": 1}], "name": "o"}}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "org": {"name": "o", "teams": [1, {"a": 1, "b": 3}]}}';
SELECT pull('ann');
\echo -- nor can one claim be made to look like two
SET plasma.identity_claims = 'a, b';
SET request.jwt.claims = '{"sub": "ann", "a": "x\",\"b\":\"y"}';
SELECT pull('ann');
SET request.jwt.claims = '{"sub": "ann", "a": "x", "b": "y"}';
SELECT pull('ann');
\echo -- a passed ctx is the same as claims
SELECT plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'cookie-v1', 'clientGroupID', 'g', 'clientID', 'ann', 'cookie', (SELECT cookie FROM jar WHERE client = 'ann')),
	'{"b": "y", "a": "x", "sub": "ann"}')->'patch';
RESET plasma.identity_claims;
RESET request.jwt.claims;
\echo -- a role and a sub of its name are two identities, and two roles are
CREATE ROLE regress_cookie;
CREATE ROLE regress_cookie_other;
SELECT plasma.grant_access('regress_cookie', 'sync'), plasma.grant_access('regress_cookie_other', 'sync') \g /dev/null
GRANT ALL ON jar TO regress_cookie, regress_cookie_other;
SET ROLE regress_cookie;
SELECT pull('named');
SELECT pull('named');
SET request.jwt.claims = '{"sub": "regress_cookie"}';
SELECT pull('named');
SELECT pull('named');
RESET request.jwt.claims;
SELECT pull('named');
SET ROLE regress_cookie_other;
SELECT pull('named');
\echo -- a sub is one whatever the role
SET request.jwt.claims = '{"sub": "ann"}';
SELECT pull('named');
SET ROLE regress_cookie;
SELECT pull('named');
RESET request.jwt.claims;
RESET ROLE;
DROP OWNED BY regress_cookie, regress_cookie_other;
DROP ROLE regress_cookie, regress_cookie_other;

\echo -- sealed as it should be, and no cookie all the same but the first: a number out of range, a key missing, nested too deeply
CREATE FUNCTION forged(opened text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	sealed text := format('%s,"sum":"%s"}', opened, lpad(to_hex(hashtextextended(opened, 0)), 16, '0'));
BEGIN
	PERFORM plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'cookie-v1', 'clientGroupID', 'g', 'clientID', 'forged',
		'cookie', 'c2:' || rtrim(translate(encode(convert_to(sealed, 'UTF8'), 'base64'), E'+/\n', '-_'), '=')));
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION opened(content jsonb) RETURNS text LANGUAGE sql AS $$ SELECT left(content::text, -1) $$;
SELECT forged(opened(content('c') - 'sum' || '{"z": 1}'));
SELECT forged(opened(content('c') - 'sum' || '{"db": 4294967296}'));
SELECT forged(opened(content('c') - 'sum' - 'who'));
SELECT forged(opened(content('c') - 'sum') || ',"z":' || repeat('[', 100000) || repeat(']', 100000));
DROP FUNCTION forged, opened;

DROP EXTENSION plasma CASCADE;
DROP FUNCTION pull, content, added, pushed;
DROP TABLE jar, cookie_a, cookie_b;

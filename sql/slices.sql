-- What a pull sends of tables with a scope: the rows of the caller's slices, however
-- rows move and slices come and go.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
CREATE TABLE slices_members (member text, team text);
SELECT plasma.ensure_schema('{"version": "slices-v1",
	"scopes": {"team": "SELECT team FROM slices_members WHERE member = plasma.ctx()->>''sub''"},
	"tables": {
		"items": {"columns": {"id": {"kind": "id"}, "team": {"kind": "text", "nullable": true}, "n": {"kind": "int", "default": 0}}, "scope": "team"},
		"notes": {"columns": {"id": {"kind": "id"}, "of": {"kind": "text"}}, "scope": {"team": "of"}},
		"news": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null

-- Clients, played: what each holds, and what it holds it by.
CREATE TABLE jar (who text PRIMARY KEY, cookie text, pulls int);
CREATE TABLE copy (who text, tab text, id text, value jsonb, PRIMARY KEY (who, tab, id));
CREATE FUNCTION short(o jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', o->>'op', o->>'table', o->>'id', o->'where', CASE WHEN o->>'op' = 'put' THEN 'in ' || COALESCE(o->'value'->>'team', o->'value'->>'of', 'none') END) $$;
CREATE FUNCTION applied(client text, o jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CASE o->>'op'
		WHEN 'put' THEN
			INSERT INTO copy VALUES (client, o->>'table', o->>'id', o->'value') ON CONFLICT (who, tab, id) DO UPDATE SET value = excluded.value;
		WHEN 'del' THEN
			DELETE FROM copy WHERE who = client AND tab = o->>'table' AND id = o->>'id';
		WHEN 'clear' THEN
			DELETE FROM copy WHERE who = client AND tab = COALESCE(o->>'table', tab) AND (NOT o ? 'where' OR value @> (o->'where'));
	END CASE;
END $$;
-- One page: its operations, whether the cookie is another one, whether there is more.
CREATE FUNCTION pull(client text, page int DEFAULT 1000, version text DEFAULT 'slices-v1') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := (SELECT cookie FROM jar WHERE who = client);
	answer jsonb := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', version, 'clientGroupID', client, 'clientID', client,
		'cookie', before, 'limit', page), jsonb_build_object('sub', client));
BEGIN
	PERFORM applied(client, o) FROM jsonb_array_elements(answer->'patch') WITH ORDINALITY x (o, at) ORDER BY at;
	INSERT INTO jar VALUES (client, answer->>'cookie', 1) ON CONFLICT (who) DO UPDATE SET cookie = excluded.cookie, pulls = jar.pulls + 1;
	RETURN concat_ws(' ', (SELECT string_agg(short(o), ', ' ORDER BY at) FROM jsonb_array_elements(answer->'patch') WITH ORDINALITY x (o, at)),
		'|', CASE WHEN before = answer->>'cookie' THEN 'same cookie' END, CASE WHEN answer ? 'hasMore' THEN 'more' END);
END $$;
-- What the client should hold at the end, and does not, or the other way round.
CREATE FUNCTION difference(client text) RETURNS SETOF text LANGUAGE sql AS $$
	WITH mine (team) AS (SELECT team FROM slices_members WHERE member = client),
	truth (tab, id, value) AS (
		SELECT 'items', id, to_jsonb(i) FROM items i WHERE team IN (SELECT team FROM mine)
		UNION ALL SELECT 'notes', id, to_jsonb(n) FROM notes n WHERE of IN (SELECT team FROM mine)
		UNION ALL SELECT 'news', id, to_jsonb(n) FROM news n),
	held AS (SELECT tab, id, value FROM copy WHERE who = client)
	SELECT 'lacks ' || t::text FROM (SELECT * FROM truth EXCEPT SELECT * FROM held) t
	UNION ALL SELECT 'should not have ' || h::text FROM (SELECT * FROM held EXCEPT SELECT * FROM truth) h $$;
CREATE FUNCTION content(client text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT convert_from(decode(translate(substr(cookie, 4), '-_', '+/') || repeat('=', (- (length(cookie) - 3)) & 3), 'base64'), 'UTF8')::jsonb FROM jar WHERE who = client $$;

\echo -- the rows of ones slices, the whole of a table without a scope, nobodys where the scope is null
INSERT INTO slices_members VALUES ('ann', 'a'), ('ann', 'b'), ('bob', 'b'), ('bob', NULL), ('ann', 'a');
INSERT INTO items VALUES ('1', 'a'), ('2', 'b'), ('3', 'c'), ('4', NULL);
INSERT INTO notes VALUES ('1', 'b'), ('2', 'c');
INSERT INTO news VALUES ('1');
SELECT pull('ann');
SELECT pull('bob');
SELECT pull('eve');
SELECT who, content(who)->'scopes', content(who)->'fetch' FROM jar ORDER BY who;
SELECT difference(who) FROM jar;

\echo -- what changes in a slice reaches those who have it
INSERT INTO items VALUES ('5', 'a'), ('6', 'b'), ('7', 'c');
UPDATE items SET n = n + 1 WHERE id IN ('2', '3', '4');
DELETE FROM notes;
SELECT pull('ann');
SELECT pull('bob');
SELECT pull('eve');
SELECT difference(who) FROM jar;

\echo -- a row that moves: between slices of ones own, out, in, out of all slices, back
UPDATE items SET team = 'b' WHERE id = '1';
UPDATE items SET team = 'c' WHERE id = '5';
UPDATE items SET team = 'a' WHERE id = '3';
SELECT pull('ann');
SELECT pull('bob');
UPDATE items SET team = NULL WHERE id = '1';
SELECT pull('ann');
SELECT pull('bob');
UPDATE items SET team = 'a' WHERE id IN ('1', '4');
UPDATE items SET team = 'c' WHERE id = '3';
UPDATE items SET team = 'd' WHERE id = '3';
UPDATE items SET team = 'b' WHERE id = '3';
SELECT pull('ann');
SELECT pull('bob');
\echo -- an id that another row took over, elsewhere
BEGIN;
DELETE FROM items WHERE id = '6';
INSERT INTO items VALUES ('6', 'c');
COMMIT;
SELECT pull('ann');
SELECT pull('bob');
SELECT difference(who) FROM jar;

\echo -- gained, lost, all lost, regained; and lost and regained between two pulls
INSERT INTO slices_members VALUES ('bob', 'c');
SELECT pull('bob');
DELETE FROM slices_members WHERE member = 'bob' AND team = 'b';
SELECT pull('bob');
DELETE FROM slices_members WHERE member = 'bob';
SELECT pull('bob');
SELECT pull('bob');
INSERT INTO slices_members VALUES ('bob', 'b'), ('bob', 'c');
DELETE FROM slices_members WHERE member = 'ann' AND team = 'b';
UPDATE items SET n = 10 WHERE team = 'b';
INSERT INTO slices_members VALUES ('ann', 'b');
SELECT pull('bob');
SELECT pull('ann');
\echo -- a slice without rows
INSERT INTO slices_members VALUES ('bob', 'empty');
SELECT pull('bob');
SELECT pull('bob');
DELETE FROM slices_members WHERE team = 'empty';
SELECT pull('bob');
\echo -- in one transaction: a row leaves the slice that its reader leaves, another one comes with the membership
BEGIN;
UPDATE slices_members SET team = 'd' WHERE member = 'bob' AND team = 'b';
UPDATE items SET team = 'c' WHERE id = '3';
UPDATE items SET team = 'd' WHERE id = '2';
UPDATE items SET team = 'b' WHERE id = '5';
COMMIT;
SELECT pull('bob');
SELECT pull('ann');
SELECT difference(who) FROM jar;

\echo -- gained over several pages, and nothing stands still meanwhile
DELETE FROM items;
DELETE FROM notes;
DELETE FROM slices_members;
INSERT INTO slices_members VALUES ('ann', 'k'), ('bob', 'k');
INSERT INTO items SELECT team || i, team FROM unnest(ARRAY['k', 'x', 'y']) team, generate_series(1, 5) i;
SELECT pull('ann'), pull('bob') \g /dev/null
INSERT INTO slices_members VALUES ('ann', 'x'), ('ann', 'y');
SELECT pull('ann', 2);
SELECT content('ann')->'scopes', content('ann')->'fetch';
\echo -- from a kept slice into one that is begun, into one that waits, and back; from there into the kept one
UPDATE items SET team = 'x' WHERE id = 'k1';
UPDATE items SET team = 'y' WHERE id = 'k2';
UPDATE items SET team = 'y' WHERE id = 'k3';
UPDATE items SET team = 'k' WHERE id IN ('x1', 'y1');
SELECT pull('ann', 4);
UPDATE items SET team = 'k' WHERE id = 'k3';
DELETE FROM items WHERE id = 'k2';
SELECT pull('ann', 4);
SELECT content('ann')->'fetch';
SELECT pull('ann', 4);
SELECT pull('ann', 4);
SELECT difference('ann');

\echo -- what is begun is lost, what waits is lost, one more is gained before it
DELETE FROM jar;
DELETE FROM copy;
INSERT INTO slices_members VALUES ('ann', 'z');
INSERT INTO items SELECT 'z' || i, 'z' FROM generate_series(1, 5) i;
SELECT pull('ann', 7);
SELECT content('ann')->'scopes', content('ann')->'fetch';
DELETE FROM slices_members WHERE member = 'ann' AND team = 'y';
INSERT INTO slices_members VALUES ('ann', 'j');
INSERT INTO items VALUES ('j1', 'j');
SELECT pull('ann', 2);
SELECT content('ann')->'scopes', content('ann')->'fetch';
INSERT INTO slices_members VALUES ('ann', 'i');
INSERT INTO items VALUES ('i1', 'i');
SELECT pull('ann', 2);
SELECT content('ann')->'scopes', content('ann')->'fetch';
DELETE FROM slices_members WHERE member = 'ann' AND team = 'x';
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT difference('ann');

\echo -- a catch-up of several pages, and memberships that change between them
UPDATE items SET n = 100;
SELECT pull('ann', 3);
UPDATE items SET team = 'q' WHERE id = 'k4';
UPDATE items SET team = 'k' WHERE id = 'z5';
DELETE FROM slices_members WHERE member = 'ann' AND team = 'z';
INSERT INTO slices_members VALUES ('ann', 'q');
SELECT pull('ann', 3);
UPDATE items SET team = 'z' WHERE id = 'z5';
UPDATE slices_members SET team = 'z' WHERE member = 'ann' AND team = 'k';
SELECT pull('ann', 3);
SELECT pull('ann', 4);
SELECT pull('ann', 4);
SELECT pull('ann', 4);
SELECT difference('ann');

\echo -- truncated: the table is cleared, and what comes after it is sent
TRUNCATE items;
INSERT INTO items VALUES ('q1', 'q'), ('k1', 'k');
SELECT pull('ann');
SELECT pull('bob');
\echo -- sent anew, whole: what its policies read has changed
INSERT INTO plasma.changes (table_name, op, created_at) VALUES ('items', 'refetch', 0);
INSERT INTO items VALUES ('q2', 'q'), ('k2', 'k');
SELECT pull('ann');
SELECT pull('bob', 1);
INSERT INTO plasma.changes (table_name, op, created_at) VALUES ('items', 'refetch', 0);
SELECT pull('bob', 1);
SELECT pull('bob', 1);
SELECT pull('bob', 1);
SELECT difference(who) FROM jar;

\echo -- nothing is told of rows that came and went unseen, in ones slice or on their way through it
INSERT INTO items VALUES ('u1', 'q'), ('u2', 'elsewhere');
DELETE FROM items WHERE id = 'u1';
UPDATE items SET team = 'q' WHERE id = 'u2';
UPDATE items SET team = 'elsewhere' WHERE id = 'u2';
SELECT pull('ann');
\echo -- but of one that a trigger brings back from there, whose entry comes before the one of the way out, the end is told
INSERT INTO slices_members VALUES ('ann', 'back');
INSERT INTO items VALUES ('bounced', 'q');
SELECT pull('ann');
CREATE FUNCTION slices_bounce() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE items SET team = 'back' WHERE id = NEW.id AND team = 'z'; RETURN NULL; END $$;
CREATE TRIGGER bounce AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slices_bounce();
UPDATE items SET team = 'z' WHERE id = 'bounced';
DROP FUNCTION slices_bounce CASCADE;
DELETE FROM items WHERE id = 'bounced';
SELECT op, scope, old_scope FROM plasma.changes WHERE row_id = 'bounced' ORDER BY row_version;
SELECT pull('ann');
SELECT difference('ann');
DELETE FROM slices_members WHERE team = 'back';
SELECT pull('ann');

\echo -- an older cookie, sent again with the copy that belongs to it
CREATE TEMP TABLE older AS SELECT * FROM jar WHERE who = 'ann';
CREATE TEMP TABLE held AS SELECT * FROM copy WHERE who = 'ann';
INSERT INTO items VALUES ('u3', 'q'), ('u4', 'q');
SELECT pull('ann');
DELETE FROM items WHERE id = 'u3';
SELECT pull('ann');
UPDATE jar SET cookie = older.cookie FROM older WHERE jar.who = 'ann';
DELETE FROM copy WHERE who = 'ann';
INSERT INTO copy SELECT * FROM held;
SELECT pull('ann');
SELECT difference(who) FROM jar;
\echo -- in pages: a row that the first one showed, and that is gone before the position is past its birth
INSERT INTO items SELECT 'v' || i, 'q' FROM generate_series(1, 4) i;
UPDATE items SET n = 7 WHERE id = 'v4';
SELECT pull('ann', 2);
DELETE FROM items WHERE id IN ('v1', 'v4');
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT pull('ann', 2);
SELECT difference(who) FROM jar;

\echo -- what others write costs nothing: the entries of the log that a pull reads, with one slice, with many, with none
CREATE FUNCTION entries_read() RETURNS bigint LANGUAGE sql AS $$
	SELECT pg_stat_get_xact_tuples_returned('plasma.changes'::regclass) + sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint
	FROM pg_index WHERE indrelid = 'plasma.changes'::regclass $$;
CREATE FUNCTION reads_less(client text, bound int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before bigint := entries_read();
	page text := pull(client);
	reads bigint := entries_read() - before;
BEGIN
	RETURN page || CASE WHEN reads = 0 THEN ' and reads nothing' WHEN reads < bound THEN ' and reads less' ELSE format(' but reads %s', reads) END;
END $$;
INSERT INTO slices_members SELECT 'max', 'm' || i FROM generate_series(1, 30) i;
INSERT INTO slices_members VALUES ('one', 'm1');
INSERT INTO items SELECT 'm' || i, 'm' || i FROM generate_series(1, 30) i;
SELECT pull('max'), pull('one'), pull('eve') \g /dev/null
INSERT INTO items SELECT 'o' || i, 'o' || i % 100 FROM generate_series(1, 2000) i;
UPDATE items SET n = 1 WHERE team IN ('m1', 'm7', 'm30');
UPDATE items SET team = 'm2' WHERE id = 'm7';
UPDATE items SET n = 2 WHERE id LIKE 'o%';
SELECT reads_less('one', 10);
SELECT reads_less('max', 300);
SELECT reads_less('eve', 10);
\echo -- and where all in all there is little, those with many slices read all of it
UPDATE items SET n = 3 WHERE team IN ('m1', 'm30', 'o1');
SELECT reads_less('max', 130);
\echo -- what was read in vain is not read again and again
SELECT pull('one') \g /dev/null
INSERT INTO items SELECT 'p' || i, 'm1' FROM generate_series(1, 60) i;
DELETE FROM items WHERE id LIKE 'p%';
SELECT pull('one');
SELECT pull('one');
\echo -- page by page, from many slices at once
SELECT pull('max') \g /dev/null
UPDATE items SET n = 4 WHERE team LIKE 'm%' OR team LIKE 'o%';
UPDATE items SET n = 5 WHERE id IN ('m1', 'm2', 'm3');
SELECT pull('max', 12);
SELECT pull('max', 12);
SELECT pull('max', 12);
SELECT pull('max', 12);
SELECT difference(who) FROM unnest(ARRAY['max']) who;
DROP FUNCTION reads_less, entries_read;

\echo -- a column of the scope that the role may not read closes the table, and it comes back
CREATE ROLE slices_role;
GRANT SELECT ON slices_members, notes, news TO slices_role;
GRANT SELECT (id, n) ON items TO slices_role;
SELECT plasma.grant_access('slices_role', 'gateway');
SET ROLE slices_role;
SELECT content FROM (SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "slices-v1", "clientGroupID": "r", "clientID": "r"}', '{"sub": "ann"}')::jsonb->'patch' AS content) p;
RESET ROLE;
GRANT SELECT (team) ON items TO slices_role;
SET ROLE slices_role;
SELECT jsonb_path_query_array(plasma.pull('{"protocolVersion": 1, "schemaVersion": "slices-v1", "clientGroupID": "r", "clientID": "r"}', '{"sub": "ann"}')::jsonb, '$.patch[*].id');

\echo -- faults of the query: named, with what to do
RESET ROLE;
UPDATE plasma.scopes SET query = 'SELECT team FROM public.slices_members';
REVOKE SELECT ON slices_members FROM slices_role;
SET ROLE slices_role;
\set VERBOSITY default
SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "slices-v1", "clientGroupID": "r", "clientID": "r"}', '{"sub": "ann"}');
RESET ROLE;
SET plasma.max_scopes = 2;
SELECT pull('ann');
RESET plasma.max_scopes;
UPDATE plasma.scopes SET query = 'SELECT (1 / (CASE WHEN team > '''' THEN 0 END))::text FROM public.slices_members';
SELECT pull('ann');
\echo -- none of the tables that the role can read has this scope: it is not asked
SET ROLE slices_role;
SELECT content FROM (SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "slices-v1", "clientGroupID": "r", "clientID": "r"}', '{"sub": "ann"}')::jsonb->'patch' AS content) p;
RESET ROLE;
REVOKE SELECT ON items, notes FROM slices_role;
REVOKE SELECT (id, team, n) ON items FROM slices_role;
SET ROLE slices_role;
SELECT content FROM (SELECT plasma.pull('{"protocolVersion": 1, "schemaVersion": "slices-v1", "clientGroupID": "r", "clientID": "r"}', '{"sub": "ann"}')::jsonb->'patch' AS content) p;
RESET ROLE;
REVOKE ALL ON news FROM slices_role;
SELECT plasma.revoke_access('slices_role');
DROP ROLE slices_role;
\set VERBOSITY terse
\echo -- no search path and no temporary table of the caller gets into it
UPDATE plasma.scopes SET query = 'SELECT lower(''Q'')::text WHERE current_setting(''search_path'') = ''pg_catalog, pg_temp''';
CREATE FUNCTION lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'k' $$;
CREATE TEMP TABLE slices_members (member text, team text);
SET search_path = public, pg_temp, pg_catalog;
SELECT pull('ann');
SHOW search_path;
RESET search_path;
DROP FUNCTION public.lower(text);
DROP TABLE pg_temp.slices_members;

\echo -- slices of several columns and of other types: what a clear says are the values of puts
DROP TABLE items, notes, news;
DELETE FROM jar;
DELETE FROM copy;
CREATE TABLE slices_rooms (member text, org bigint, day date, room int, long text);
SELECT plasma.run_migrations('{"version": "slices-v2",
	"scopes": {
		"booking": "SELECT org, day, room FROM slices_rooms WHERE member = plasma.ctx()->>''sub''",
		"long": "SELECT long FROM slices_rooms WHERE member = plasma.ctx()->>''sub''"},
	"tables": {
		"booked": {"columns": {"id": {"kind": "id"}, "org": {"kind": "bigint"}, "day": {"kind": "sql", "type": "date", "nullable": true}, "room": {"kind": "int"}},
			"scope": {"booking": ["org", "day", "room"]}},
		"written": {"columns": {"id": {"kind": "id"}, "text": {"kind": "text"}}, "scope": {"long": "text"}}}}',
	'{"allow": ["DS103"]}') \g /dev/null
INSERT INTO slices_rooms VALUES ('ann', 9007199254740993, '2026-01-02', 7, 'say "é"\'), ('ann', 1, 'infinity', 7, repeat('l', 300)), ('ann', 1, NULL, 7, '');
INSERT INTO booked SELECT md5(org::text || day), org, day, room FROM slices_rooms WHERE day IS NOT NULL;
INSERT INTO booked VALUES ('none', 1, NULL, 7), ('other', 1, 'infinity', 8);
INSERT INTO written SELECT length(long), long FROM slices_rooms;
INSERT INTO written VALUES ('hash', encode(sha256(repeat('l', 300)::bytea), 'hex'));
SELECT regexp_replace(pull('ann', 100, 'slices-v2'), 'l{255}l*', 'l…');
UPDATE booked SET day = '2026-01-03' WHERE org > 1;
UPDATE written SET id = 'changed' WHERE length(text) = 300;
UPDATE written SET id = 'hashed' WHERE id = 'hash';
DELETE FROM written WHERE id = '7';
SELECT regexp_replace(pull('ann', 100, 'slices-v2'), 'l{255}l*', 'l…');
UPDATE booked SET day = '2026-01-02' WHERE org > 1;
SELECT pull('ann', 100, 'slices-v2');
DELETE FROM slices_rooms WHERE day = '2026-01-02';
INSERT INTO slices_rooms VALUES ('ann', 1, 'infinity', 8, 'no');
SELECT pull('ann', 100, 'slices-v2');
DELETE FROM slices_rooms WHERE day = 'infinity' AND room = 7;
SELECT regexp_replace(pull('ann', 100, 'slices-v2'), 'l{255}l*', 'l…');
SELECT tab, id FROM copy WHERE who = 'ann' ORDER BY tab, id;

\echo -- sealed as it should be, and no cookie all the same: slices out of order or twice, places out of order, a slice begun that is not fetched
CREATE FUNCTION forged(change jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	opened text := left(((content('ann') - 'sum') || change)::text, -1);
	sealed text := format('%s,"sum":"%s"}', opened, lpad(to_hex(hashtextextended(opened, 0)), 16, '0'));
	answer json;
BEGIN
	answer := plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'slices-v2', 'clientGroupID', 'ann', 'clientID', 'forged',
		'cookie', 'c2:' || rtrim(translate(encode(convert_to(sealed, 'UTF8'), 'base64'), E'+/\n', '-_'), '=')), '{"sub": "ann"}');
	RETURN answer->'patch';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT forged('{"scopes": {"long": ["b", "a"]}}');
SELECT forged('{"scopes": {"long": ["a", "a"]}}');
SELECT forged('{"scopes": {"long": "a"}}');
SELECT forged('{"scopes": ["a"]}');
SELECT forged('{"fetch": {"written": []}}');
SELECT forged('{"fetch": {"written": [0]}}');
SELECT forged('{"fetch": {"written": [1, 0]}}');
SELECT forged('{"fetch": {"written": [0, 1, 1, 2]}}');
SELECT forged('{"fetch": {"written": [0, 1000000]}}');
SELECT forged('{"fetch": {"written": [-1, 0]}}');
SELECT forged('{"fetch": {"written": ["q1", 1, 0, 0]}}');
SELECT forged('{"fetch": {"written": {}}}');
\echo -- and what is only wrong: places that no slice has, a scope that is not there, a value that is none of its columns, the form of a table without a scope
SELECT regexp_replace(forged('{"fetch": {"written": ["q1", 7, 5, 9]}}'), 'l{255}l*', 'l…');
SELECT forged('{"scopes": {"other": ["a"]}}');
SELECT forged('{"scopes": {"booking": ["[\"1\",\"infinity\",\"8\"]", "no"], "long": ["", "no"]}}');
SELECT regexp_replace(forged('{"fetch": {"written": "q1"}}'), 'l{255}l*', 'l…');
DROP FUNCTION forged;

DROP EXTENSION plasma CASCADE;
DROP TABLE slices_members, slices_rooms, booked, written, jar, copy, older, held;
DROP FUNCTION short, applied, pull, difference, content;

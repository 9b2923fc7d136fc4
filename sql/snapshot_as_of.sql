-- The tables as the log has them at the snapshot of a cookie.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\pset format unaligned
\pset tuples_only on
SELECT plasma.ensure_schema('{"version": "as_of", "tables": {
	"as_of": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"as_of_two": {"columns": {"id": {"kind": "id"}}},
	"as_of_bare": {"history": false, "columns": {"id": {"kind": "id"}}}}}') \g /dev/null
CREATE FUNCTION cookie() RETURNS text LANGUAGE sql AS $$
	SELECT plasma.pull(jsonb_build_object('protocolVersion', 1, 'schemaVersion', 'as_of', 'clientGroupID', 'g', 'clientID', 'c',
		'cookie', NULL, 'limit', 10000))->>'cookie' $$;

\echo -- puts, dels, a key that moves, a truncation, a rollback
SELECT cookie() AS empty \gset
INSERT INTO as_of VALUES ('1', 1), ('2', 2), ('3', 3);
INSERT INTO as_of_two VALUES ('x');
INSERT INTO as_of_bare VALUES ('x');
SELECT cookie() AS first \gset
UPDATE as_of SET n = 10 WHERE id = '1';
DELETE FROM as_of WHERE id = '2';
UPDATE as_of SET id = '4' WHERE id = '3';
BEGIN; DELETE FROM as_of; ROLLBACK;
SELECT cookie() AS second \gset
TRUNCATE as_of;
INSERT INTO as_of VALUES ('5', 5);
INSERT INTO plasma.changes (table_name, op, created_at) VALUES ('as_of', 'refetch', 0);
SELECT cookie() AS third \gset
DELETE FROM as_of_two;
SELECT count(*) FROM plasma.snapshot_as_of(:'empty', '{as_of,as_of_two}');
SELECT * FROM plasma.snapshot_as_of(:'first', '{as_of,as_of_two}');
SELECT * FROM plasma.snapshot_as_of(:'second', '{as_of}');
SELECT * FROM plasma.snapshot_as_of(:'third', '{as_of_two,as_of}');
\echo -- of all tables, if all keep history
SELECT * FROM plasma.snapshot_as_of(:'first');
SELECT * FROM plasma.snapshot_as_of(:'first', '{}');
SELECT plasma.ensure_schema('{"version": "as_of", "tables": {
	"as_of": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"as_of_two": {"columns": {"id": {"kind": "id"}}},
	"as_of_bare": {"columns": {"id": {"kind": "id"}}}}}') \g /dev/null
SELECT * FROM plasma.snapshot_as_of(:'first');
UPDATE plasma.changes SET value = '{}' WHERE table_name = 'as_of_bare';
SELECT * FROM plasma.snapshot_as_of(:'third');

\echo -- compaction up to the third leaves what the third needs, and no more
SELECT cookie() AS fourth \gset
SELECT (plasma.compact_change_log((SELECT max(row_version) FROM plasma.changes WHERE table_name = 'as_of')))->'removed';
SELECT * FROM plasma.snapshot_as_of(:'third', '{as_of,as_of_two}');
SELECT * FROM plasma.snapshot_as_of(:'fourth', '{as_of,as_of_two}');
SELECT * FROM plasma.snapshot_as_of(:'second', '{as_of,as_of_two}');
\echo -- a table with a longer memory
SELECT plasma.set_retention('as_of', '1 day');
SET plasma.retention = 0;
UPDATE as_of SET n = 6;
INSERT INTO as_of_two VALUES ('y');
SELECT plasma.compact_change_log()->'removed';
SELECT * FROM plasma.snapshot_as_of(:'fourth', '{as_of}');
SELECT * FROM plasma.snapshot_as_of(:'fourth', '{as_of_two}');
SELECT cookie() AS fifth \gset
SELECT * FROM plasma.snapshot_as_of(:'fifth', '{as_of,as_of_two}');

\echo -- what cannot be answered
SELECT * FROM plasma.snapshot_as_of(NULL);
SELECT * FROM plasma.snapshot_as_of('c2:nonsense');
SELECT * FROM plasma.snapshot_as_of(:'fifth', '{nothing}');
UPDATE plasma.state SET epoch = gen_random_uuid();
SELECT * FROM plasma.snapshot_as_of(:'fifth', '{as_of}');

\echo -- compacted or not, every snapshot is what it was
CREATE TABLE said (no int, cookie text, rows text);
CREATE FUNCTION rows_of(asked text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(r, ' ' ORDER BY r COLLATE "C"), '') FROM (SELECT translate(table_name || row_id || value, ' ', '')
		FROM plasma.snapshot_as_of(asked, '{as_of,as_of_two}')) x (r) $$;
SELECT plasma.set_retention('as_of', NULL);
TRUNCATE as_of, as_of_two;
DO $$
BEGIN
	PERFORM setseed(0.4);
	FOR i IN 1..400 LOOP
		CASE (random() * 12)::int
			WHEN 0 THEN DELETE FROM as_of WHERE id::int % 3 = i % 3;
			WHEN 1 THEN IF random() < 0.3 THEN TRUNCATE as_of; END IF;
			WHEN 2 THEN INSERT INTO as_of_two SELECT (random() * 9)::int::text ON CONFLICT DO NOTHING;
			WHEN 3 THEN DELETE FROM as_of_two WHERE id = (random() * 9)::int::text;
			WHEN 4 THEN UPDATE as_of SET n = n + 1;
			ELSE INSERT INTO as_of SELECT (random() * 30)::int::text, i ON CONFLICT (id) DO UPDATE SET n = excluded.n;
		END CASE;
		IF random() < 0.5 THEN COMMIT; END IF;
		IF i % 10 = 0 THEN
			COMMIT;
			INSERT INTO said VALUES (i, cookie(), (SELECT coalesce(string_agg(r, ' ' ORDER BY r COLLATE "C"), '') FROM (
				SELECT translate('as_of' || id || json_build_object('id', id, 'n', n), ' ', '') FROM as_of
				UNION ALL SELECT translate('as_of_two' || id || json_build_object('id', id), ' ', '') FROM as_of_two) x (r)));
			COMMIT;
		END IF;
	END LOOP;
END $$;
SELECT count(*), count(*) FILTER (WHERE rows_of(cookie) <> rows) AS wrong, count(DISTINCT rows) > 30 AS differ FROM said;
DO $$
DECLARE
	safe bigint;
	bad int := 0;
	answered int := 0;
	asked record;
BEGIN
	FOR part IN 1..8 LOOP
		safe := (SELECT min(row_version) + (max(row_version) - min(row_version)) * part / 8 FROM plasma.changes);
		PERFORM plasma.compact_change_log(safe);
		FOR asked IN SELECT * FROM said LOOP
			BEGIN
				IF rows_of(asked.cookie) <> asked.rows THEN bad := bad + 1; END IF;
				answered := answered + 1;
			EXCEPTION WHEN object_not_in_prerequisite_state THEN
			END;
		END LOOP;
	END LOOP;
	RAISE INFO 'wrong: %, some answered: %, some refused: %', bad, answered > 40, answered < 320;
END $$;

DROP EXTENSION plasma CASCADE;
DROP TABLE as_of, as_of_two, as_of_bare, said;
DROP FUNCTION cookie, rows_of;

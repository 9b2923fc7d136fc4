-- Devices, played by a schema: what each would keep in its own storage.  plasma
-- knows nothing of it; any client does the same with the answers that it gets.

CREATE SCHEMA device;

CREATE TABLE device.state (
	device text PRIMARY KEY,
	cookie text
);
CREATE TABLE device.rows (
	device text,
	table_name text,
	id text,
	value jsonb,
	PRIMARY KEY (device, table_name, id)
);
INSERT INTO device.state VALUES ('phone'), ('laptop'), ('ann'), ('bob');

-- What the device sends to pull.
CREATE FUNCTION device.pull_request(name text) RETURNS json LANGUAGE sql AS $$
	SELECT json_build_object('protocolVersion', 1, 'schemaVersion', 'todos-v1',
		'clientGroupID', name, 'clientID', name || '-1', 'cookie', cookie)
	FROM device.state WHERE device = name
$$;

-- What it sends to push.
CREATE FUNCTION device.push_request(name text, mutations json) RETURNS json LANGUAGE sql AS $$
	SELECT json_build_object('protocolVersion', 1, 'schemaVersion', 'todos-v1',
		'clientGroupID', name, 'clientID', name || '-1', 'mutations', mutations)
$$;

-- Applies an answer of pull, all of it, and says whether there is more to come.
CREATE FUNCTION device.apply(name text, answer jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	change jsonb;
BEGIN
	FOR change IN SELECT * FROM jsonb_array_elements(answer->'patch') LOOP
		CASE change->>'op'
			WHEN 'clear' THEN
				DELETE FROM device.rows
				WHERE device = name AND table_name = COALESCE(change->>'table', table_name)
				AND value @> COALESCE(change->'where', '{}');
			WHEN 'put' THEN
				INSERT INTO device.rows VALUES (name, change->>'table', change->>'id', change->'value')
				ON CONFLICT (device, table_name, id) DO UPDATE SET value = excluded.value;
			WHEN 'del' THEN
				DELETE FROM device.rows
				WHERE device = name AND table_name = change->>'table' AND id = change->>'id';
		END CASE;
	END LOOP;
	UPDATE device.state SET cookie = answer->>'cookie' WHERE device = name;
	RETURN COALESCE((answer->>'hasMore')::boolean, false);
END $$;

-- What the device holds, and what the table holds, in the same form.
CREATE FUNCTION device.holds(name text) RETURNS jsonb LANGUAGE sql AS $$
	SELECT COALESCE(jsonb_agg(value ORDER BY table_name, id), '[]') FROM device.rows WHERE device = name
$$;
CREATE FUNCTION device.ids(name text, of_table text) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(id ORDER BY id) FROM device.rows WHERE device = name AND table_name = of_table
$$;
CREATE FUNCTION device.truth() RETURNS jsonb LANGUAGE sql AS $$
	SELECT COALESCE(jsonb_agg(value ORDER BY t, id), '[]') FROM (
		SELECT 'todos' AS t, id, to_jsonb(todos) AS value FROM todos
		UNION ALL
		SELECT 'users', id, to_jsonb(users) FROM users) s
$$;

-- A request or an answer for the eye: an operation a line, cookies cut short.
CREATE FUNCTION device.show(message json) RETURNS text LANGUAGE sql AS $$
	SELECT '{' || string_agg(format('"%s": %s', key,
		CASE
			WHEN key = 'cookie' AND value::text <> 'null' THEN format('"%s…"', left(value#>>'{}', 16))
			WHEN json_typeof(value) = 'array' AND value::text <> '[]' THEN (
				SELECT format(E'[\n    %s]', string_agg(element::text, E',\n    ' ORDER BY at))
				FROM json_array_elements(value) WITH ORDINALITY AS e (element, at))
			ELSE value::text
		END), ', ' ORDER BY at) || '}'
	FROM json_each(message) WITH ORDINALITY AS m (key, value, at)
$$;

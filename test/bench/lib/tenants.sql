-- Many tenants in one database, with 100 rows of each, which are numbered; writes go
-- through the numbers from the first to the last, many of them in a transaction.  Ten
-- consecutive numbers are rows of a tenant of even number; those of one of odd number
-- lie as far apart as they can, so that each is in another page, by another
-- transaction, of the table, its index and the log.  Keys grow with the numbers, as
-- UUIDs of version 7 do.
--
-- :tenants is their number, :only the one tenant whose rows the database has, or NULL;
-- :scoped says whether the table has its scope.
CREATE FUNCTION bench.tenants() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN :tenants;
CREATE FUNCTION bench.only() RETURNS bigint LANGUAGE sql IMMUTABLE RETURN :only::bigint;

CREATE FUNCTION bench.tenant_of(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN CASE WHEN n % (10 * bench.tenants()) < 5 * bench.tenants()
	THEN n % (10 * bench.tenants()) / 10 * 2
	ELSE n % (bench.tenants() / 2) * 2 + 1 END;

CREATE FUNCTION bench.tenants_declaration(scoped boolean) RETURNS json LANGUAGE sql AS $$
	SELECT concat('{"version": "bench-v1", ',
		CASE WHEN scoped THEN '"scopes": {"tenant":
			"SELECT tenant FROM public.members WHERE member = plasma.ctx()->>''sub''"},' END,
		'"tables": {"todos": {', CASE WHEN scoped THEN '"scope": "tenant",' END, '"columns": {
			"id":     {"kind": "id"},
			"tenant": {"kind": "text"},
			"title":  {"kind": "text"},
			"done":   {"kind": "boolean", "default": false},
			"rank":   {"kind": "int"},
			"meta":   {"kind": "json", "nullable": true}}}}}')::json $$;

CREATE TABLE public.members (member text, tenant text, PRIMARY KEY (member, tenant));
SELECT plasma.ensure_schema(bench.tenants_declaration(:scoped)) \g /dev/null
CREATE INDEX ON public.todos (tenant, id);
CREATE INDEX ON public.todos (rank);
ALTER TABLE public.todos SET (autovacuum_enabled = off, fillfactor = 70);
ALTER TABLE plasma.changes SET (autovacuum_enabled = off);

-- Member u1 is of tenant t1, and so on.
INSERT INTO public.members SELECT 'u' || t, 't' || t FROM generate_series(0, bench.tenants() - 1) t
WHERE t = bench.only() OR bench.only() IS NULL;

CREATE FUNCTION bench.tenant_rows(tenant text, numbers bigint[]) RETURNS SETOF public.todos LANGUAGE sql AS $$
	SELECT lpad(to_hex(n + (1::bigint << 40)), 12, '0') || substr(gen_random_uuid()::text, 9), COALESCE(tenant, 't' || bench.tenant_of(n)),
		'Water the plants on floor ' || n, false, n,
		CASE WHEN n % 4 = 0 THEN jsonb_build_object('tags', ARRAY['home', 'green'], 'n', n) END
	FROM unnest(numbers) n $$;

-- Every so many numbers, where this is not 0, a row of one more tenant comes along.
CREATE PROCEDURE bench.insert_numbers(first bigint, last bigint, batch int, spread int DEFAULT 0)
LANGUAGE plpgsql AS $$
BEGIN
	FOR a IN first..last BY batch LOOP
		INSERT INTO public.todos SELECT * FROM bench.tenant_rows(NULL,
			ARRAY(SELECT n FROM generate_series(a, least(a + batch - 1, last)) n
				WHERE bench.tenant_of(n) = bench.only() OR bench.only() IS NULL));
		COMMIT;
		CONTINUE WHEN spread = 0;
		INSERT INTO public.todos SELECT * FROM bench.tenant_rows('scattered',
			ARRAY(SELECT -1 - n FROM generate_series(a, least(a + batch - 1, last)) n WHERE n % spread = 0));
		COMMIT;
	END LOOP;
END $$;

CREATE PROCEDURE bench.update_numbers(first bigint, last bigint, batch int, but text DEFAULT '')
LANGUAGE plpgsql AS $$
BEGIN
	FOR a IN first..last BY batch LOOP
		UPDATE public.todos SET done = NOT done
		WHERE rank BETWEEN a AND least(a + batch - 1, last) AND tenant <> but;
		COMMIT;
	END LOOP;
END $$;

CREATE FUNCTION bench.pull(member text, cookie text, "limit" int DEFAULT 1000) RETURNS json LANGUAGE sql AS $$
	SELECT plasma.pull(bench.pull_request(cookie, "limit"), jsonb_build_object('sub', member)) $$;

-- Clients, each with the cookie of one who has everything.
CREATE TABLE bench.clients (client text PRIMARY KEY, member text, cookie text);
CREATE FUNCTION bench.seen(client text, member text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	answer json;
BEGIN
	LOOP
		answer := bench.pull(member, answer ->> 'cookie', 10000);
		EXIT WHEN answer -> 'hasMore' IS NULL;
	END LOOP;
	INSERT INTO bench.clients VALUES (client, member, answer ->> 'cookie')
	ON CONFLICT ON CONSTRAINT clients_pkey DO UPDATE SET cookie = excluded.cookie;
END $$;

-- Repeated pulls from one cookie, timed from the eleventh on.
CREATE PROCEDURE bench.pulls(name text, expected int, count int DEFAULT 50) LANGUAGE plpgsql AS $$
DECLARE
	who record;
	answer json;
	started timestamptz;
BEGIN
	SELECT * INTO STRICT who FROM bench.clients WHERE client = name;
	FOR i IN 1..count + 10 LOOP
		COMMIT;
		started := clock_timestamp();
		answer := bench.pull(who.member, who.cookie);
		IF i > 10 THEN
			INSERT INTO bench.times VALUES ('pull', 1000 * extract(epoch FROM clock_timestamp() - started));
		END IF;
	END LOOP;
	IF json_array_length(answer -> 'patch') <> expected OR answer -> 'hasMore' IS NOT NULL THEN
		RAISE EXCEPTION 'not % changes were pulled but %', expected, json_array_length(answer -> 'patch');
	END IF;
END $$;

-- The rows of a tenant by their keys, without plasma.
CREATE PROCEDURE bench.reads(of_tenant text, expected int) LANGUAGE plpgsql AS $$
DECLARE
	ids text[] := ARRAY(SELECT id FROM public.todos WHERE tenant = of_tenant ORDER BY id);
	found int;
	started timestamptz;
BEGIN
	FOR i IN 1..60 LOOP
		COMMIT;
		started := clock_timestamp();
		SELECT count(title) INTO found FROM public.todos WHERE id = ANY (ids);
		IF i > 10 THEN
			INSERT INTO bench.times VALUES ('read', 1000 * extract(epoch FROM clock_timestamp() - started));
		END IF;
	END LOOP;
	IF found <> expected THEN
		RAISE EXCEPTION 'not % rows were read but %', expected, found;
	END IF;
END $$;

-- One pull of each client whose name begins so, after a few of the first.
CREATE PROCEDURE bench.visits(prefix text, expected int) LANGUAGE plpgsql AS $$
DECLARE
	who record;
	answer json;
	started timestamptz;
BEGIN
	CALL bench.pulls('tenant', expected);
	TRUNCATE bench.times;
	FOR who IN SELECT * FROM bench.clients WHERE starts_with(client, prefix) ORDER BY client LOOP
		COMMIT;
		started := clock_timestamp();
		answer := bench.pull(who.member, who.cookie);
		INSERT INTO bench.times VALUES ('pull', 1000 * extract(epoch FROM clock_timestamp() - started));
		IF json_array_length(answer -> 'patch') <> expected THEN
			RAISE EXCEPTION 'not % changes were pulled but %', expected, json_array_length(answer -> 'patch');
		END IF;
	END LOOP;
END $$;

-- From a cookie until nothing is left: the whole of it is one time.
CREATE PROCEDURE bench.fetches(name text, expected int, count int) LANGUAGE plpgsql AS $$
DECLARE
	who record;
	answer json;
	started timestamptz;
	fetched int;
BEGIN
	SELECT * INTO STRICT who FROM bench.clients WHERE client = name;
	FOR i IN 0..count LOOP
		COMMIT;
		answer := json_build_object('cookie', who.cookie);
		fetched := 0;
		started := clock_timestamp();
		LOOP
			answer := bench.pull(who.member, answer ->> 'cookie', 10000);
			fetched := fetched + json_array_length(answer -> 'patch');
			EXIT WHEN answer -> 'hasMore' IS NULL;
		END LOOP;
		IF i > 0 THEN
			INSERT INTO bench.times VALUES ('fetch', 1000 * extract(epoch FROM clock_timestamp() - started));
		END IF;
	END LOOP;
	IF fetched NOT BETWEEN expected AND expected + 1 THEN
		RAISE EXCEPTION 'not % rows were fetched but %', expected, fetched;
	END IF;
END $$;

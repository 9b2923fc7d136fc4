-- Two rows for each table of the battery: one with every column filled, one with null where it may be.

-- Literals in checks: the values that are likely to pass.
CREATE FUNCTION battery.literals(constraints oid[]) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(coalesce(m[1], m[2])), '{}')
	FROM unnest(constraints) c, regexp_matches(pg_get_constraintdef(c), '''((?:[^'']|'''')*)''|(?<![\w.])(-?\d+(?:\.\d+)?)', 'g') m
$$;

-- The n-th value of a type as a literal, NULL where none is known. Further attempts are further from the plain.
CREATE FUNCTION battery.value(type_id oid, modifier int, n int, attempt int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t pg_type%ROWTYPE;
	i int := n + CASE attempt WHEN 0 THEN 0 WHEN 1 THEN 17 WHEN 2 THEN 99 ELSE 1900 * attempt END;
BEGIN
	SELECT * INTO t FROM pg_type WHERE oid = type_id;
	IF t.typtype = 'd' THEN
		RETURN coalesce((battery.literals(ARRAY(SELECT oid FROM pg_constraint WHERE contypid = type_id)))[n + attempt], battery.value(t.typbasetype, t.typtypmod, n, attempt));
	ELSIF t.typtype = 'e' THEN
		RETURN (SELECT enumlabel FROM pg_enum WHERE enumtypid = type_id ORDER BY enumsortorder LIMIT 1);
	ELSIF t.typcategory = 'A' THEN
		RETURN (SELECT ARRAY[battery.value(t.typelem, modifier, n, attempt)]::text);
	ELSIF t.typtype = 'c' THEN
		RETURN '(' || (SELECT string_agg(coalesce(quote_ident(battery.value(atttypid, atttypmod, n, attempt)), ''), ',' ORDER BY attnum)
			FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped) || ')';
	ELSIF t.typtype = 'r' THEN
		RETURN format('[%s,%s)', battery.value((SELECT rngsubtype FROM pg_range WHERE rngtypid = type_id), -1, n, attempt),
			battery.value((SELECT rngsubtype FROM pg_range WHERE rngtypid = type_id), -1, n + 1, attempt));
	END IF;
	RETURN CASE t.typname
		WHEN 'bool' THEN 'true'
		WHEN 'numeric' THEN CASE WHEN modifier > 0 AND (modifier - 4) >> 16 = (modifier - 4) & 2047 THEN '0.' || i ELSE (i % 10)::text END
		WHEN 'date' THEN ('2024-01-01'::date + i)::text
		WHEN 'timestamp' THEN ('2024-01-01'::timestamp + i * interval '1 day')::text
		WHEN 'timestamptz' THEN ('2024-01-01'::timestamp + i * interval '1 day')::text || '+00'
		WHEN 'time' THEN '01:02:' || lpad((i % 60)::text, 2, '0')
		WHEN 'timetz' THEN '01:02:' || lpad((i % 60)::text, 2, '0') || '+00'
		WHEN 'interval' THEN i || ' seconds'
		WHEN 'uuid' THEN lpad(i::text, 32, '0')
		WHEN 'json' THEN format('{"n": %s}', i)
		WHEN 'jsonb' THEN format('{"n": %s}', i)
		WHEN 'bytea' THEN '\x' || lpad(to_hex(i), 8, '0')
		WHEN 'bit' THEN lpad(i::bit(2)::text, greatest(modifier, 1), '0')
		WHEN 'varbit' THEN i::bit(2)::text
		WHEN 'inet' THEN '10.0.0.' || i % 255
		WHEN 'cidr' THEN '10.0.0.' || i % 255
		WHEN 'macaddr' THEN '00:00:00:00:00:' || lpad(to_hex(i % 255), 2, '0')
		WHEN 'point' THEN format('(%s,1)', i)
		WHEN 'xml' THEN format('<n>%s</n>', i)
		WHEN 'tsvector' THEN 'w' || i
		WHEN 'tsquery' THEN 'w' || i
		WHEN 'bpchar' THEN chr(96 + i % 26)
		WHEN 'hstore' THEN format('a=>%s', i)
		ELSE CASE
			WHEN t.typcategory = 'N' THEN i::text
			WHEN t.typcategory = 'S' THEN CASE attempt WHEN 1 THEN format('a%s@example.org', i) WHEN 2 THEN i::text
				ELSE left('v' || i, CASE WHEN modifier > 4 AND t.typname = 'varchar' THEN modifier - 4 ELSE 40 END) END
		END
	END;
END $$;

-- The n-th row's expression for a column.
CREATE FUNCTION battery.expression(c battery.columns, n int, attempt int) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN n = 2 AND NOT c.attnotnull THEN 'NULL'
		WHEN c.expression LIKE 'nextval(%' THEN c.expression
		WHEN f.oid IS NOT NULL THEN format('(SELECT %I FROM %s ORDER BY 1 LIMIT 1 OFFSET least(%s, (SELECT count(*) - 1 FROM %2$s)))',
			(SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[array_position(conkey, c.attnum)]),
			confrelid::regclass, n - 1)
		ELSE format('%L::%s', coalesce((battery.literals(ARRAY(SELECT oid FROM pg_constraint WHERE contype = 'c' AND conrelid = c.attrelid AND c.attnum = ANY (conkey))))[n + attempt], battery.value(c.atttypid, c.atttypmod, n, attempt)),
			format_type(c.atttypid, c.atttypmod))
	END
	FROM (SELECT) one LEFT JOIN LATERAL (
		SELECT * FROM pg_constraint WHERE contype = 'f' AND conrelid = c.attrelid AND c.attnum = ANY (conkey)
			AND confrelid <> conrelid ORDER BY cardinality(conkey) LIMIT 1) f ON true
$$;

CREATE FUNCTION battery.insert_row(relation oid, n int, attempt int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	names text;
	expressions text;
BEGIN
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(battery.expression(c, n, attempt), ', ' ORDER BY attnum)
	INTO names, expressions
	FROM battery.columns c WHERE attrelid = relation AND attgenerated = '' AND attidentity = '';
	EXECUTE format('INSERT INTO %s ', relation::regclass)
		|| CASE WHEN names IS NULL THEN 'DEFAULT VALUES' ELSE format('(%s) VALUES (%s)', names, expressions) END;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END $$;

-- Fills all tables, those that others refer to first. What could not be filled comes back, with the reason.
CREATE FUNCTION battery.fill() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	todo record;
	error text;
	errors jsonb := '{}';
	done text[] := '{}';
BEGIN
	FOR attempt IN 0..3 LOOP
		FOR round IN 1..4 LOOP
			FOR todo IN
				SELECT t.oid, name, n FROM battery.tables t, generate_series(1, 2) n
				WHERE name || n <> ALL (done) AND NOT relispartition
				ORDER BY (SELECT count(*) FROM pg_constraint WHERE conrelid = t.oid AND contype = 'f'), name, n
			LOOP
				error := battery.insert_row(todo.oid, todo.n, attempt);
				IF error IS NULL THEN
					done := done || (todo.name || todo.n);
					errors := errors - (todo.name || ' ' || todo.n);
				ELSE
					errors := errors || jsonb_build_object(todo.name || ' ' || todo.n, error);
				END IF;
			END LOOP;
			EXIT WHEN errors = '{}';
		END LOOP;
	END LOOP;
	RETURN errors;
END $$;

-- Locks of this transaction on tables, their files and their scans so far.
CREATE FUNCTION battery.figures() RETURNS jsonb LANGUAGE sql SET search_path = pg_catalog AS $$
	SELECT coalesce(jsonb_object_agg(c.oid::regclass, jsonb_build_object('file', relfilenode, 'scans', pg_stat_get_xact_numscans(c.oid),
		'locks', (SELECT jsonb_agg(DISTINCT mode) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = c.oid))), '{}')
	FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text = ANY (SELECT quote_ident(unnest(battery.schemas())))
$$;

-- What the battery asks of a database, in catalogs and data alone: nothing here
-- calls plasma, so that it can tell whether plasma is right.
CREATE SCHEMA battery;
SET client_min_messages = warning;

-- The user's schemas.
CREATE FUNCTION battery.schemas() RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace
	WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'plasma', 'battery')
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = pg_namespace.oid AND deptype = 'e')
$$;

-- Tables, but for those of an extension.
CREATE VIEW battery.tables AS
	SELECT c.*, nspname, format('%I.%I', nspname, relname) AS name
	FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p') AND nspname = ANY (battery.schemas())
		AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e');

CREATE VIEW battery.columns AS
	SELECT attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attgenerated, attidentity, t.name AS table_name, pg_get_expr(adbin, adrelid) AS expression,
		CASE WHEN attcollation <> typcollation THEN attcollation::regcollation::text END AS collated
	FROM battery.tables t JOIN pg_attribute a ON attrelid = t.oid JOIN pg_type y ON y.oid = atttypid
		LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
	WHERE attnum > 0 AND NOT attisdropped;

CREATE FUNCTION battery.names(relation oid, numbers smallint[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(attname ORDER BY ordinality)
	FROM unnest(numbers) WITH ORDINALITY n JOIN pg_attribute ON attrelid = relation AND attnum = n
$$;

-- A column is unique by an index of its own that is valid, whole and plain.
CREATE FUNCTION battery.unique_columns(relation oid) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(DISTINCT attname ORDER BY attname)
	FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
	WHERE indrelid = relation AND indisunique AND indnkeyatts = 1 AND indkey[0] <> 0
		AND indpred IS NULL AND indisvalid AND indisready AND indimmediate AND NOT indnullsnotdistinct
$$;

-- The primary key, or else all that would do as one, as a text each.
CREATE FUNCTION battery.keys(relation oid) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(DISTINCT battery.names(indrelid, indkey::smallint[])::text)
	FROM pg_index i
	WHERE indrelid = relation AND indisunique AND indisvalid AND indimmediate AND indpred IS NULL AND indexprs IS NULL
		AND indnatts = indnkeyatts AND NOT indnullsnotdistinct
		AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = relation AND attnum = ANY (indkey) AND NOT attnotnull)
		AND (indisprimary OR NOT EXISTS (SELECT FROM pg_index p WHERE p.indrelid = relation AND p.indisprimary AND p.indimmediate))
$$;

-- References of one column to the key of a table: those that a declaration can name.
CREATE FUNCTION battery.references(relation oid) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg(a.attname, confrelid::regclass::text || ' ' || confdeltype::text || CASE WHEN convalidated THEN '' ELSE ' not valid' END)
	FROM pg_constraint f JOIN pg_attribute a ON attrelid = conrelid AND attnum = conkey[1]
	WHERE contype = 'f' AND conrelid = relation AND cardinality(conkey) = 1 AND conparentid = 0
		AND battery.keys(confrelid) ? battery.names(confrelid, confkey)::text
$$;

CREATE FUNCTION battery.columns_of(relation oid) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg(attname, jsonb_strip_nulls(jsonb_build_object(
		'type', format_type(atttypid, atttypmod), 'required', attnotnull, 'collation', collated,
		CASE attgenerated::text WHEN '' THEN 'default' ELSE 'generated' END, expression,
		'identity', nullif(attidentity::text, ''),
		'serial', nullif(expression LIKE 'nextval(%' AND pg_get_serial_sequence(table_name, attname) IS NOT NULL, false))))
	FROM battery.columns WHERE attrelid = relation
$$;

-- All that is compared between a database that was migrated and one that was built.
CREATE FUNCTION battery.facts() RETURNS jsonb LANGUAGE sql SET search_path = pg_catalog AS $$
	SELECT jsonb_build_object('tables', coalesce(jsonb_object_agg(name, jsonb_strip_nulls(jsonb_build_object(
			'schema', nspname, 'name', relname, 'columns', coalesce(battery.columns_of(oid), '{}'), 'unique', battery.unique_columns(oid), 'references', battery.references(oid),
			'partitioned', nullif(relkind = 'p', false),
			'inherits', nullif(EXISTS (SELECT FROM pg_inherits WHERE oid IN (inhrelid, inhparent)) AND relkind = 'r', false),
			'unlogged', nullif(relpersistence <> 'p', false), 'partition', nullif(relispartition, false), 'keys', battery.keys(oid)))), '{}'),
		'enums', (SELECT coalesce(jsonb_object_agg(enumtypid::regtype, labels), '{}')
			FROM (SELECT enumtypid, jsonb_agg(enumlabel ORDER BY enumsortorder) AS labels FROM pg_enum GROUP BY 1) e))
	FROM battery.tables t
$$;

-- Every row of the catalogs that a user's object may have, and of all tables: if two
-- of these are equal, nothing happened in between.
CREATE FUNCTION battery.digest() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	item record;
	hash text;
	result jsonb := '{}';
BEGIN
	FOR item IN
		SELECT c.oid::regclass::text AS relation, attname AS object
		FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
			AND attname = ANY ('{oid,attrelid,indexrelid,objid,objoid,stxoid,prrelid,inhrelid,rngtypid,seqrelid,partrelid,extoid}')
		WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared
		UNION ALL SELECT name, NULL FROM battery.tables WHERE relkind = 'r'
		UNION ALL SELECT oid::regclass::text, NULL FROM pg_class WHERE relnamespace = 'plasma'::regnamespace AND relkind = 'r'
	LOOP
		EXECUTE format('SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t', item.relation)
			|| CASE WHEN item.object IS NULL THEN '' ELSE format(' WHERE %I >= 16384', item.object) END
			INTO hash;
		result := result || jsonb_build_object(item.relation, hash);
	END LOOP;
	RETURN result;
END $$;

-- The rows of the tables and columns that facts name and that are still there, as text.
CREATE FUNCTION battery.contents(facts jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	item record;
	content jsonb;
	result jsonb := '{}';
BEGIN
	FOR item IN
		SELECT table_name, string_agg(format('%L, t.%I::text', attname, attname), ', ' ORDER BY attname) AS pairs
		FROM battery.columns WHERE facts #> ARRAY['tables', table_name, 'columns'] ? attname AND attgenerated = '' GROUP BY 1
	LOOP
		EXECUTE format('SELECT jsonb_agg(r ORDER BY r) FROM (SELECT jsonb_build_object(%s) AS r FROM %s t) x', item.pairs, item.table_name) INTO content;
		result := result || jsonb_build_object(item.table_name, content);
	END LOOP;
	RETURN result;
END $$;

-- How many rows of a table fulfil a condition.
CREATE FUNCTION battery.count(relation text, condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %s t WHERE %s', relation, condition) INTO n;
	RETURN n;
END $$;

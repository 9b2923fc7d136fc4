-- Whether the database still is as it was declared.

CREATE OR REPLACE FUNCTION plasma.own_shape_now()
RETURNS TABLE (table_name text, column_name text, index_name text, definition text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off -- so that the text is the same in every session
AS $$
	SELECT c.relname::text, a.attname::text, NULL,
		format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind = 'r'
	UNION ALL
	SELECT c.relname::text, NULL, x.relname::text,
		CASE WHEN i.indisunique THEN 'unique ' ELSE '' END || '('
		|| (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true), ', ' ORDER BY n)
			FROM generate_series(1, i.indnkeyatts) n)
		|| CASE WHEN i.indisvalid AND i.indisready THEN ')' ELSE ') invalid' END
	FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
	WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind = 'r'
$$;
COMMENT ON FUNCTION plasma.own_shape_now() IS 'Columns and indexes of plasma''s own tables as they are';

CREATE OR REPLACE FUNCTION plasma.drift()
RETURNS TABLE (code text, table_name text, column_name text, detail text)
LANGUAGE c STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_drift_show';
COMMENT ON FUNCTION plasma.drift() IS 'What in the database is no longer as the active declaration, or the extension itself, has it; no row where all is well';

DELETE FROM plasma.own_shape;
INSERT INTO plasma.own_shape SELECT * FROM plasma.own_shape_now();

-- Bringing the database to a declaration.

CREATE OR REPLACE FUNCTION plasma.ensure_schema(schema json) RETURNS jsonb
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_apply_ensure_schema';
COMMENT ON FUNCTION plasma.ensure_schema(json) IS
	'Creates or adopts the declared tables, captures their writes and records the declaration; cheap when nothing is missing';

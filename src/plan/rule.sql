CREATE OR REPLACE FUNCTION plasma.rules()
RETURNS TABLE (row_no text, change text, plasma text, strict text, data text,
	check_sql text, code text, breaks_clients text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'plasma_rule_list';
COMMENT ON FUNCTION plasma.rules() IS
	'The truth table by which changes of the schema are judged, under each policy';

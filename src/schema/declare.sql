-- Looking at a declaration before it is put to use.

CREATE OR REPLACE FUNCTION plasma.check_declaration(schema json)
RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_declare_check';
COMMENT ON FUNCTION plasma.check_declaration(json) IS
'The normal form of a declaration, every option and type written out; raises PL002 with all its faults';

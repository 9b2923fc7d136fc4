-- From the tables that are there to a declaration of them.

CREATE OR REPLACE FUNCTION plasma.declare_from_catalog(schemas text[] DEFAULT '{public}')
RETURNS jsonb
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_describe_catalog';
COMMENT ON FUNCTION plasma.declare_from_catalog(text[]) IS
'A declaration of the tables of these schemas as they are: to plan it changes nothing. A NOTICE tells what is left out';

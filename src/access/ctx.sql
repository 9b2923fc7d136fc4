-- Who the caller is, for policies and mutators.

CREATE OR REPLACE FUNCTION plasma.ctx() RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'plasma_ctx_get';
COMMENT ON FUNCTION plasma.ctx() IS
	'What the caller''s authentication found: the ctx of the running request, else the setting request.jwt.claims where a gateway connected, else NULL';

-- The push of a client's outbox.

CREATE OR REPLACE FUNCTION plasma.push(request jsonb) RETURNS json
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_push_call';
COMMENT ON FUNCTION plasma.push(jsonb) IS
	'Runs the mutations of a client, each once; the caller is whom request.jwt.claims or the current role says';

CREATE OR REPLACE FUNCTION plasma.push(request jsonb, ctx jsonb) RETURNS json
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_push_call_ctx';
COMMENT ON FUNCTION plasma.push(jsonb, jsonb) IS
	'Runs the mutations of a client, each once, on behalf of the identity that ctx states; for gateways';

-- The whole sync handler, for any HTTP layer.

CREATE OR REPLACE FUNCTION plasma.http(method text, path text, body text, headers jsonb DEFAULT '{}')
RETURNS plasma.http_response
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_http_serve';
COMMENT ON FUNCTION plasma.http(text, text, text, jsonb) IS
	'Answers an HTTP request to …/push or …/pull; who the caller is comes from the connection. What a retry may cure is raised: answer 503';

CREATE OR REPLACE FUNCTION plasma.http(method text, path text, body text, headers jsonb, ctx jsonb)
RETURNS plasma.http_response
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_http_serve';
COMMENT ON FUNCTION plasma.http(text, text, text, jsonb, jsonb) IS
	'Answers an HTTP request to …/push or …/pull for the caller whom ctx names. What a retry may cure is raised: answer 503';

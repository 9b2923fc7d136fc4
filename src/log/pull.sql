-- What changed since the client's cookie.

CREATE OR REPLACE FUNCTION plasma.pull(request jsonb)
RETURNS json
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_pull_request';
COMMENT ON FUNCTION plasma.pull(jsonb) IS 'Answers a pull request: what changed since its cookie, under the rights of the caller';

CREATE OR REPLACE FUNCTION plasma.pull(request jsonb, ctx jsonb)
RETURNS json
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_pull_request_as';
COMMENT ON FUNCTION plasma.pull(jsonb, jsonb) IS 'Answers a pull request on behalf of the identity that ctx states; for gateways';

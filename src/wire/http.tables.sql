-- What plasma.http answers.

CREATE TYPE plasma.http_response AS (
	status integer,
	headers jsonb,
	body text
);
COMMENT ON TYPE plasma.http_response IS 'An HTTP response: its status, an object of its headers, and its body';

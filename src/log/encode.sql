-- Rows as JSON and keys as text, for the generated triggers.

CREATE OR REPLACE FUNCTION plasma.encode_row("row" record, bigints text[])
RETURNS json
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'plasma_encode_record';
COMMENT ON FUNCTION plasma.encode_row(record, text[]) IS 'The row as a JSON object, the same in every session; columns of type bigint that are named become decimal strings';

CREATE OR REPLACE FUNCTION plasma.encode_key("row" record, relation oid, key text[])
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'plasma_rowid_encode';
COMMENT ON FUNCTION plasma.encode_key(record, oid, text[]) IS 'The id of a row of the relation: the canonical text of its key';

CREATE OR REPLACE FUNCTION plasma.decode_key(row_id text, columns int)
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'plasma_rowid_decode';
COMMENT ON FUNCTION plasma.decode_key(text, int) IS 'The texts of the columns of a key, from the id of a row; NULL when the id is not one of so many columns';

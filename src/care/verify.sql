-- What is wrong with the installation, for those who look after it.

CREATE OR REPLACE FUNCTION plasma.verify()
RETURNS TABLE (code text, severity text, object text, problem text, fix text)
LANGUAGE c STABLE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_verify_show';
COMMENT ON FUNCTION plasma.verify() IS 'What is wrong with plasma in this database and how it is mended; no row where all is well';

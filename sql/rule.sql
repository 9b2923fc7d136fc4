-- The truth table as this build decides it, and the options that choose among
-- its verdicts.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '

SELECT row_no, change, concat_ws('/', plasma, strict, data), code, breaks_clients, check_sql FROM plasma.rules();

-- A row that refuses or asks has a code; one that asks has a check.
SELECT row_no FROM plasma.rules()
WHERE 'check' IN (plasma, strict, data) AND (check_sql IS NULL OR code IS NULL) AND row_no NOT IN ('D7')
	OR 'no' IN (plasma, strict, data) AND code IS NULL;

\pset tuples_only off
\pset format aligned
\set VERBOSITY default
-- Options: every fault at once, each with its path.
SELECT plasma.plan('{"version":"v1","tables":{}}', '[]');
SELECT plasma.plan('{"version":"v1","tables":{}}', '{"policy":"loose","allow":["DS102","DS999",1],"enforce_compat":"yes",
	"propagate":"default","propagate_max_rows":-1,"executor":"run","lock_timeout_ms":1.5,"statement_timeout_ms":"1s",
	"lock_retries":1e9,"max_locked_rows":99999999999999999999,"batch":0,"dry_run":1,"validate":null,"fingerprint":"abc","prune":true}');
SELECT plasma.plan('{"version":"v1","tables":{}}', '{"allow":"DS102"}');
-- What is not said has its default; what is said is taken as it is.
SELECT plasma.plan('{"version":"v1","tables":{}}') -> 'options' AS options;
SELECT plasma.plan('{"version":"v1","tables":{}}', '{"policy":"data","allow":["DS102"],"enforce_compat":true,"propagate":"reset",
	"propagate_max_rows":0,"executor":"plan_sql","lock_timeout_ms":0,"statement_timeout_ms":5,"lock_retries":0,
	"max_locked_rows":0,"batch":1}') -> 'options' AS options;

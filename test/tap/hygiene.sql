-- What every object of plasma must keep to.  Asked of the catalogs, so that an
-- object that is added is looked at without being named here.
BEGIN;
SET LOCAL client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS plasma;
CREATE SCHEMA IF NOT EXISTS tap;
CREATE EXTENSION IF NOT EXISTS pgtap SCHEMA tap;
SET LOCAL search_path = pg_catalog, tap, public;

-- A captured table of every form, so that generated functions are there to look at.
SELECT plasma.ensure_schema('{"version": "hygiene", "tables": {
	"hygiene plain": {"columns": {"id": {"kind": "id"}, "n": {"kind": "int"}}},
	"hygiene bare": {"history": false, "columns": {"id": {"kind": "id"}, "n": {"kind": "bigint"}}}}}')
\g /dev/null

CREATE TEMP VIEW members AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS name
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'plasma';

-- Members, and what plasma generated.
CREATE TEMP VIEW functions AS
SELECT p.*, p.oid::regprocedure::text AS signature, l.lanname,
	EXISTS (SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid) AS is_member
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'plasma'::regnamespace OR p.proname LIKE '\_plasma\_%'
	OR EXISTS (SELECT FROM members m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid);

CREATE TEMP VIEW dumped AS
SELECT unnest(extconfig)::regclass AS relation FROM pg_extension WHERE extname = 'plasma';

SELECT plan(19);

SELECT isnt_empty('SELECT FROM functions WHERE NOT is_member', 'there are generated functions to look at');

SELECT set_eq(
	'SELECT signature FROM functions WHERE prosecdef AND is_member',
	ARRAY['plasma.grant_access(regrole,text)', 'plasma.revoke_access(regrole)'],
	'only these members run with the rights of their owner');
SELECT is_empty(
	$$SELECT signature FROM functions WHERE prosecdef AND NOT is_member
		AND (prorettype <> 'trigger'::regtype OR proname NOT LIKE '\_plasma\_trg\_%')$$,
	'of generated functions only those of triggers run with the rights of their owner');
SELECT is_empty(
	$$SELECT signature, proconfig FROM functions WHERE is_member AND lanname <> 'c' AND prokind <> 'a'
		AND NOT COALESCE(proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
		AND prokind <> 'p' AND signature <> 'plasma.backfill_rows(regclass,text,tid,tid)'$$,
	'a member that is not C has a search path that nobody else can put a name into, procedures that commit and what runs defaults of the application apart');

-- A search path set per call would cost more than the trigger itself; so the text of a
-- generated function must be one that no search path can bend.
CREATE TEMP VIEW generated AS
SELECT signature, lower(regexp_replace(regexp_replace(regexp_replace(prosrc,
	'--[^\n]*', '', 'g'), '''([^'']|'''')*''', '''''', 'g'), 'operator\(pg_catalog\.[^)]+\)', ',', 'gi')) AS body
FROM functions WHERE NOT is_member;
SELECT is_empty(
	$$SELECT signature, operator FROM generated, LATERAL regexp_matches(regexp_replace(body, ':=|\m(errcode|message|detail|hint)\s*=', '', 'g'), '[-+/<>=~!@#%^&|`?]+', 'g') operator
		WHERE operator <> '{#}'$$,
	'a generated function names the schema of each operator');
SELECT is_empty(
	$$SELECT signature, call FROM generated, LATERAL regexp_matches(body, '(?<![.\w"])([a-z_]\w*)\s*\(', 'g') call
		WHERE call[1] NOT IN ('coalesce', 'and', 'or', 'not', 'if', 'from', 'as', 'on', 'values', 'exists', 'row')$$,
	'and of each function');
SELECT is_empty(
	$$SELECT signature, relation FROM generated,
			LATERAL regexp_matches(body, '\m(?:from|join|into|update)\s+(?!only\M)([\w".]+)', 'g') relation
		WHERE relation[1] !~ '^(plasma|pg_catalog)\.' AND relation[1] NOT IN ('plasma_old', 'plasma_new')$$,
	'and of each table, but for the transition tables');
SELECT is_empty(
	$$SELECT signature, type FROM generated, LATERAL regexp_matches(body, '::\s*([\w".]+)', 'g') type
		WHERE type[1] !~ '^pg_catalog\.'$$,
	'and of each type');
SELECT is_empty(
	$$SELECT signature, prosrc FROM functions WHERE lanname = 'c' AND prosrc !~ '^plasma_[a-z]+_[a-z_]+$'$$,
	'C symbols are named plasma_<file>_<verb>');
SELECT is_empty(
	$$SELECT signature FROM functions WHERE lanname NOT IN ('c', 'sql', 'plpgsql') AND prokind <> 'a'$$,
	'nothing is written in a language that the server does not bring');

SELECT is_empty(
	$$SELECT f.signature FROM functions f, aclexplode(COALESCE(f.proacl, acldefault('f', f.proowner))) a
		WHERE a.grantee = 0$$,
	'no function is open to PUBLIC, generated ones included');
SELECT is_empty(
	$$SELECT c.oid::regclass, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.relnamespace = 'plasma'::regnamespace AND a.grantee = 0$$,
	'no table, view or sequence is open to PUBLIC');
SELECT is_empty(
	$$SELECT c.oid::regclass FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
		WHERE c.relnamespace = 'plasma'::regnamespace AND t.attacl IS NOT NULL$$,
	'no column has rights of its own');
SELECT is_empty(
	$$SELECT n.nspname, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
		WHERE n.nspname = 'plasma' AND a.grantee = 0$$,
	'the schema is not open to PUBLIC');
SELECT is_empty(
	$$SELECT t.oid::regtype FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid,
			aclexplode(COALESCE(t.typacl, acldefault('T', t.typowner))) a
		WHERE t.typnamespace = 'plasma'::regnamespace AND a.grantee = 0 AND t.typcategory <> 'A'
			AND (t.typtype <> 'c' OR c.relkind = 'c')$$,
	'no type is open to PUBLIC');

SELECT is_empty(
	$$SELECT m.name FROM members m
		WHERE NOT EXISTS (SELECT FROM pg_description c
				WHERE c.classoid = m.classid AND c.objoid = m.objid AND c.objsubid = 0)
			AND NOT (m.classid = 'pg_class'::regclass AND EXISTS (SELECT FROM pg_class c
				WHERE c.oid = m.objid AND c.relkind IN ('S', 'c')))
			AND NOT (m.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t
				LEFT JOIN pg_class c ON c.oid = t.typrelid
				WHERE t.oid = m.objid AND (t.typcategory = 'A' OR c.relkind IN ('r', 'v'))))$$,
	'every member has a comment; sequences, row types and array types go with their owners');

SELECT set_eq(
	$$SELECT c.relname::text FROM pg_class c
		WHERE c.relnamespace = 'plasma'::regnamespace AND c.relkind IN ('r', 'p')
			AND c.oid NOT IN (SELECT relation FROM dumped)$$,
	ARRAY['changes', 'compactions', 'compacted_rows', 'state', 'readers', 'own_shape'],
	'every table is dumped but the log and what compaction knows of it, the state of this database, when clients were seen and what the extension wrote of itself');
SELECT is_empty(
	$$SELECT d.objid::regclass FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
		WHERE d.classid = 'pg_class'::regclass AND d.refobjid IN (SELECT relation FROM dumped)
			AND d.objid NOT IN (SELECT relation FROM dumped)$$,
	'the sequences of dumped tables are dumped');
SELECT is_empty(
	$$SELECT a.attrelid::regclass, a.attname, a.atttypid::regtype FROM pg_attribute a
			JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid IN (SELECT relation FROM dumped) AND a.attnum > 0 AND NOT a.attisdropped
			AND COALESCE(NULLIF(t.typelem, 0), t.oid) IN ('oid'::regtype, 'xid'::regtype, 'regproc'::regtype,
				'regprocedure'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regnamespace'::regtype,
				'regconfig'::regtype, 'regdictionary'::regtype, 'regcollation'::regtype)$$,
	'no dumped table holds what another database or version reads otherwise');

SELECT * FROM finish();
ROLLBACK;

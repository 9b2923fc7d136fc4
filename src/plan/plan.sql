-- What lies between the database and a declaration.

CREATE OR REPLACE FUNCTION plasma.plan(schema json, options jsonb DEFAULT '{}') RETURNS jsonb
	LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	AS 'MODULE_PATHNAME', 'plasma_plan_show';
COMMENT ON FUNCTION plasma.plan(json, jsonb) IS
	'The plan from the database as it is to a declaration: verdicts, steps, locks; changes nothing, and raises nothing for a refusal';

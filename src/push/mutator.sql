-- Which function push calls for the name of a mutation.

CREATE OR REPLACE FUNCTION plasma.register_mutator(name text, function regprocedure) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_mutator_register';
COMMENT ON FUNCTION plasma.register_mutator(text, regprocedure) IS
	'Lets push call a function for the mutations of a name; a function registered before gives way';

CREATE OR REPLACE FUNCTION plasma.drop_mutator(name text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'plasma_mutator_drop';
COMMENT ON FUNCTION plasma.drop_mutator(text) IS
	'Takes the function of a name away from push; the function itself stays';

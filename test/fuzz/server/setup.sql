-- What the inputs meet: for a single-user server, where an empty line ends a statement.
CREATE EXTENSION plasma;

SELECT plasma.ensure_schema('{"version": "fuzz-v1", "tables": {
	"things": {"columns": {"id": {"kind": "id"}, "title": {"kind": "text", "nullable": true}, "owner": {"kind": "text", "default": "nobody"},
		"rank": {"kind": "int", "default": 0}, "total": {"kind": "bigint", "nullable": true}, "done": {"kind": "boolean", "default": false},
		"data": {"kind": "blob", "nullable": true}, "more": {"kind": "json", "nullable": true}}},
	"parts": {"key": ["thing", "n"], "columns": {"thing": {"kind": "ref", "references": "things", "onDelete": "cascade"}, "n": {"kind": "int"},
		"price": {"kind": "sql", "type": "numeric(10,2)", "nullable": true}, "at": {"kind": "sql", "type": "timestamptz", "nullable": true}}}}}');

INSERT INTO things (id, title, rank) SELECT n, 'thing ' || n, n FROM generate_series(1, 7) AS n;

INSERT INTO parts SELECT n, m, n * m, '2024-01-01' FROM generate_series(1, 3) AS n, generate_series(1, 2) AS m;

CREATE FUNCTION echo(args jsonb, ctx jsonb) RETURNS jsonb LANGUAGE sql AS
	$$ INSERT INTO public.things (id, title, more) VALUES (gen_random_uuid(), ctx ->> 'sub', args::json) RETURNING args $$;

CREATE FUNCTION named(id text, title text DEFAULT NULL, rank int DEFAULT 0, done boolean DEFAULT false) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.things (id, title, rank, done) VALUES (id, title, rank, done) $$;

CREATE FUNCTION fail() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'as asked'; END $$;

SELECT plasma.register_mutator('echo', 'echo(jsonb, jsonb)'), plasma.register_mutator('named', 'named(text, text, int, boolean)'), plasma.register_mutator('fail', 'fail()');

CREATE FUNCTION plasma_fuzz_run(target text, VARIADIC arguments text[]) RETURNS int LANGUAGE c AS '$libdir/plasma', 'plasma_fuzz_run';

-- The type of plasma.origin().

CREATE TYPE plasma.mutation_origin AS (
	client_group_id text,
	client_id text,
	mutation_id bigint
);
COMMENT ON TYPE plasma.mutation_origin IS 'The mutation that a write belongs to';
COMMENT ON COLUMN plasma.mutation_origin.client_group_id IS 'The installation that pushed';
COMMENT ON COLUMN plasma.mutation_origin.client_id IS 'The tab that pushed';
COMMENT ON COLUMN plasma.mutation_origin.mutation_id IS 'Its number, counted by the client';

-- The row trigger of the documented system, with the origin looked up once.
CREATE SCHEMA documented;
CREATE TABLE documented.changes (
	row_version bigserial PRIMARY KEY,
	table_name text NOT NULL,
	row_id text NOT NULL,
	op text NOT NULL,
	value json,
	created_at bigint NOT NULL,
	client_group_id text,
	client_id text,
	mutation_id bigint
);
CREATE TABLE documented.origin (client_group_id text, client_id text, mutation_id bigint);
INSERT INTO documented.origin DEFAULT VALUES;
CREATE TABLE documented.todos (LIKE public.todos INCLUDING ALL);
CREATE FUNCTION documented.todos_insert_fn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO documented.changes (table_name, row_id, op, value, created_at,
		client_group_id, client_id, mutation_id)
	SELECT 'todos', NEW.id, 'put',
		json_build_object('id', NEW.id, 'title', NEW.title, 'done', NEW.done,
			'rank', NEW.rank, 'meta', NEW.meta),
		(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
		o.client_group_id, o.client_id, o.mutation_id
	FROM documented.origin o LIMIT 1;
	RETURN NULL;
END $$;
CREATE TRIGGER todos_insert AFTER INSERT ON documented.todos
	FOR EACH ROW EXECUTE FUNCTION documented.todos_insert_fn();

CREATE FUNCTION create_todo(id text, title text, owner text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF title = '' THEN
		RAISE EXCEPTION 'a todo needs a title' USING ERRCODE = 'check_violation';
	END IF;
	INSERT INTO todos (id, title, owner) VALUES (create_todo.id, create_todo.title, create_todo.owner);
END $$;

CREATE FUNCTION mark_done(id text) RETURNS void LANGUAGE sql AS
	$$ UPDATE todos SET done = true WHERE todos.id = mark_done.id $$;

SELECT plasma.register_mutator('createTodo', 'create_todo(text, text, text)');
SELECT plasma.register_mutator('markDone', 'mark_done(text)');

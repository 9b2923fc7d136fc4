/*
 * predicate.c
 *		Whether a predicate of a declaration is one SQL expression and nothing
 *		more, by the server's own grammar.
 *
 *		The text is going to stand between parentheses in CREATE POLICY.  Parsed
 *		between them it must be one expression; but "true) OR (true" is one as
 *		well.  Parsed without them it must be one expression, too; but "true FROM
 *		t" is part of a SELECT.  What passes both neither leaves the parentheses
 *		nor holds a clause, and a comment at its end ends with the line.
 *
 *		Nothing is looked up here: names and types are resolved when the policy
 *		is made.
 */
#include "postgres.h"

#include "base/spi.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "schema/predicate.h"

typedef struct Trial
{
	const char *sql;
	bool		single;
} Trial;

/*
 * A SELECT of one target without a name, and no other clause: equal to such a
 * one made here, whatever clauses the server knows.
 */
static bool
is_single_expression(List *statements)
{
	SelectStmt *found;
	SelectStmt *bare = makeNode(SelectStmt);
	ResTarget  *target;

	if (list_length(statements) != 1)
		return false;
	found = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(found, SelectStmt) || list_length(found->targetList) != 1)
		return false;
	bare->targetList = found->targetList;
	target = linitial_node(ResTarget, found->targetList);
	return equal(found, bare) && target->name == NULL && target->indirection == NIL;
}

static void
try_parse(void *arg)
{
	Trial	   *trial = arg;

	trial->single = is_single_expression(raw_parser(trial->sql, RAW_PARSE_DEFAULT));
}

const char *
plasma_predicate_fault(const char *text)
{
	Trial		trials[] = {
		{psprintf("SELECT (\n%s\n)", text), false},
		{psprintf("SELECT %s\n", text), false}
	};

	for (int i = 0; i < lengthof(trials); i++)
	{
		ErrorData  *error = plasma_spi_try(try_parse, &trials[i]);

		if (error != NULL)
			return error->message;
		if (!trials[i].single)
			return "it is not a single expression";
	}
	return NULL;
}

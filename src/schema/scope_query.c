/*
 * scope_query.c
 *		What the query of a scope may be: one SELECT that reads, and no more.
 *
 *		Asked twice: of the text, by the grammar alone, and of what analysis has
 *		made of it, at any depth.  Pure but for look-ups of names that analysis
 *		has found.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "log/setting.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "schema/scope.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

typedef struct Reading
{
	const char *text;
	const char *fault;			/* or NULL */
} Reading;

/* The grammar lets INTO stand in the first SELECT of several. */
static const char *
statement_fault(const SelectStmt *select)
{
	ListCell   *cell;

	if (select->lockingClause != NIL)
		return "it locks rows";
	while (select->op != SETOP_NONE)
		select = select->larg;
	if (select->intoClause != NULL)
		return "it makes a table";
	if (select->withClause != NULL)
		foreach(cell, select->withClause->ctes)
			if (!IsA(lfirst_node(CommonTableExpr, cell)->ctequery, SelectStmt))
				return "it writes";
	return NULL;
}

/* A backslash is one in every session. */
RawStmt *
plasma_scope_statement(const char *text)
{
	int			level = plasma_setting_fix(SETTING_STRINGS);
	List	   *statements = raw_parser(text, RAW_PARSE_DEFAULT);

	plasma_setting_restore(level);
	if (list_length(statements) != 1 ||
		!IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		return NULL;
	return linitial_node(RawStmt, statements);
}

static void
read_text(void *arg)
{
	Reading    *reading = arg;
	RawStmt    *statement = plasma_scope_statement(reading->text);

	reading->fault = statement == NULL ? "it is not a single query" :
		statement_fault((SelectStmt *) statement->stmt);
}

char *
plasma_scope_query_fault(const char *text)
{
	Reading		reading = {text, NULL};
	ErrorData  *error = plasma_spi_try(read_text, &reading);

	if (error != NULL)
		return error->message;
	return reading.fault == NULL ? NULL : pstrdup(reading.fault);
}

static bool
is_temporary_function(Oid function, void *context)
{
	return isAnyTempNamespace(get_func_namespace(function));
}

/* The types of what is read are those of tables, functions and operators. */
static bool
makes_temporary_type(Node *node)
{
	Oid			typid;
	HeapTuple	tuple;
	bool		temporary;

	switch (nodeTag(node))
	{
		case T_Const:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_ConvertRowtypeExpr:
		case T_CoerceToDomain:
		case T_RowExpr:
			typid = exprType(node);
			break;
		default:
			return false;
	}
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	temporary = HeapTupleIsValid(tuple) &&
		isAnyTempNamespace(((Form_pg_type) GETSTRUCT(tuple))->typnamespace);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return temporary;
}

/* What no such query may do, at any depth; sets the reason. */
static bool
find_fault(Node *node, void *context)
{
	const char **fault = context;
	ListCell   *cell;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
	{
		if (makes_temporary_type(node))
		{
			*fault = "it has a value of a temporary type";
			return true;
		}
		if (check_functions_in_node(node, is_temporary_function, NULL))
		{
			*fault = "it calls a temporary function";
			return true;
		}
		return expression_tree_walker(node, find_fault, context);
	}
	if (((Query *) node)->rowMarks != NIL)
		*fault = "it locks rows";
	if (((Query *) node)->commandType != CMD_SELECT || ((Query *) node)->hasModifyingCTE)
		*fault = "it writes";
	foreach(cell, ((Query *) node)->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION &&
			isAnyTempNamespace(get_rel_namespace(entry->relid)))
			*fault = "it reads a temporary table";
	}
	return *fault != NULL || query_tree_walker((Query *) node, find_fault, context, 0);
}

const char *
plasma_scope_tree_fault(const Query *query)
{
	const char *fault = NULL;

	find_fault((Node *) query, &fault);
	return fault;
}

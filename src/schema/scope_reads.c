/*
 * scope_reads.c
 *		What the query of a scope reads: tables, and columns of them.
 *
 *		In comes the text of a bound query, which the server keeps no dependencies
 *		of.  What functions and views read beyond it is not looked at: of views,
 *		and of functions that can be looked into, the server knows.
 */
#include "postgres.h"

#include "base/spi.h"
#include "log/setting.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parsetree.h"
#include "schema/scope.h"

typedef struct Look
{
	const char *query;
	List	   *levels;			/* Query *: the innermost first */
	List	   *reads;			/* ScopeRead * */
} Look;

static void
add_read(Look *look, Oid relid, AttrNumber attnum)
{
	ScopeRead  *read = palloc(sizeof(ScopeRead));

	read->relid = relid;
	read->attnum = attnum;
	look->reads = lappend(look->reads, read);
}

static bool find_reads(Node *node, void *context);

/* Of a join only what is used of it, not all that it offers. */
static void
read_variable(Look *look, const Var *var)
{
	List	   *levels = look->levels;
	RangeTblEntry *entry;

	look->levels = list_copy_tail(levels, var->varlevelsup);
	entry = rt_fetch(var->varno, ((Query *) linitial(look->levels))->rtable);
	if (entry->rtekind == RTE_RELATION && var->varattno > 0)
		add_read(look, entry->relid, var->varattno);
	else if (entry->rtekind == RTE_JOIN && var->varattno > 0)
		find_reads(list_nth(entry->joinaliasvars, var->varattno - 1), look);
	look->levels = levels;
}

static void
read_level(Look *look, Query *query)
{
	ListCell   *cell;

	look->levels = lcons(query, look->levels);
	foreach(cell, query->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, cell);

		if (entry->rtekind == RTE_RELATION)
			add_read(look, entry->relid, InvalidAttrNumber);
	}
	query_tree_walker(query, find_reads, look, QTW_IGNORE_JOINALIASES);
	look->levels = list_delete_first(look->levels);
}

static bool
find_reads(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		read_level(context, (Query *) node);
	else if (IsA(node, Var))
		read_variable(context, (Var *) node);
	else
		return expression_tree_walker(node, find_reads, context);
	return false;
}

static void
look_into(void *arg)
{
	Look	   *look = arg;
	int			level = plasma_setting_fix(SETTING_QUERY);

	find_reads((Node *) parse_analyze_fixedparams(plasma_scope_statement(look->query),
												  look->query, NULL, 0, NULL), look);
	plasma_setting_restore(level);
}

List *
plasma_scope_reads(const char *query)
{
	Look		look = {query, NIL, NIL};

	return plasma_spi_try(look_into, &look) == NULL ? look.reads : NIL;
}

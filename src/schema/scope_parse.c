/*
 * scope_parse.c
 *		"scopes" of a declaration, and "scope" of its tables.
 *
 *		In comes JSON, out go ModelScopes and what the tables say of theirs.  What
 *		a query means is looked up when the tables are there (scope_bind.c); here
 *		it is one SELECT by the server's grammar and no more.
 */
#include "postgres.h"

#include "base/text.h"
#include "log/encode.h"
#include "schema/attempt.h"
#include "schema/fault.h"
#include "schema/scope.h"
#include "utils/lsyscache.h"

/* With the columns of a key they make an index. */
#define MAX_SCOPE_COLUMNS	16

/* The log says which slice a row is in as scope:value. */
static void
check_name(FaultList *faults, const FaultPath *path, const char *name)
{
	plasma_fault_name(faults, path, "scope", name);
	if (strchr(name, ':') != NULL)
		plasma_fault_add(faults, path, "the name of a scope has no colon");
}

static void
check_query(FaultList *faults, const FaultPath *path, const char *query)
{
	Attempt    *attempt = plasma_attempt_find(faults, "query", query);

	if (!attempt->done)
		attempt->message = plasma_scope_query_fault(query);
	attempt->done = true;
	if (attempt->message != NULL)
		plasma_fault_add(faults, path, "%s; one SELECT is expected", attempt->message);
}

static ModelScope *
find_scope(const Model *model, const char *name)
{
	ListCell   *cell;

	foreach(cell, model->scopes)
	{
		ModelScope *scope = lfirst(cell);

		if (strcmp(scope->name, name) == 0)
			return scope;
	}
	return NULL;
}

void
plasma_scope_parse(FaultList *faults, Model *model, const JsonNode *node)
{
	const FaultPath *path = plasma_fault_key(NULL, "scopes");

	if (node == NULL)
		return;
	if (node->type != JSON_NODE_OBJECT)
	{
		plasma_fault_add(faults, path, "is %s; an object with a query for each scope is expected",
						 plasma_json_type_name(node));
		return;
	}
	for (int i = 0; i < list_length(node->items); i++)
	{
		char	   *name = list_nth(node->keys, i);
		const JsonNode *query = list_nth(node->items, i);
		const FaultPath *place = plasma_fault_key(path, name);
		ModelScope *scope;

		if (find_scope(model, name) != NULL)
			continue;
		scope = palloc0(sizeof(ModelScope));
		scope->name = name;
		model->scopes = lappend(model->scopes, scope);
		check_name(faults, place, name);
		if (query->type != JSON_NODE_STRING)
		{
			plasma_fault_add(faults, place, "is %s; a query is expected",
							 plasma_json_type_name(query));
			continue;
		}
		scope->query = query->text;
		check_query(faults, place, scope->query);
	}
}

static void
add_column(FaultList *faults, const FaultPath *path, ModelTable *table,
		   const char *name)
{
	ModelColumn *column = plasma_model_column(table, name);
	char	   *quoted = plasma_fault_quote(name);

	if (column == NULL)
		plasma_fault_add(faults, path,
						 "%s is not a column of the table; a declared column is expected",
						 quoted);
	else if (plasma_text_position(table->scope_columns, name) >= 0)
		plasma_fault_add(faults, path,
						 "%s is in the scope already; each column may be in it once", quoted);
	else if (column->encrypted)
		plasma_fault_add(faults, path,
						 "column %s is encrypted; the columns of a scope are not", quoted);
	else
		table->scope_columns = lappend(table->scope_columns, column->name);
}

static void
add_columns(FaultList *faults, const FaultPath *path, ModelTable *table,
			const JsonNode *node)
{
	int			count = list_length(node->items);

	if (node->type == JSON_NODE_STRING)
	{
		add_column(faults, path, table, node->text);
		return;
	}
	if (node->type != JSON_NODE_ARRAY)
	{
		plasma_fault_add(faults, path, "is %s; the name of a column, or an array of names is expected",
						 plasma_json_type_name(node));
		return;
	}
	if (count == 0 || count > MAX_SCOPE_COLUMNS)
		plasma_fault_add(faults, path, "has %d columns; from 1 to %d are allowed",
						 count, MAX_SCOPE_COLUMNS);
	else
		for (int i = 0; i < count; i++)
		{
			const JsonNode *name = list_nth(node->items, i);
			const FaultPath *place = plasma_fault_index(path, i);

			if (name->type == JSON_NODE_STRING)
				add_column(faults, place, table, name->text);
			else
				plasma_fault_add(faults, place, "is %s; the name of a column is expected",
								 plasma_json_type_name(name));
		}
}

/* A string is short for a column of the name of the scope. */
static bool
read_scope(FaultList *faults, const FaultPath *path, const JsonNode *node,
		   const char **name, const JsonNode **columns)
{
	if (node->type == JSON_NODE_STRING)
	{
		*name = node->text;
		*columns = node;
		return true;
	}
	if (node->type == JSON_NODE_OBJECT && list_length(node->keys) == 1)
	{
		*name = linitial(node->keys);
		*columns = linitial(node->items);
		return true;
	}
	if (node->type == JSON_NODE_OBJECT)
		plasma_fault_add(faults, path, "has %d scopes; a table has one",
						 list_length(node->keys));
	else
		plasma_fault_add(faults, path, "is %s; {\"scope\": \"column\"} or the name of a scope is expected",
						 plasma_json_type_name(node));
	return false;
}

void
plasma_scope_parse_table(FaultList *faults, const FaultPath *path, const Model *model,
						 ModelTable *table, const JsonNode *node)
{
	const JsonNode *given = plasma_json_get(node, "scope");
	const JsonNode *columns;
	const ModelScope *scope;
	const char *name;
	int			before;

	if (given == NULL)
		return;
	path = plasma_fault_key(path, "scope");
	if (!read_scope(faults, path, given, &name, &columns))
		return;
	if (given->type == JSON_NODE_OBJECT)
		path = plasma_fault_key(path, name);
	scope = find_scope(model, name);
	if (scope == NULL)
	{
		plasma_fault_add(faults, path, "%s is not a declared scope; the name of one in \"scopes\" is expected",
						 plasma_fault_quote(name));
		return;
	}
	if (table->suppressed)
		plasma_fault_add(faults, path, "a table with \"changeLogSuppressed\": true is not synced and has no scope");
	table->scope = scope->name;
	table->scope_query = scope->query;
	before = list_length(faults->lines);
	add_columns(faults, path, table, columns);
	if (list_length(faults->lines) > before)
		table->scope_columns = NIL;
}

/* An enum is a type of its own, also where it is still to be made. */
static bool
same_type(const ModelColumn *a, const ModelColumn *b)
{
	if (OidIsValid(a->typid) && OidIsValid(b->typid))
		return getBaseType(a->typid) == getBaseType(b->typid);
	if (a->enumeration != NULL && b->enumeration != NULL)
		return strcmp(a->enumeration->name, b->enumeration->name) == 0 &&
			strcmp(a->enumeration->schema, b->enumeration->schema) == 0;
	return a->enumeration == NULL && b->enumeration == NULL;
}

static void
check_column(FaultList *faults, const FaultPath *path, const ModelColumn *column)
{
	Oid			collation = OidIsValid(column->collation) ? column->collation :
		get_typcollation(column->typid);
	const char *fault = column->array ? "it is made of several values" : NULL;

	if (fault == NULL && OidIsValid(column->typid))
		fault = plasma_encode_key_fault(column->typid, collation);
	if (fault != NULL)
		plasma_fault_add(faults, path, "type %s of column %s cannot name a slice: %s",
						 plasma_model_type(column), plasma_fault_quote(column->name), fault);
}

/* Against the first table that has the scope. */
static void
check_table(FaultList *faults, const ModelTable *table, const ModelTable *first)
{
	const FaultPath *path = plasma_fault_key(plasma_fault_key(plasma_fault_key(NULL, "tables"),
															  table->name), "scope");

	if (table != first && list_length(table->scope_columns) != list_length(first->scope_columns))
	{
		plasma_fault_add(faults, path, "has %d columns, but table %s has %d for scope %s; all tables of a scope have as many",
						 list_length(table->scope_columns), plasma_fault_quote(first->name),
						 list_length(first->scope_columns), plasma_fault_quote(table->scope));
		return;
	}
	for (int i = 0; i < list_length(table->scope_columns); i++)
	{
		ModelColumn *column = plasma_model_column(table, list_nth(table->scope_columns, i));
		ModelColumn *other = plasma_model_column(first, list_nth(first->scope_columns, i));

		check_column(faults, path, column);
		if (!same_type(column, other))
			plasma_fault_add(faults, path, "column %s is of type %s, but column %s of table %s of type %s; all tables of a scope have the same types",
							 plasma_fault_quote(column->name), plasma_model_type(column),
							 plasma_fault_quote(other->name), plasma_fault_quote(first->name),
							 plasma_model_type(other));
	}
}

void
plasma_scope_check(FaultList *faults, const Model *model)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, model->scopes)
	{
		const ModelScope *scope = lfirst(cell);
		const ModelTable *first = NULL;
		bool		used = false;

		foreach(inner, model->tables)
		{
			const ModelTable *table = lfirst(inner);

			if (table->scope == NULL || strcmp(table->scope, scope->name) != 0)
				continue;
			used = true;
			if (table->scope_columns == NIL)
				continue;
			if (first == NULL)
				first = table;
			check_table(faults, table, first);
		}
		if (!used)
			plasma_fault_add(faults, plasma_fault_key(plasma_fault_key(NULL, "scopes"), scope->name),
							 "no table has this scope; at least one is expected");
	}
}

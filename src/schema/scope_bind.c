/*
 * scope_bind.c
 *		From the declared query of a scope to one that means the same in every
 *		session.
 *
 *		In come the texts of a model and its tables, out goes for each scope a
 *		query whose names the applying admin's search path has resolved: each is
 *		qualified, operators too, and no temporary object is among them.  So no
 *		search path of whoever pulls bends it.  It lists each slice once, in
 *		the types of the tables' columns, and none that has a null in it.
 *
 *		Analysis looks names up, as the caller; nothing is run, and no right on
 *		rows is asked for: that is for each pull, as its own caller.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/error.h"
#include "base/spi.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "log/encode.h"
#include "log/setting.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "schema/scope.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

typedef struct Binding
{
	const Model *model;
	const SyncScope *stored;	/* or NULL */
	BoundScope *bound;
} Binding;

typedef struct TypesLook
{
	const char *query;
	List	   *types;
} TypesLook;

static Query *
analyse(const char *text)
{
	RawStmt    *statement = plasma_scope_statement(text);

	if (statement == NULL)
		elog(ERROR, "the query of a scope is not a single one");
	return parse_analyze_fixedparams(statement, text, NULL, 0, NULL);
}

static List *
column_types(const Query *query)
{
	List	   *types = NIL;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (!entry->resjunk)
			types = lappend_oid(types, exprType((Node *) entry->expr));
	}
	return types;
}

/* As the database has it, where the table is there. */
static void
read_column(const ModelTable *table, const char *name, Oid *typid, Oid *collation)
{
	const ModelColumn *column = plasma_model_column(table, name);
	HeapTuple	tuple;

	*typid = column->typid;
	*collation = OidIsValid(column->collation) ? column->collation :
		get_typcollation(column->typid);
	if (!OidIsValid(table->relid))
		return;
	tuple = SearchSysCacheAttName(table->relid, name);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name, table->name)));
	*typid = ((Form_pg_attribute) GETSTRUCT(tuple))->atttypid;
	*collation = ((Form_pg_attribute) GETSTRUCT(tuple))->attcollation;
	ReleaseSysCache(tuple);
}

static bool
has_scope(const ModelTable *table, const BoundScope *bound)
{
	return table->scope != NULL && strcmp(table->scope, bound->scope->name) == 0;
}

/* The types of the columns of one table, or why they make no slices. */
static List *
table_types(const ModelTable *table, BoundScope *bound)
{
	List	   *types = NIL;
	ListCell   *cell;

	foreach(cell, table->scope_columns)
	{
		const char *name = lfirst(cell);
		const char *fault;
		Oid			typid;
		Oid			collation;

		read_column(table, name, &typid, &collation);
		fault = OidIsValid(typid) ? plasma_encode_key_fault(typid, collation) : NULL;
		if (fault != NULL)
			bound->fault = psprintf("column \"%s\" of table \"%s\" is of type %s, which cannot name a slice: %s",
									name, table->name, format_type_be(typid), fault);
		types = lappend_oid(types, OidIsValid(typid) ? getBaseType(typid) : InvalidOid);
	}
	return types;
}

/* The text of a slice is the same in all tables if the types are. */
static void
settle_types(const Model *model, BoundScope *bound)
{
	const ModelTable *first = NULL;
	ListCell   *cell;

	foreach(cell, model->tables)
	{
		const ModelTable *table = lfirst(cell);
		List	   *types;

		if (!has_scope(table, bound))
			continue;
		types = table_types(table, bound);
		if (first == NULL)
		{
			first = table;
			bound->types = types;
		}
		else if (!equal(types, bound->types))
			bound->fault = psprintf("its columns are of other types in table \"%s\" than in table \"%s\"",
									table->name, first->name);
	}
}

static bool
is_foreign_type(Oid typid)
{
	typid = getBaseType(typid);
	return typid >= FirstNormalObjectId && !type_is_enum(typid);
}

/*
 * Whether the server would store such a value in the column, by casts of its
 * own: what somebody else's cast makes of a value is anybody's guess.
 */
static bool
is_castable(Oid from, Oid to)
{
	Oid			function = InvalidOid;

	from = getBaseType(from);
	switch (find_coercion_pathway(to, from, COERCION_ASSIGNMENT, &function))
	{
		case COERCION_PATH_RELABELTYPE:
			return from == to || !is_foreign_type(from);
		case COERCION_PATH_FUNC:
			return function < FirstNormalObjectId;
		case COERCION_PATH_COERCEVIAIO:
			return !is_foreign_type(from);
		default:
			return false;
	}
}

static void
check_columns(BoundScope *bound, List *given)
{
	if (list_length(given) != list_length(bound->types))
	{
		bound->fault = psprintf("it has %d columns, but the scope has %d in each table",
								list_length(given), list_length(bound->types));
		return;
	}
	for (int i = 0; i < list_length(given); i++)
	{
		Oid			from = list_nth_oid(given, i);
		Oid			to = list_nth_oid(bound->types, i);

		if (OidIsValid(to) && !is_castable(from, to))
			bound->fault = psprintf("its column %d is of type %s, which does not become %s by itself; a cast in the query is expected",
									i + 1, format_type_be(from), format_type_be(to));
	}
}

/* A text collates by its bytes: two that are equal to a collation are two slices. */
static char *
wrap(const char *query, List *types)
{
	StringInfoData out;
	StringInfoData names;
	StringInfoData conditions;
	ListCell   *cell;

	initStringInfo(&out);
	initStringInfo(&names);
	initStringInfo(&conditions);
	foreach(cell, types)
	{
		int			n = foreach_current_index(cell) + 1;
		Oid			typid = lfirst_oid(cell);

		appendStringInfo(&out, "%s CAST(slices.c%d AS %s)%s AS c%d", n == 1 ? "SELECT DISTINCT" : ",",
						 n, format_type_extended(typid, -1, FORMAT_TYPE_FORCE_QUALIFY),
						 OidIsValid(get_typcollation(typid)) ? " COLLATE pg_catalog.\"C\"" : "", n);
		appendStringInfo(&names, "%sc%d", n == 1 ? "" : ", ", n);
		appendStringInfo(&conditions, "%s slices.c%d IS NOT NULL", n == 1 ? " WHERE" : " AND", n);
	}
	appendStringInfo(&out, " FROM (\n%s\n) slices (%s)%s", query, names.data, conditions.data);
	return out.data;
}

/* Names that a fixed search path does not find are written out. */
static char *
write_query(const Query *query, List *types)
{
	int			level = plasma_setting_fix(SETTING_QUERY);
	char	   *inner = pg_get_querydef(copyObject(unconstify(Query *, query)), false);
	char	   *text = pg_get_querydef(analyse(wrap(inner, types)), false);

	plasma_setting_restore(level);
	return text;
}

/*
 * A query that was bound stays as it was, like that of a view, as long as it is
 * declared in the same words: who applies the declaration once more may have
 * another search path.
 */
static bool
is_kept(BoundScope *bound, const SyncScope *stored)
{
	ErrorData  *error;
	List	   *types;

	if (stored == NULL || stored->declared == NULL ||
		strcmp(stored->declared, bound->scope->query) != 0)
		return false;
	types = plasma_scope_types(stored->query, &error);
	if (error == NULL ? !equal(types, bound->types) :
		error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE)
		return false;
	bound->query = stored->query;
	return true;
}

static void
bind(void *arg)
{
	Binding    *binding = arg;
	BoundScope *bound = binding->bound;
	const char *fault;
	Query	   *query;

	settle_types(binding->model, bound);
	if (bound->fault != NULL || is_kept(bound, binding->stored))
		return;
	query = analyse(bound->scope->query);
	fault = plasma_scope_tree_fault(query);
	if (fault != NULL)
	{
		bound->fault = psprintf("%s; a SELECT that only reads is expected", fault);
		return;
	}
	check_columns(bound, column_types(query));
	if (bound->fault == NULL && !list_member_oid(bound->types, InvalidOid))
		bound->query = write_query(query, bound->types);
}

static BoundScope *
bind_scope(const Model *model, const ModelScope *scope, List *stored)
{
	BoundScope *bound = palloc0(sizeof(BoundScope));
	Binding		binding = {model, plasma_scope_stored(stored, scope->name), bound};
	ErrorData  *error;

	bound->scope = scope;
	error = plasma_spi_try(bind, &binding);
	if (error != NULL)
	{
		bound->query = NULL;
		bound->fault = error->message;
		bound->sqlerrcode = error->sqlerrcode;
	}
	return bound;
}

List *
plasma_scope_bind(const Model *model)
{
	List	   *stored = model->scopes == NIL ? NIL : plasma_scope_read();
	List	   *all = NIL;
	ListCell   *cell;

	foreach(cell, model->scopes)
		all = lappend(all, bind_scope(model, lfirst(cell), stored));
	return all;
}

void
plasma_scope_uphold(List *bound)
{
	List	   *stored = bound == NIL ? NIL : plasma_scope_read();
	ListCell   *cell;

	foreach(cell, bound)
	{
		BoundScope *scope = lfirst(cell);
		const SyncScope *there = plasma_scope_stored(stored, scope->scope->name);

		if (scope->sqlerrcode == 0 || there == NULL || there->declared == NULL ||
			strcmp(there->declared, scope->scope->query) != 0)
			continue;
		scope->query = there->query;
		scope->fault = NULL;
	}
}

void
plasma_scope_raise(List *bound)
{
	StringInfoData detail;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, bound)
	{
		const BoundScope *scope = lfirst(cell);
		const FaultPath *path = plasma_fault_key(plasma_fault_key(NULL, "scopes"),
												 scope->scope->name);

		if (scope->fault != NULL)
			appendStringInfo(&detail, "%s%s: %s", detail.len > 0 ? "\n" : "",
							 plasma_fault_path_text(path), scope->fault);
	}
	if (detail.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_DECLARATION),
				 errmsg("a scope has a query that cannot be used"),
				 errdetail_internal("%s", detail.data),
				 errhint("Correct the query, or make what it names first; this transaction is undone.")));
}

static void
look_at_types(void *arg)
{
	TypesLook  *look = arg;
	int			level = plasma_setting_fix(SETTING_QUERY);

	look->types = column_types(analyse(look->query));
	plasma_setting_restore(level);
}

List *
plasma_scope_types(const char *query, ErrorData **error)
{
	TypesLook	look = {query, NIL};
	ErrorData  *found = plasma_spi_try(look_at_types, &look);

	if (error != NULL)
		*error = found;
	return look.types;
}

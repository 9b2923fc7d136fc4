/*
 * diff.c
 *		Two Models in, a list of changes out.
 *
 *		The second Model is the database, or an older declaration.  What a change
 *		means (a misfit, a step of a migration, a break for old clients) is for
 *		those who asked; here is only what differs (difference.c).  Pure: no
 *		catalog, no SQL.
 */
#include "postgres.h"

#include "schema/diff.h"
#include "schema/difference.h"

static const char *const change_names[CHANGE_KINDS] = {
	[CHANGE_TABLE_ADDED] = "table_added",
	[CHANGE_TABLE_REMOVED] = "table_removed",
	[CHANGE_SCHEMA] = "schema",
	[CHANGE_KEY] = "key",
	[CHANGE_AUTH_READ] = "auth_read",
	[CHANGE_AUTH_WRITE] = "auth_write",
	[CHANGE_SUPPRESSED] = "change_log_suppressed",
	[CHANGE_HISTORY] = "history",
	[CHANGE_SCOPE] = "scope",
	[CHANGE_SCOPE_QUERY] = "scope_query",
	[CHANGE_COLUMN_ADDED] = "column_added",
	[CHANGE_COLUMN_REMOVED] = "column_removed",
	[CHANGE_KIND] = "kind",
	[CHANGE_TYPE] = "type",
	[CHANGE_COLLATION] = "collation",
	[CHANGE_ENUM_ADDED] = "enum_labels_added",
	[CHANGE_ENUM_REMOVED] = "enum_labels_removed",
	[CHANGE_ENUM_ORDER] = "enum_labels_reordered",
	[CHANGE_GENERATED] = "generated",
	[CHANGE_IDENTITY] = "identity",
	[CHANGE_BACKFILL] = "backfill",
	[CHANGE_NULLABLE] = "nullable",
	[CHANGE_UNIQUE] = "unique",
	[CHANGE_DEFAULT] = "default",
	[CHANGE_CHECK] = "check",
	[CHANGE_REFERENCE] = "references",
	[CHANGE_ON_DELETE] = "on_delete",
	[CHANGE_ENFORCED] = "enforced",
	[CHANGE_ENCRYPTED] = "encrypted",
};

const char *
plasma_diff_change_name(ChangeKind kind)
{
	return change_names[kind];
}

static List *
add_change(List *list, ChangeKind kind,
		   const ModelTable *table, const ModelTable *live_table,
		   const ModelColumn *declared, const ModelColumn *live)
{
	Change	   *change = palloc(sizeof(Change));

	change->kind = kind;
	change->table = table;
	change->live_table = live_table;
	change->declared = declared;
	change->live = live;
	return lappend(list, change);
}

/* A new column may be of an enum that is there and lacks some of its labels. */
static List *
compare_existing_enum(List *list, const ModelTable *declared, const ModelTable *live,
					  const ModelColumn *column)
{
	const ModelEnum *type = column->enumeration;

	if (type != NULL && OidIsValid(type->typid) &&
		plasma_difference_labels(type->labels, type->existing))
		list = add_change(list, CHANGE_ENUM_ADDED, declared, live, column, NULL);
	return list;
}

static List *
compare_columns(List *list, const ModelTable *declared, const ModelTable *live,
				DiffSource live_is)
{
	ListCell   *cell;

	foreach(cell, declared->columns)
	{
		ModelColumn *column = lfirst(cell);
		ModelColumn *old = plasma_model_column(live, column->name);

		if (old == NULL)
		{
			list = add_change(list, CHANGE_COLUMN_ADDED, declared, live, column, NULL);
			if (live_is == DIFF_CATALOG)
				list = compare_existing_enum(list, declared, live, column);
			continue;
		}
		for (ChangeKind kind = 0; kind < CHANGE_KINDS; kind++)
			if (plasma_difference_column(kind, live_is, column, old))
				list = add_change(list, kind, declared, live, column, old);
	}
	foreach(cell, live->columns)
	{
		ModelColumn *old = lfirst(cell);

		if (plasma_model_column(declared, old->name) == NULL)
			list = add_change(list, CHANGE_COLUMN_REMOVED, declared, live, NULL, old);
	}
	return list;
}

List *
plasma_diff_compare(const Model *declared, const Model *live, DiffSource live_is)
{
	List	   *list = NIL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, declared->tables)
	{
		ModelTable *table = lfirst(cell);
		ModelTable *old = plasma_model_table(live, table->name);

		if (old == NULL)
		{
			list = add_change(list, CHANGE_TABLE_ADDED, table, NULL, NULL, NULL);
			if (live_is == DIFF_CATALOG)
				foreach(inner, table->columns)
					list = compare_existing_enum(list, table, NULL, lfirst(inner));
			continue;
		}
		for (ChangeKind kind = 0; kind < CHANGE_KINDS; kind++)
			if (plasma_difference_table(kind, live_is, table, old))
				list = add_change(list, kind, table, old, NULL, NULL);
		list = compare_columns(list, table, old, live_is);
	}
	foreach(cell, live->tables)
	{
		ModelTable *old = lfirst(cell);

		if (plasma_model_table(declared, old->name) == NULL)
			list = add_change(list, CHANGE_TABLE_REMOVED, NULL, old, NULL, NULL);
	}
	return list;
}

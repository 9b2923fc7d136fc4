/*
 * diff.c
 *		Two Models in, a list of changes out.
 *
 *		The second Model is the database, or an older declaration.  What a change
 *		means (a misfit, a step of a migration, a break for old clients) is for
 *		those who asked; here is only what differs.  Pure: no catalog, no SQL.
 */
#include "postgres.h"

#include "base/text.h"
#include "schema/diff.h"

typedef bool (*TableDiffers) (const ModelTable *declared, const ModelTable *live);
typedef bool (*ColumnDiffers) (const ModelColumn *declared, const ModelColumn *live);

/* How a change is seen, for each source; NULL where it cannot be. */
typedef struct ChangeOps
{
	TableDiffers table[DIFF_SOURCES];
	ColumnDiffers column[DIFF_SOURCES];
} ChangeOps;

static bool
text_differs(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return strcmp(a, b) != 0;
}

static bool
schema_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->schema, live->schema);
}

/* The order of the columns is the order of the texts in a row's id. */
static bool
key_differs(const ModelTable *declared, const ModelTable *live)
{
	ListCell   *cell;

	if (list_length(declared->key) != list_length(live->key))
		return true;
	foreach(cell, declared->key)
		if (strcmp(lfirst(cell), list_nth(live->key, foreach_current_index(cell))) != 0)
			return true;
	return false;
}

static bool
auth_read_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->auth_read, live->auth_read);
}

static bool
auth_write_differs(const ModelTable *declared, const ModelTable *live)
{
	return text_differs(declared->auth_write, live->auth_write);
}

static bool
suppressed_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->suppressed != live->suppressed;
}

static bool
history_differs(const ModelTable *declared, const ModelTable *live)
{
	return declared->history != live->history;
}

static bool
kind_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->kind != live->kind;
}

static bool
type_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->typid != live->typid || declared->typmod != live->typmod;
}

static bool
nullable_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->nullable != live->nullable;
}

static bool
unique_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->unique != live->unique;
}

static bool
default_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return text_differs(declared->default_sql, live->default_sql);
}

static bool
default_presence_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return (declared->default_sql == NULL) != (live->default_sql == NULL);
}

static bool
reference_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return text_differs(declared->references, live->references);
}

/* What is not enforced is no constraint: a catalog has nothing of it. */
static bool
constraint_differs(const ModelColumn *declared, const ModelColumn *live)
{
	if (!declared->enforced)
		return live->references != NULL;
	return reference_differs(declared, live);
}

static bool
on_delete_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->on_delete != live->on_delete;
}

static bool
constraint_action_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return on_delete_differs(declared, live) && !constraint_differs(declared, live);
}

static bool
encrypted_differs(const ModelColumn *declared, const ModelColumn *live)
{
	return declared->encrypted != live->encrypted;
}

/* Both sources, or a declaration alone. */
#define TABLE_ALWAYS(fn)	{.table = {fn, fn}}
#define TABLE_DECLARED(fn)	{.table = {fn, NULL}}
#define COLUMN_ALWAYS(fn)	{.column = {fn, fn}}
#define COLUMN_DECLARED(fn)	{.column = {fn, NULL}}
#define COLUMN_EACH(declaration, catalog)	{.column = {declaration, catalog}}

static const ChangeOps changes[CHANGE_KINDS] = {
	[CHANGE_SCHEMA] = TABLE_ALWAYS(schema_differs),
	[CHANGE_KEY] = TABLE_ALWAYS(key_differs),
	[CHANGE_AUTH_READ] = TABLE_ALWAYS(auth_read_differs),
	[CHANGE_AUTH_WRITE] = TABLE_ALWAYS(auth_write_differs),
	[CHANGE_SUPPRESSED] = TABLE_DECLARED(suppressed_differs),
	[CHANGE_HISTORY] = TABLE_DECLARED(history_differs),
	[CHANGE_KIND] = COLUMN_DECLARED(kind_differs),
	[CHANGE_TYPE] = COLUMN_ALWAYS(type_differs),
	[CHANGE_NULLABLE] = COLUMN_ALWAYS(nullable_differs),
	[CHANGE_UNIQUE] = COLUMN_ALWAYS(unique_differs),
	[CHANGE_DEFAULT] = COLUMN_EACH(default_differs, default_presence_differs),
	[CHANGE_REFERENCE] = COLUMN_EACH(reference_differs, constraint_differs),
	[CHANGE_ON_DELETE] = COLUMN_EACH(on_delete_differs, constraint_action_differs),
	[CHANGE_ENCRYPTED] = COLUMN_DECLARED(encrypted_differs),
};

static const char *const change_names[CHANGE_KINDS] = {
	[CHANGE_TABLE_ADDED] = "table_added",
	[CHANGE_TABLE_REMOVED] = "table_removed",
	[CHANGE_SCHEMA] = "schema",
	[CHANGE_KEY] = "key",
	[CHANGE_AUTH_READ] = "auth_read",
	[CHANGE_AUTH_WRITE] = "auth_write",
	[CHANGE_SUPPRESSED] = "change_log_suppressed",
	[CHANGE_HISTORY] = "history",
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
			continue;
		}
		for (ChangeKind kind = 0; kind < CHANGE_KINDS; kind++)
			if (changes[kind].column[live_is] != NULL &&
				changes[kind].column[live_is] (column, old))
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

	foreach(cell, declared->tables)
	{
		ModelTable *table = lfirst(cell);
		ModelTable *old = plasma_model_table(live, table->name);

		if (old == NULL)
		{
			list = add_change(list, CHANGE_TABLE_ADDED, table, NULL, NULL, NULL);
			continue;
		}
		for (ChangeKind kind = 0; kind < CHANGE_KINDS; kind++)
			if (changes[kind].table[live_is] != NULL &&
				changes[kind].table[live_is] (table, old))
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

/*
 * compare.c
 *		What a declaration changes: two diffs become one list.
 *
 *		The catalog says what there is to do, the active declaration what clients
 *		and the application rely on.  A column that only the catalog has was
 *		never declared; one that only the declarations differ in is already as it
 *		is declared.  No change is in the list twice.  Pure.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/compare.h"
#include "schema/fault.h"

/* A change with its place in the order of the list, which no other one has. */
typedef struct Placed
{
	int			table;
	int			column;
	PlanChange	change;
} Placed;

typedef struct Merging
{
	const PlanInput *input;
	Model	   *past;			/* the active declaration, or an empty one */
	List	   *placed;			/* Placed * */
} Merging;

static int
table_position(const Model *model, const char *name)
{
	ListCell   *cell;

	foreach(cell, model->tables)
		if (strcmp(((ModelTable *) lfirst(cell))->name, name) == 0)
			return foreach_current_index(cell);
	return -1;
}

static int
column_position(const ModelTable *table, const char *name)
{
	ListCell   *cell;

	if (table != NULL)
		foreach(cell, table->columns)
			if (strcmp(((ModelColumn *) lfirst(cell))->name, name) == 0)
				return foreach_current_index(cell);
	return -1;
}

static const LiveTable *
live_of(List *live, const char *name)
{
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);

		if (strcmp(table->declared->name, name) == 0)
			return table;
	}
	return NULL;
}

static const ModelColumn *
column_of(const ModelTable *table, const char *name)
{
	return table && name ? plasma_model_column(table, name) : NULL;
}

/* Removed tables come after the declared ones, as they were declared. */
static int
place_table(const Merging *merging, const char *name)
{
	int			position = table_position(merging->input->declared, name);

	if (position >= 0)
		return position;
	return list_length(merging->input->declared->tables) +
		table_position(merging->past, name);
}

/* The table itself first, then its columns, those that were removed last. */
static int
place_column(const PlanChange *change, const char *name)
{
	int			position;
	int			known = change->table ? list_length(change->table->columns) : 0;

	if (name == NULL)
		return -1;
	position = column_position(change->table, name);
	if (position >= 0)
		return position;
	position = column_position(change->past_table, name);
	if (position >= 0)
		return known + position;
	known += change->past_table ? list_length(change->past_table->columns) : 0;
	return known + column_position(change->live_table, name);
}

static void
set_target(const PlanInput *input, PlanChange *change)
{
	const char *name = change->declared ? change->declared->references : NULL;
	const LiveTable *live = name ? live_of(input->live, name) : NULL;

	change->target = name ? plasma_model_table(input->declared, name) : NULL;
	change->live_target = live ? live->table : NULL;
}

static Placed *
find(const Merging *merging, const Placed *like)
{
	ListCell   *cell;

	foreach(cell, merging->placed)
	{
		Placed	   *placed = lfirst(cell);

		if (placed->table == like->table && placed->column == like->column &&
			placed->change.kind == like->change.kind)
			return placed;
	}
	return NULL;
}

/* The entry of the list for a change of either diff, made if it is not there. */
static PlanChange *
entry_for(Merging *merging, const Change *change)
{
	const ModelTable *table = change->table ? change->table : change->live_table;
	const ModelColumn *column = change->declared ? change->declared : change->live;
	const char *name = column ? column->name : NULL;
	Placed	   *placed = palloc0(sizeof(Placed));
	PlanChange *entry = &placed->change;
	Placed	   *found;

	entry->kind = change->kind;
	entry->at = live_of(merging->input->live, table->name);
	entry->table = plasma_model_table(merging->input->declared, table->name);
	entry->live_table = entry->at ? entry->at->table : NULL;
	entry->past_table = plasma_model_table(merging->past, table->name);
	entry->declared = column_of(entry->table, name);
	entry->live = column_of(entry->live_table, name);
	entry->past = column_of(entry->past_table, name);
	set_target(merging->input, entry);
	placed->table = place_table(merging, table->name);
	placed->column = place_column(entry, name);

	found = find(merging, placed);
	if (found != NULL)
		return &found->change;
	merging->placed = lappend(merging->placed, placed);
	return entry;
}

/*
 * A type that was taken from the database instead of the declared one is not
 * what the active declaration is compared with: the kinds are.
 */
static bool
is_settled(const Change *change)
{
	return change->kind == CHANGE_TYPE && change->declared->accepted;
}

/*
 * What generated values by declaration and still does: the diff with the
 * catalog takes it for the application's.
 */
static bool
still_generates(const PlanChange *change)
{
	if (change->declared == NULL || change->live == NULL || change->past == NULL)
		return false;
	if (change->kind == CHANGE_GENERATED)
		return change->past->generated != NULL &&
			change->declared->generated == NULL && change->live->generated != NULL;
	return change->kind == CHANGE_IDENTITY &&
		change->past->identity != IDENTITY_NONE &&
		change->declared->identity == IDENTITY_NONE &&
		change->live->identity != IDENTITY_NONE;
}

/* The query of a scope is one for all tables that have it. */
static bool
is_told_of_another_table(List *changes, const PlanChange *change)
{
	ListCell   *cell;

	if (change->kind != CHANGE_SCOPE_QUERY)
		return false;
	foreach(cell, changes)
	{
		const PlanChange *other = lfirst(cell);

		if (other->kind == CHANGE_SCOPE_QUERY &&
			strcmp(other->table->scope, change->table->scope) == 0)
			return true;
	}
	return false;
}

static int
by_place(const ListCell *a, const ListCell *b)
{
	const Placed *left = lfirst(a);
	const Placed *right = lfirst(b);

	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	return (int) left->change.kind - (int) right->change.kind;
}

List *
plasma_compare_models(const PlanInput *input)
{
	Merging		merging = {input, input->active, NIL};
	List	   *changes = NIL;
	ListCell   *cell;

	if (merging.past == NULL)
		merging.past = palloc0(sizeof(Model));
	foreach(cell, plasma_diff_compare(input->declared,
									  plasma_introspect_model(input->live), DIFF_CATALOG))
		entry_for(&merging, lfirst(cell))->in_catalog = true;
	foreach(cell, plasma_diff_compare(input->declared, merging.past, DIFF_DECLARATION))
		if (!is_settled(lfirst(cell)))
			entry_for(&merging, lfirst(cell))->in_declaration = true;

	list_sort(merging.placed, by_place);
	foreach(cell, merging.placed)
	{
		PlanChange *change = &((Placed *) lfirst(cell))->change;

		change->in_catalog = change->in_catalog || still_generates(change);
		if (!is_told_of_another_table(changes, change))
			changes = lappend(changes, change);
	}
	return changes;
}

/* The key of a table's object that a change is about, and the one in it; or NULL. */
static void
table_keys(ChangeKind kind, const char **key, const char **inner)
{
	*key = *inner = NULL;
	switch (kind)
	{
		case CHANGE_SCHEMA:
			*key = "schema";
			break;
		case CHANGE_KEY:
			*key = "key";
			break;
		case CHANGE_AUTH_READ:
			*key = "auth";
			*inner = "read";
			break;
		case CHANGE_AUTH_WRITE:
			*key = "auth";
			*inner = "write";
			break;
		case CHANGE_SUPPRESSED:
			*key = "changeLogSuppressed";
			break;
		case CHANGE_HISTORY:
			*key = "history";
			break;
		case CHANGE_SCOPE:
			*key = "scope";
			break;
		default:
			break;
	}
}

char *
plasma_compare_path(const PlanChange *change)
{
	const ModelTable *table = change->table ? change->table :
		change->past_table ? change->past_table : change->live_table;
	const ModelColumn *column = change->declared ? change->declared :
		change->past ? change->past : change->live;
	const FaultPath *path = plasma_fault_key(plasma_fault_key(NULL, "tables"), table->name);
	const char *key;
	const char *inner;

	if (change->kind == CHANGE_SCOPE_QUERY)
		return plasma_fault_path_text(plasma_fault_key(plasma_fault_key(NULL, "scopes"),
													   table->scope));
	table_keys(change->kind, &key, &inner);
	if (column != NULL)
		path = plasma_fault_key(plasma_fault_key(path, "columns"), column->name);
	if (key != NULL)
		path = plasma_fault_key(path, key);
	if (inner != NULL)
		path = plasma_fault_key(path, inner);
	return plasma_fault_path_text(path);
}

static bool
mentions(const char *sql, List *labels)
{
	ListCell   *cell;

	if (sql == NULL)
		return false;
	foreach(cell, labels)
		if (strstr(sql, plasma_text_literal(lfirst(cell))) != NULL)
			return true;
	return false;
}

static bool
column_mentions(const ModelColumn *column, List *labels)
{
	return column != NULL &&
		(mentions(column->default_sql, labels) || mentions(column->generated, labels));
}

static List *
new_labels(const PlanChange *change)
{
	List	   *labels = NIL;
	ListCell   *cell;

	foreach(cell, change->declared->enumeration->labels)
		if (plasma_text_position(change->live->enumeration->labels, lfirst(cell)) < 0)
			labels = lappend(labels, lfirst(cell));
	return labels;
}

bool
plasma_compare_names_new_labels(List *changes, const PlanChange *change)
{
	List	   *labels = new_labels(change);
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, changes)
	{
		PlanChange *other = lfirst(cell);

		if (other->table == NULL || !other->in_catalog)
			continue;
		if (mentions(other->table->auth_read, labels) ||
			mentions(other->table->auth_write, labels) ||
			column_mentions(other->declared, labels))
			return true;
		if (other->kind == CHANGE_TABLE_ADDED)
			foreach(inner, other->table->columns)
				if (column_mentions(lfirst(inner), labels))
					return true;
	}
	return false;
}

/*
 * finding.c
 *		Issues that are not of one change to what is declared: of what is found
 *		under a name, of what hangs on it, of two changes that may be one.
 *
 *		Pure but for reading catalogs.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/text.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "miscadmin.h"
#include "plan/finding.h"
#include "plan/probe.h"
#include "plan/rule.h"
#include "plan/words.h"
#include "schema/breaking.h"
#include "schema/depend.h"
#include "schema/fault.h"
#include "schema/obstacle.h"
#include "utils/lsyscache.h"

static const FaultPath *
table_path(const char *table)
{
	return plasma_fault_key(plasma_fault_key(NULL, "tables"), table);
}

static const FaultPath *
column_path(const char *table, const char *column)
{
	return plasma_fault_key(plasma_fault_key(table_path(table), "columns"), column);
}

static Issue *
found(const char *code, Severity severity, const char *row, const char *table,
	  const char *column, const IssueWords *words)
{
	const FaultPath *path = column ? column_path(table, column) : table_path(table);

	return plasma_issue_make(code, severity, row, table, column,
							 plasma_fault_path_text(path), NULL, words);
}

/* Some codes stand for what the truth table has several rows for. */
static const char *
row_of(const LiveTable *live, const Obstacle *obstacle)
{
	if (strcmp(obstacle->code, "UN101") == 0 && live->table != NULL)
		return "T13";
	if (strcmp(obstacle->code, "UN103") == 0 && (live->partition || live->foreign_partition))
		return "T11";
	return plasma_rule_of_code(obstacle->code);
}

static Issue *
refusal(const Obstacle *obstacle, const char *row, const char *table)
{
	IssueWords	words = {.x = obstacle->what};
	Issue	   *issue = found(obstacle->code, SEVERITY_REFUSE, row, table,
							  obstacle->column, &words);

	issue->fix = obstacle->fix;
	return issue;
}

List *
plasma_finding_obstacles(const LiveTable *live)
{
	List	   *issues = NIL;
	ListCell   *cell;

	foreach(cell, plasma_obstacle_find(live))
		issues = lappend(issues, refusal(lfirst(cell), row_of(live, lfirst(cell)),
										 live->declared->name));
	return issues;
}

Issue *
plasma_finding_owner(const RegistryEntry *entry)
{
	if (get_rel_name(entry->relid) == NULL ||
		object_ownercheck(RelationRelationId, entry->relid, GetUserId()))
		return NULL;
	return refusal(plasma_obstacle_of_owner(entry->relid), plasma_rule_of_code("UN105"),
				   entry->name);
}

List *
plasma_finding_accepted(const PlanInput *input, const LiveTable *live)
{
	const ModelTable *table = live->declared;
	const ModelTable *past = input->active ? plasma_model_table(input->active, table->name) : NULL;
	List	   *issues = NIL;
	ListCell   *cell;

	if (live->table == NULL)
		return NIL;
	if (past == NULL && table->key != NIL && live->table->key != NIL &&
		!plasma_probe_has_primary_key(live->relid))
		issues = lappend(issues, found("AD102", SEVERITY_INFO, "P2", table->name, NULL, NULL));
	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);
		IssueWords	words = {NULL};

		if (!column->accepted || (past && plasma_model_column(past, column->name)))
			continue;
		words.x = plasma_words_type(column);
		words.b = plasma_kind_ops(column->kind)->name;
		issues = lappend(issues, found("AD102", SEVERITY_INFO, "P3", table->name,
									   column->name, &words));
	}
	return issues;
}

/* The foreign key of a column that leaves, as the server describes it. */
static void
forget_foreign_key(List **objects, const ModelTable *table, const ModelColumn *column)
{
	const char *name = column->facts ? column->facts->foreign_key : NULL;
	ObjectAddress address;
	int			position;

	if (name == NULL)
		return;
	ObjectAddressSet(address, ConstraintRelationId,
					 get_relation_constraint_oid(table->relid, name, true));
	if (!OidIsValid(address.objectId))
		return;
	position = plasma_text_position(*objects, getObjectDescription(&address, false));
	if (position >= 0)
		*objects = list_delete_nth_cell(*objects, position);
}

static bool
drops_foreign_key(const PlanChange *change)
{
	switch (change->kind)
	{
		case CHANGE_COLUMN_REMOVED:
			return change->in_declaration;
		case CHANGE_REFERENCE:
		case CHANGE_ENFORCED:
			return change->accepted && !change->declared->enforced;
		default:
			return false;
	}
}

/* What goes in the same plan, and before, keeps nothing. */
static List *
blockers_of(List *changes, Oid relid, AttrNumber attnum)
{
	List	   *objects = plasma_depend_blockers(relid, attnum);
	int			level = NewGUCNestLevel();
	ListCell   *cell;
	ListCell   *inner;

	/* Descriptions are compared: they name objects as those in the list do. */
	RestrictSearchPath();
	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->live_table == NULL)
			continue;
		if (change->live != NULL && drops_foreign_key(change))
			forget_foreign_key(&objects, change->live_table, change->live);
		if (change->kind == CHANGE_TABLE_REMOVED)
			foreach(inner, change->live_table->columns)
				forget_foreign_key(&objects, change->live_table, lfirst(inner));
	}
	AtEOXact_GUC(false, level);
	return objects;
}

static List *
tell_objects(const PlanChange *change, Severity severity, const char *row, List *objects)
{
	IssueWords	words = {.x = plasma_words_list(objects)};

	if (objects == NIL)
		return NIL;
	return list_make1(found("UN108", severity, row, plasma_words_table(change),
							plasma_words_column(change), &words));
}

/*
 * Labels leave a type when another one takes its place, for all that have it.
 * So do new ones come that are named in the same transaction.
 */
static bool
replaces_type(const PlanOptions *options, List *changes, const PlanChange *change)
{
	switch (change->kind)
	{
		case CHANGE_ENUM_REMOVED:
		case CHANGE_ENUM_ORDER:
			return true;
		case CHANGE_ENUM_ADDED:
			return options->executor == EXECUTOR_RUN &&
				plasma_compare_names_new_labels(changes, change);
		default:
			return false;
	}
}

static List *
users_of_type(const PlanInput *input, Oid typid)
{
	List	   *relids = NIL;
	ListCell   *cell;

	foreach(cell, input->live)
	{
		LiveTable  *at = lfirst(cell);

		if (at->table != NULL)
			relids = lappend_oid(relids, at->relid);
	}
	return plasma_depend_type_users(typid, relids);
}

List *
plasma_finding_dependents(const PlanInput *input, const PlanOptions *options,
						  List *changes, const PlanChange *change)
{
	const ColumnFacts *facts = change->live ? change->live->facts : NULL;
	Oid			relid = change->live_table ? change->live_table->relid : InvalidOid;

	if (!OidIsValid(relid) || !change->in_catalog)
		return NIL;
	if (change->kind == CHANGE_TABLE_REMOVED)
		return tell_objects(change, SEVERITY_REFUSE, "D6", blockers_of(changes, relid, 0));
	if (facts == NULL)
		return NIL;
	if (change->kind == CHANGE_TYPE)
		return tell_objects(change, SEVERITY_REFUSE, "Y6",
							blockers_of(changes, relid, facts->attnum));
	if (replaces_type(options, changes, change))
		return tell_objects(change, SEVERITY_REFUSE, "Y6",
							list_concat(blockers_of(changes, relid, facts->attnum),
										users_of_type(input, change->live->enumeration->typid)));
	if (change->kind != CHANGE_COLUMN_REMOVED)
		return NIL;
	return list_concat(tell_objects(change, SEVERITY_REFUSE, "D6",
									blockers_of(changes, relid, facts->attnum)),
					   tell_objects(change, SEVERITY_WARNING, "D7",
									plasma_depend_lost(relid, facts->attnum)));
}

static bool
same_columns(const ModelTable *a, const ModelTable *b)
{
	ListCell   *cell;

	if (list_length(a->columns) != list_length(b->columns))
		return false;
	foreach(cell, a->columns)
	{
		ModelColumn *column = lfirst(cell);
		ModelColumn *other = plasma_model_column(b, column->name);

		if (other == NULL || !plasma_breaking_same_form(column, other))
			return false;
	}
	return true;
}

/* Seen by clients and in the database. */
static bool
is_in_both(const PlanChange *change, ChangeKind kind)
{
	return change->kind == kind && change->in_catalog && change->in_declaration;
}

static const PlanChange *
renamed_table(List *changes, const PlanChange *removed)
{
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);

		if (is_in_both(change, CHANGE_TABLE_ADDED) &&
			same_columns(removed->past_table, change->table))
			return change;
	}
	return NULL;
}

static bool
same_kind(const ModelColumn *a, const ModelColumn *b)
{
	return a->kind == b->kind && a->typid == b->typid && a->typmod == b->typmod;
}

/*
 * With several candidates none is the one.  Those count that are in the database
 * already: migrate makes one after the other.
 */
static const PlanChange *
renamed_column(List *changes, const PlanChange *removed)
{
	const PlanChange *candidate = NULL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->at != removed->at || change == removed)
			continue;
		if (is_in_both(change, CHANGE_COLUMN_REMOVED) &&
			same_kind(change->past, removed->past))
			return NULL;
		if (change->kind != CHANGE_COLUMN_ADDED || !change->in_declaration ||
			!same_kind(change->declared, removed->past))
			continue;
		if (candidate != NULL)
			return NULL;
		candidate = change;
	}
	return candidate != NULL && candidate->in_catalog ? candidate : NULL;
}

const PlanChange *
plasma_finding_rename(List *changes, const PlanChange *removed)
{
	if (!is_in_both(removed, removed->kind))
		return NULL;
	if (removed->kind == CHANGE_TABLE_REMOVED)
		return renamed_table(changes, removed);
	if (removed->kind == CHANGE_COLUMN_REMOVED)
		return renamed_column(changes, removed);
	return NULL;
}

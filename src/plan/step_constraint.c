/*
 * step_constraint.c
 *		Steps for unique columns and for the checks of kinds.
 *
 *		A unique column has a constraint with the server's own name for it,
 *		whichever executor made it.  One that is built beside the writers is an
 *		index with a name of plasma's own until it is valid, so that an
 *		interrupted run is known by it.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"
#include "utils/lsyscache.h"

/* Outside of any transaction where that can be, else inside of one. */
static StepStatement *
index_statement(char *sql, char *undo, char *sql_inside, char *undo_inside,
				Oid relid, LOCKMODE inside)
{
	StepStatement *statement =
		plasma_step_statement(sql, undo, plasma_step_lock(NIL, relid, ShareUpdateExclusiveLock));

	statement->tx = TX_NONE;
	statement->instead = plasma_step_statement(sql_inside, undo_inside,
											   plasma_step_lock(NIL, relid, inside));
	return statement;
}

static StepStatement *
drop_invalid(const ModelTable *table, Oid relid, const char *index)
{
	return index_statement(plasma_ddl_drop_index(table, index, true), NULL,
						   plasma_ddl_drop_index(table, index, false), NULL,
						   relid, AccessExclusiveLock);
}

static StepStatement *
build_index(const ModelTable *table, Oid relid, const char *column, const char *index)
{
	StepStatement *statement =
		index_statement(plasma_ddl_create_unique_index(table, column, index, true),
						plasma_ddl_drop_index(table, index, true),
						plasma_ddl_create_unique_index(table, column, index, false),
						plasma_ddl_drop_index(table, index, false),
						relid, ShareLock);

	statement->scans = true;
	statement->instead->scans = true;
	return statement;
}

/* One that is free: indexes of a schema share their names. */
static char *
unfinished_name(StepMaker *maker, const ModelTable *table, const ModelColumn *column)
{
	ModelTable	named = *table;

	named.name = psprintf("%s_%s", MODEL_UNFINISHED_UNIQUE, table->name);
	return plasma_ddl_choose_name(&named, column, "key", &maker->names);
}

/* The server's own name for it, which an index that goes first does not take. */
static char *
constraint_name(StepMaker *maker, const ModelTable *table, const ModelColumn *column,
				const ColumnFacts *facts)
{
	char	   *name = makeObjectName(table->name, column->name, "key");

	if (facts != NULL && facts->invalid_unique != NULL &&
		strcmp(facts->invalid_unique, name) == 0)
		return name;
	return plasma_ddl_choose_name(table, column, "key", &maker->names);
}

static StepStatement *
adopt_index(const ModelTable *table, Oid relid, const char *name, const char *index)
{
	return plasma_step_statement(plasma_ddl_adopt_unique_index(table, name, index),
								 plasma_ddl_drop_constraint(table, name),
								 plasma_step_lock(NIL, relid, AccessExclusiveLock));
}

static void
add_unique(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const ModelColumn *column = change->declared;
	const ColumnFacts *facts = change->live ? change->live->facts : NULL;
	Oid			relid = change->at->relid;
	PlanStep   *step = plasma_step_add(maker, change, "add_unique");
	char	   *name = constraint_name(maker, table, column, facts);
	List	   *locks = plasma_step_lock(NIL, relid, ShareLock);
	StepStatement *statement;
	char	   *index;

	if (facts != NULL && facts->unfinished_unique != NULL)
	{
		step->direct = list_make1(adopt_index(table, relid, name, facts->unfinished_unique));
		return;
	}
	statement = plasma_step_statement(plasma_ddl_add_unique(table, column->name, name),
									  plasma_ddl_drop_constraint(table, name),
									  plasma_step_lock_only(locks, relid, AccessExclusiveLock));
	statement->scans = true;
	step->direct = list_make1(statement);
	if (facts != NULL && facts->invalid_unique != NULL)
	{
		statement = drop_invalid(table, relid, facts->invalid_unique);
		step->direct = lcons(statement->instead, step->direct);
		step->online = list_make1(statement);
	}
	if (change->at->relkind == RELKIND_PARTITIONED_TABLE)
	{
		step->online = NIL;
		return;
	}
	index = unfinished_name(maker, table, column);
	step->online = lappend(step->online, build_index(table, relid, column->name, index));
	step->online = lappend(step->online, adopt_index(table, relid, name, index));
}

static void
drop_unique(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->live_table;
	const ModelColumn *live = change->live;
	const ColumnFacts *facts = live->facts;
	PlanStep   *step;
	char	   *undo;

	if (facts->unique_name == NULL)
		return;
	step = plasma_step_add(maker, change, "drop_unique");
	undo = facts->unique_constraint ?
		plasma_ddl_add_unique(table, live->name, facts->unique_name) :
		plasma_ddl_create_unique_index(table, live->name, facts->unique_name, false);
	step->direct = list_make1(plasma_step_statement(facts->unique_constraint ?
													plasma_ddl_drop_constraint(table, facts->unique_name) :
													plasma_ddl_drop_index(table, facts->unique_name, false),
													undo,
													plasma_step_lock(NIL, table->relid,
																	 AccessExclusiveLock)));
}

void
plasma_step_unique(StepMaker *maker, const PlanChange *change)
{
	if (change->declared->unique)
		add_unique(maker, change);
	else
		drop_unique(maker, change);
}

void
plasma_step_check(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const ModelColumn *column = change->declared;
	const ColumnFacts *facts = change->live->facts;
	char	   *condition = plasma_model_check(column);
	StepStatement *statement;
	PlanStep   *step;
	char	   *name;

	if (condition == NULL)
		return;
	if (facts->check != NULL)
	{
		step = plasma_step_add(maker, change, "validate_check");
		step->direct = list_make1(plasma_step_validate(change, facts->check));
		return;
	}
	name = plasma_ddl_choose_name(table, column, plasma_ddl_check_label(column), &maker->names);
	step = plasma_step_add(maker, change, "add_check");
	statement = plasma_step_own(change, plasma_ddl_add_check(table, condition, name, false),
								plasma_ddl_drop_constraint(table, name));
	statement->scans = true;
	step->direct = list_make1(statement);
	step->online = list_make2(plasma_step_own(change,
											  plasma_ddl_add_check(table, condition, name, true),
											  plasma_ddl_drop_constraint(table, name)),
							  plasma_step_validate(change, name));
}

/*
 * The check of the kind that the column had would refuse values of the one
 * that it gets.
 */
void
plasma_step_old_check(StepMaker *maker, const PlanChange *change)
{
	char	   *old = change->past ? plasma_model_check(change->past) : NULL;
	char	   *new = plasma_model_check(change->declared);
	PlanStep   *step;
	char	   *name;

	if (old == NULL || change->live_table == NULL || (new != NULL && strcmp(old, new) == 0))
		return;
	name = makeObjectName(change->live_table->name, change->past->name,
						  plasma_ddl_check_label(change->past));
	if (!ConstraintNameIsUsed(CONSTRAINT_RELATION, change->live_table->relid, name))
		return;
	step = plasma_step_add(maker, change, "drop_check");
	step->direct = list_make1(plasma_step_statement(plasma_ddl_drop_constraint(change->live_table, name),
													NULL,
													plasma_step_lock(NIL, change->live_table->relid,
																	 AccessExclusiveLock)));
}

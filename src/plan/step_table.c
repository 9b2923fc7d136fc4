/*
 * step_table.c
 *		Steps that make and remove whole tables.
 */
#include "postgres.h"

#include "plan/step_maker.h"
#include "schema/ddl.h"

/*
 * Foreign keys come when all tables are there, since they may go round in
 * circles; policies likewise, which may name any table.
 */
void
plasma_step_create_table(StepMaker *maker, const PlanChange *change)
{
	PlanStep   *step = plasma_step_add(maker, change, "create_table");
	char	   *index;
	ListCell   *cell;

	step->direct = list_make1(plasma_step_statement(plasma_ddl_create_table(change->table),
													plasma_ddl_drop_table(change->table),
													NIL));
	index = plasma_ddl_scope_index(change->table, &maker->names);
	if (index != NULL)
		step->direct = lappend(step->direct, plasma_step_statement(index, NULL, NIL));
	foreach(cell, change->table->columns)
	{
		ModelColumn *column = lfirst(cell);

		plasma_step_create_type(maker, change, column);
		if (column->references != NULL && column->enforced)
			plasma_step_add_foreign_key(maker, change, column);
	}
	if (change->table->auth_read != NULL || change->table->auth_write != NULL)
		plasma_step_first_policies(maker, change);
}

static bool
leaves(const StepMaker *maker, const char *name)
{
	ListCell   *cell;

	foreach(cell, maker->changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->kind == CHANGE_TABLE_REMOVED && change->accepted &&
			change->live_table != NULL && strcmp(change->live_table->name, name) == 0)
			return true;
	}
	return false;
}

/*
 * Tables that refer to others are dropped before these.  Where tables that leave
 * refer to each other in a circle, a foreign key of it goes before all of them.
 */
static void
drop_foreign_keys(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->live_table;
	List	   *depths = plasma_step_depths(maker);
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);
		StepStatement *statement;
		PlanStep   *step;

		if (column->references == NULL || column->facts == NULL ||
			column->facts->foreign_key == NULL ||
			strcmp(column->references, table->name) == 0 ||
			!leaves(maker, column->references) ||
			plasma_step_depth(depths, table->name) > plasma_step_depth(depths, column->references))
			continue;
		step = plasma_step_add(maker, change, "drop_foreign_key");
		statement = plasma_step_statement(plasma_ddl_drop_constraint(table,
																	 column->facts->foreign_key),
										  NULL, NIL);
		statement->locks = plasma_step_lock(NIL, table->relid, AccessExclusiveLock);
		statement->locks = plasma_step_lock_partners(statement->locks, table->relid,
													 column->facts->attnum, false,
													 AccessExclusiveLock);
		step->direct = list_make1(statement);
	}
}

void
plasma_step_drop_table(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->live_table;
	PlanStep   *step;
	List	   *locks;

	if (table == NULL)
		return;
	drop_foreign_keys(maker, change);
	step = plasma_step_add(maker, change, "drop_table");
	locks = plasma_step_lock(NIL, table->relid, AccessExclusiveLock);
	locks = plasma_step_lock_partners(locks, table->relid, 0, false, AccessExclusiveLock);
	step->direct = list_make1(plasma_step_statement(plasma_ddl_drop_table(table), NULL, locks));
	step->check = plasma_check_run(change, CHECK_ROWS)->sql;
}

/*
 * step_propagate.c
 *		Steps that bring clients what DDL did to existing rows.
 *
 *		DDL fires no trigger: a default, another type or a generated column give
 *		rows a value of which the log has nothing.  What is backfilled is written
 *		row by row and is in the log already.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/step_maker.h"

/* Whether clients hold rows of the table. */
static bool
is_synced(const StepMaker *maker, const PlanChange *change)
{
	RegistryEntry *entry;

	if (change->live_table == NULL || change->table == NULL || change->table->suppressed)
		return false;
	entry = plasma_registry_entry(maker->input->entries, change->table->name);
	return entry != NULL && !entry->suppressed && entry->relid == change->at->relid;
}

/* Whether the executor fills in the column of the change row by row. */
static bool
is_backfilled(const StepMaker *maker, const PlanChange *change)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, maker->steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->change != change)
			continue;
		foreach(inner, plasma_step_statements(step, maker->options->executor))
			if (((StepStatement *) lfirst(inner))->backfill)
				return true;
	}
	return false;
}

static bool
gives_values(const StepMaker *maker, const PlanChange *change)
{
	const ModelColumn *column = change->declared;

	switch (change->kind)
	{
		case CHANGE_COLUMN_ADDED:
			return (column->default_sql != NULL || column->generated != NULL ||
					column->identity != IDENTITY_NONE) && !is_backfilled(maker, change);
		case CHANGE_TYPE:
			return !plasma_step_value_is_same(change->live, column);
		case CHANGE_KIND:
			return change->past != NULL && change->live != NULL &&
				(change->past->kind == KIND_BIGINT) != (column->kind == KIND_BIGINT);
		default:
			return false;
	}
}

static void
add_step(StepMaker *maker, const PlanChange *change)
{
	const PlanOptions *options = maker->options;
	const ModelTable *table = change->live_table;
	int64		rows = plasma_check_rows(table, Max(options->propagate_max_rows,
													options->max_locked_rows));
	PlanPropagate how = options->propagate;
	StepStatement *statement;
	PlanStep   *step;

	if (rows == 0)
		return;
	if (how == PROPAGATE_DEFAULT)
		how = rows > options->propagate_max_rows ? PROPAGATE_RESET : PROPAGATE_LOG;
	step = plasma_step_add(maker, change, "propagate");
	step->column = NULL;
	step->object = plasma_text_qualified(table->schema, table->name);
	step->rows = Min(rows, options->max_locked_rows + 1);
	statement = plasma_step_statement(psprintf("SELECT plasma.%s(%s)",
											   how == PROPAGATE_LOG ? "seed_changes" : "reset_table",
											   plasma_text_literal(step->object)),
									  NULL, NIL);
	if (how == PROPAGATE_LOG)
	{
		statement->locks = plasma_step_lock(NIL, table->relid, ShareRowExclusiveLock);
		statement->scans = true;
	}
	step->direct = list_make1(statement);
}

void
plasma_step_propagate(StepMaker *maker)
{
	List	   *done = NIL;
	ListCell   *cell;

	if (maker->options->propagate == PROPAGATE_NONE)
		return;
	foreach(cell, maker->changes)
	{
		PlanChange *change = lfirst(cell);

		if (!change->accepted || !is_synced(maker, change) ||
			list_member_oid(done, change->at->relid) || !gives_values(maker, change))
			continue;
		done = lappend_oid(done, change->at->relid);
		add_step(maker, change);
	}
}

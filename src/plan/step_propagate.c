/*
 * step_propagate.c
 *		Steps that bring clients what DDL did to existing rows.
 *
 *		DDL fires no trigger: a default, another type or a generated column give
 *		rows a value of which the log has nothing.  And what the log has of a
 *		column is not sent before the column is registered.
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

/*
 * Whether existing rows have a value that clients were not told of: also one that
 * was written, or filled in, while the registry did not have the column.
 */
static bool
gives_values(const PlanChange *change)
{
	const ModelColumn *column = change->declared;

	switch (change->kind)
	{
		case CHANGE_COLUMN_ADDED:
			if (column->default_sql != NULL || column->generated != NULL ||
				column->identity != IDENTITY_NONE)
				return true;
			return change->live != NULL &&
				plasma_check_run(change, CHECK_VALUES)->violates;
		case CHANGE_TYPE:
			return change->in_catalog && !plasma_step_value_is_same(change->live, column);
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
			list_member_oid(done, change->at->relid) || !gives_values(change))
			continue;
		done = lappend_oid(done, change->at->relid);
		add_step(maker, change);
	}
}

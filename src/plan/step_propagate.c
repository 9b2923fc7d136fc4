/*
 * step_propagate.c
 *		Steps that bring clients what DDL did to existing rows.
 *
 *		DDL fires no trigger: a default, another type or a generated column give
 *		rows a value of which the log has nothing.  And what the log has of a
 *		column is not sent before the column is registered.  And what may keep
 *		its place on the clients is said of the other steps.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "plan/step_maker.h"

typedef struct Asking
{
	PlanChange	change;
	bool		found;
	int64		limit;
	int64		rows;
} Asking;

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
 * The column of a change that is in the database and only the registry has not:
 * added by hand, or by an earlier transaction of this migration.
 */
static const ModelColumn *
unregistered(const PlanChange *change)
{
	if (change->kind != CHANGE_COLUMN_ADDED || change->in_catalog || change->live_table == NULL)
		return NULL;
	return plasma_model_column(change->live_table, change->declared->name);
}

static void
ask_values(void *arg)
{
	Asking	   *asking = arg;

	asking->found = plasma_check_run(&asking->change, CHECK_VALUES)->violates;
}

static void
ask_rows(void *arg)
{
	Asking	   *asking = arg;

	asking->rows = plasma_check_rows(asking->change.live_table, asking->limit);
}

/* Where not all rows can be seen, there may be one. */
static bool
has_values(const PlanChange *change, const ModelColumn *column)
{
	Asking		asking = {*change, true};

	asking.change.live = column;
	plasma_spi_catch(ask_values, &asking);
	return asking.found;
}

static int64
count_rows(const PlanChange *change, int64 limit)
{
	Asking		asking = {*change, true, limit, limit + 1};

	plasma_spi_catch(ask_rows, &asking);
	return asking.rows;
}

/*
 * Whether existing rows have a value that clients were not told of: also one that
 * was written, or filled in, while the registry did not have the column.
 */
static bool
gives_values(const PlanChange *change)
{
	const ModelColumn *column = change->declared;

	if (unregistered(change) != NULL)
		return has_values(change, unregistered(change));
	if (!change->accepted)
		return false;
	switch (change->kind)
	{
		case CHANGE_COLUMN_ADDED:
			return column->default_sql != NULL || column->generated != NULL ||
				column->identity != IDENTITY_NONE;
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
	int64		rows = count_rows(change, Max(options->propagate_max_rows,
											  options->max_locked_rows));
	PlanPropagate how = options->propagate;
	StepStatement *statement;
	PlanStep   *step;

	if (rows == 0)
		return;
	/* An earlier transaction changes the type: nobody can answer for its values any more. */
	if (change->kind == CHANGE_TYPE && options->executor != EXECUTOR_RUN)
		how = PROPAGATE_RESET;
	else if (how == PROPAGATE_DEFAULT)
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

/*
 * Clients keep what they hold where DDL leaves it as it is, if it is said in the
 * transaction of the DDL.
 */
static void
keep_copies(const StepMaker *maker, PlanStep *step)
{
	const PlanChange *change = step->change;
	bool		retyped = change->kind == CHANGE_TYPE;
	ListCell   *cell;

	if (!is_synced(maker, change) ||
		(retyped && maker->options->propagate != PROPAGATE_NONE &&
		 !plasma_step_value_is_same(change->live, change->declared)))
		return;
	foreach(cell, step->direct)
		if (((StepStatement *) lfirst(cell))->alters)
			step->keep = psprintf("SELECT plasma.keep_copies(%s%s)",
								  plasma_text_literal(plasma_text_qualified(change->live_table->schema,
																			change->live_table->name)),
								  !retyped ? "" :
								  psprintf(", changed => ARRAY[%s]",
										   plasma_text_literal(change->declared->name)));
}

void
plasma_step_propagate(StepMaker *maker)
{
	List	   *done = NIL;
	ListCell   *cell;

	foreach(cell, maker->steps)
		keep_copies(maker, lfirst(cell));
	if (maker->options->propagate == PROPAGATE_NONE)
		return;
	foreach(cell, maker->changes)
	{
		PlanChange *change = lfirst(cell);

		if (!is_synced(maker, change) ||
			list_member_oid(done, change->at->relid) || !gives_values(change))
			continue;
		done = lappend_oid(done, change->at->relid);
		add_step(maker, change);
	}
}

/*
 * quiet.c
 *		Whether a column that an earlier transaction added is null in every row.
 *
 *		If so, clients that know nothing of it need not fetch the table again.  The
 *		plan has looked through the table while others wrote to it; here the table
 *		is locked, and only what the log holds since is looked at, so that no
 *		writer waits for a scan.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "plan/execute.h"
#include "plan/quiet.h"
#include "schema/enrol.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

uint64
plasma_quiet_horizon(void)
{
	return plasma_spi_xid(plasma_spi_read(SPI_OWNER,
										  "SELECT pg_snapshot_xmin(pg_current_snapshot())",
										  0, NULL), 0, 1);
}

/*
 * A column without a value in any row, when the plan was made: of a table with
 * a value it would tell.
 */
static bool
was_null(const PlanResult *plan, const PlanChange *change)
{
	RegistryEntry *entry;
	ListCell   *cell;

	if (change->kind != CHANGE_COLUMN_ADDED || change->in_catalog ||
		change->live_table == NULL || change->table->suppressed ||
		plan->options->propagate == PROPAGATE_NONE)
		return false;
	foreach(cell, plan->steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase == PHASE_PROPAGATE && step->change->at->relid == change->at->relid)
			return false;
	}
	entry = plasma_registry_entry(plan->input.entries, change->table->name);
	return entry != NULL && entry->relid == change->at->relid && !entry->suppressed;
}

/*
 * An entry without the row image may have been of a row with a value; so may
 * one that compaction has removed since.
 */
static bool
is_unwritten(const PlanChange *change, uint64 horizon)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(horizon))),
		SPI_TEXT(change->table->name),
		SPI_TEXT(change->declared->name)
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT FROM plasma.changes WHERE xid >= $1 AND table_name = $2"
						   " AND op = 'put' AND (value IS NULL OR value ->> $3 IS NOT NULL)"
						   " UNION ALL SELECT FROM plasma.state WHERE floor > $1"
						   " LIMIT 1", lengthof(params), params)->nrows == 0;
}

static List *
locks_on(List *changes)
{
	List	   *locks = NIL;
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);
		StepLock   *lock = palloc0(sizeof(StepLock));

		lock->relid = change->at->relid;
		lock->relation = plasma_text_relation(lock->relid);
		lock->mode = ShareRowExclusiveLock;
		locks = lappend(locks, lock);
	}
	return locks;
}

List *
plasma_quiet_find(const PlanResult *plan, uint64 horizon)
{
	List	   *candidates = NIL;
	List	   *quiet = NIL;
	ListCell   *cell;

	foreach(cell, plan->changes)
		if (was_null(plan, lfirst(cell)))
			candidates = lappend(candidates, lfirst(cell));
	if (candidates == NIL)
		return NIL;
	plasma_execute_lock(plan, plasma_execute_sort(locks_on(candidates)));
	plasma_enrol_look_again();
	foreach(cell, candidates)
		if (is_unwritten(lfirst(cell), horizon))
			quiet = lappend(quiet, lfirst(cell));
	return quiet;
}

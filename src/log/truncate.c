/*
 * truncate.c
 *		TRUNCATE in the change log: one clear for the table, and a del for each
 *		row of a partition that is truncated by itself.
 *
 *		The clear is logged before it is done: triggers of the application that fire
 *		after it may write rows, to this table or to another that is truncated with
 *		it, and these must stand behind the clear.  All locks are held by then.
 *
 *		TRUNCATE of a table fires the triggers of its partitions as well.  They
 *		fire between the two of the table, BEFORE and AFTER, and are then silent.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "log/change.h"
#include "log/row.h"
#include "log/source.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* Tables whose TRUNCATE is being run. */
static List *truncating = NIL;

static void
forget_truncating(XactEvent event, void *arg)
{
	truncating = NIL;
}

static void
forget_truncating_sub(SubXactEvent event, SubTransactionId id,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		truncating = NIL;
}

static void
begin_truncate(const Source *source)
{
	static bool registered = false;
	MemoryContext old;

	if (!registered)
	{
		RegisterXactCallback(forget_truncating, NULL);
		RegisterSubXactCallback(forget_truncating_sub, NULL);
		registered = true;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	truncating = lappend_oid(truncating, source->root);
	MemoryContextSwitchTo(old);
}

static void
log_clear(const Source *source)
{
	ChangeWriter *writer = plasma_change_open(source->table_name);

	plasma_change_clear(writer);
	plasma_change_close(writer);
	plasma_source_note_logged(source, GetCurrentCommandId(false));
}

/*
 * Before it is done: the rest of the table stays.  The lock of TRUNCATE lets
 * nobody else write, so that this sees every row that goes.
 */
static void
log_partition_rows(const Source *source)
{
	ChangeWriter *writer = plasma_change_open(source->table_name);
	RowReader  *reader = plasma_row_begin(source);
	Relation	rel = table_open(source->relid, AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	StringInfoData scope;
	ChangeSlices slices = {.scope = source->slice != NULL ? &scope : NULL};
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext,
												  "plasma row",
												  ALLOCSET_DEFAULT_SIZES);

	initStringInfo(&scope);
	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(per_row);

		CHECK_FOR_INTERRUPTS();
		resetStringInfo(&scope);
		if (source->slice != NULL)
			plasma_slice_read(source->slice, slot, &scope);
		if (plasma_row_read_key(reader, slot))
			plasma_change_del(writer, &reader->id, &slices);
		MemoryContextSwitchTo(old);
		MemoryContextReset(per_row);
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(rel, NoLock);
	plasma_row_end(reader);
	plasma_change_close(writer);
	plasma_source_note_logged(source, GetCurrentCommandId(false));
}

PG_FUNCTION_INFO_V1(plasma_truncate_log);

/* plasma.log_truncate(oid, text, text[], text[], text[], boolean) */
Datum
plasma_truncate_log(PG_FUNCTION_ARGS)
{
	const Source *source = plasma_source_get(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(1),
											 PG_GETARG_ARRAYTYPE_P(2),
											 PG_GETARG_ARRAYTYPE_P(3),
											 PG_GETARG_ARRAYTYPE_P(4));
	bool		before = PG_GETARG_BOOL(5);

	if (source == NULL)
		PG_RETURN_VOID();
	if (source->relid == source->root && before)
	{
		log_clear(source);
		if (get_rel_relkind(source->root) == RELKIND_PARTITIONED_TABLE)
			begin_truncate(source);
	}
	else if (source->relid == source->root)
		truncating = list_delete_oid(truncating, source->root);
	else if (before && !list_member_oid(truncating, source->root))
		log_partition_rows(source);
	PG_RETURN_VOID();
}

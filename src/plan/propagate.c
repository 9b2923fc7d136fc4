/*
 * propagate.c
 *		How clients get rows that changed without an entry in the log: a default
 *		that ALTER TABLE gave to all of them, a type, a column that was declared
 *		late; rows from before their table was adopted have no history either.
 *
 *		Either each row gets an entry now (seed), or clients fetch the table anew
 *		(reset), or they are told that what they hold is good (keep).
 *
 *		Seeding locks the table and its partitions against writers until the end
 *		of the transaction and reads it in a snapshot of after that.  So whoever
 *		wrote before has written its entries before and is seen here, and whoever
 *		writes after takes a higher row_version: an entry made here never tells of
 *		an older state than one that precedes it.  Rows are read below SQL, since
 *		not one may be left out, whatever policies the table has for its owner.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/change.h"
#include "log/encode.h"
#include "log/row.h"
#include "log/setting.h"
#include "log/source.h"
#include "miscadmin.h"
#include "plan/propagate.h"
#include "schema/copies.h"
#include "schema/enrol.h"
#include "schema/registry.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

typedef struct Seeding
{
	const Source *source;
	bool		history;
	RowReader  *reader;
	ChangeWriter *writer;
	StringInfoData value;
	StringInfoData scope;
	int64		count;
} Seeding;

PG_FUNCTION_INFO_V1(plasma_propagate_seed_changes);
PG_FUNCTION_INFO_V1(plasma_propagate_reset_table);
PG_FUNCTION_INFO_V1(plasma_propagate_keep_copies);

static void
log_row(Seeding *run, TupleTableSlot *row)
{
	ChangeSlices slices = {.scope = run->source->slice != NULL ? &run->scope : NULL};

	if (!plasma_row_read_key(run->reader, row))
		elog(ERROR, "a row of table \"%s\" has no key", run->source->table_name);
	resetStringInfo(&run->scope);
	if (run->source->slice != NULL)
		plasma_slice_read(run->source->slice, row, &run->scope);
	resetStringInfo(&run->value);
	if (run->history)
		plasma_encode_row(run->source->row_encoder, row, 0, &run->value);
	plasma_change_put(run->writer, &run->reader->id, &slices,
					  run->history ? &run->value : NULL);
	run->count++;
}

/* The rows of one relation of the table's tree. */
static void
seed_relation(Seeding *run, Relation rel)
{
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	TupleTableSlot *mapped = MakeSingleTupleTableSlot(run->source->desc, &TTSOpsVirtual);
	AttrMap    *map = plasma_attrmap(RelationGetDescr(rel), run->source->desc);
	TableScanDesc scan = table_beginscan_strat(rel, GetActiveSnapshot(), 0, NULL,
											   true, false);
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext,
												  "plasma row", ALLOCSET_DEFAULT_SIZES);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		MemoryContext old = MemoryContextSwitchTo(per_row);

		CHECK_FOR_INTERRUPTS();
		log_row(run, map == NULL ? slot : execute_attr_map_slot(map, slot, mapped));
		MemoryContextSwitchTo(old);
		MemoryContextReset(per_row);
	}
	MemoryContextDelete(per_row);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(mapped);
	ExecDropSingleTupleTableSlot(slot);
}

static void
seed_tree(Seeding *run, List *relids)
{
	ListCell   *cell;

	foreach(cell, relids)
	{
		Relation	rel = table_open(lfirst_oid(cell), NoLock);

		if (RELKIND_HAS_TABLE_AM(rel->rd_rel->relkind))
			seed_relation(run, rel);
		else if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("partition \"%s\" of a synced table is a foreign table",
							RelationGetRelationName(rel)),
					 errhint("Detach it.")));
		table_close(rel, NoLock);
	}
}

static ArrayType *
array_of(List *strings)
{
	return DatumGetArrayTypeP(plasma_text_array(strings));
}

static const Source *
source_of(const SyncTable *table)
{
	CaptureTable *capture = plasma_enrol_capture(table);
	const Source *source =
		plasma_source_get(table->relid, cstring_to_text(table->name),
						  array_of(capture->key), array_of(capture->bigints),
						  array_of(plasma_capture_scope(capture)));

	if (source == NULL || source->nkeys == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" does not have its declared key", table->name),
				 errhint("Name the key columns as they were, or declare the table as it is.")));
	return source;
}

int64
plasma_propagate_seed(Oid relid)
{
	Seeding		run = {0};
	Relation	root = table_open(relid, ShareRowExclusiveLock);
	List	   *relids = find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
	SyncTable  *table = plasma_registry_lock(relid);
	int			settings_level;

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is not a synced table any more",
						RelationGetRelationName(root))));
	run.source = source_of(table);
	run.history = table->history;
	settings_level = plasma_setting_fix(plasma_encode_settings(run.source->row_encoder));
	run.reader = plasma_row_begin(run.source);
	initStringInfo(&run.value);
	initStringInfo(&run.scope);
	run.writer = plasma_change_open(table->name);

	PushActiveSnapshot(GetLatestSnapshot());
	seed_tree(&run, relids);
	PopActiveSnapshot();

	plasma_change_close(run.writer);
	if (run.count > 0)
		plasma_source_note_logged(run.source, GetCurrentCommandId(false));
	plasma_row_end(run.reader);
	plasma_setting_restore(settings_level);
	table_close(root, NoLock);
	return run.count;
}

/* The synced table that a relation is a partition of, or InvalidOid. */
static Oid
synced_ancestor(Oid relid)
{
	ListCell   *cell;

	if (!get_rel_relispartition(relid))
		return InvalidOid;
	foreach(cell, get_partition_ancestors(relid))
	{
		SpiParam	params[] = {SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(lfirst_oid(cell)))};

		if (plasma_spi_read(SPI_OWNER, "SELECT FROM plasma.tables WHERE relation = $1",
							lengthof(params), params)->nrows > 0)
			return lfirst_oid(cell);
	}
	return InvalidOid;
}

static void
check_synced(Oid relid, const char *name)
{
	SpiParam	params[] = {SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(relid))};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT suppressed FROM plasma.tables WHERE relation = $1",
									   lengthof(params), params);
	bool		suppressed = rows->nrows > 0 && plasma_spi_bool(rows, 0, 1);
	Oid			root = rows->nrows > 0 ? InvalidOid : synced_ancestor(relid);

	if (rows->nrows > 0 && !suppressed)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" is not a synced table", name),
			 suppressed ? errdetail("It is declared with changeLogSuppressed.") :
			 OidIsValid(root) ? errdetail("It is a partition of \"%s\".", get_rel_name(root)) : 0,
			 suppressed ? errhint("Declare it without changeLogSuppressed.") :
			 OidIsValid(root) ? errhint("Name \"%s\" instead.", get_rel_name(root)) :
			 errhint("Declare it with plasma.ensure_schema first.")));
}

/* The argument: a synced table of the caller. */
static Oid
own_table(FunctionCallInfo fcinfo, const char *function)
{
	Oid			relid = PG_ARGISNULL(0) ? InvalidOid : PG_GETARG_OID(0);
	char	   *name = OidIsValid(relid) ? get_rel_name(relid) : NULL;

	if (name == NULL)
		ereport(ERROR,
				(errcode(PG_ARGISNULL(0) ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_UNDEFINED_TABLE),
				 PG_ARGISNULL(0) ? errmsg("the relation must not be null") :
				 errmsg("relation with OID %u does not exist", relid)));
	PreventCommandIfReadOnly(function);
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", name),
				 errhint("Let the role that owns it call %s.", function)));
	check_synced(relid, name);
	return relid;
}

/* plasma.seed_changes(regclass) */
Datum
plasma_propagate_seed_changes(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(plasma_propagate_seed(own_table(fcinfo, "plasma.seed_changes()")));
}

/* plasma.reset_table(regclass) */
Datum
plasma_propagate_reset_table(PG_FUNCTION_ARGS)
{
	Oid			relid = own_table(fcinfo, "plasma.reset_table()");

	/* Who enrols the table at this moment has read its generation. */
	DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(PLASMA_APPLY_LOCK));
	PG_RETURN_INT64(plasma_copies_reset(relid));
}

static List *
names_argument(FunctionCallInfo fcinfo, int argument, Oid relid)
{
	List	   *names = PG_ARGISNULL(argument) ? NIL :
		plasma_text_list(PG_GETARG_DATUM(argument));
	ListCell   *cell;

	foreach(cell, names)
		if (get_attnum(relid, lfirst(cell)) <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of table \"%s\" does not exist",
							(char *) lfirst(cell), get_rel_name(relid))));
	return names;
}

/* plasma.keep_copies(regclass, text[], text[]) */
Datum
plasma_propagate_keep_copies(PG_FUNCTION_ARGS)
{
	Oid			relid = own_table(fcinfo, "plasma.keep_copies()");
	List	   *kept = plasma_copies_keep(relid, names_argument(fcinfo, 1, relid),
										  names_argument(fcinfo, 2, relid));

	PG_RETURN_DATUM(plasma_text_array(kept));
}

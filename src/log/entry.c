/*
 * entry.c
 *		From the rows that a statement changed to entries of the change log.
 *
 *		A generated trigger function hands over each row as it was and as it is,
 *		joined by key (one of the two is null where the key came or went).  What
 *		is the same in both gives no entry; an old row without a new one gives a
 *		del, anything else a put.
 *
 *		An entry must not tell an older state than the entries before it.  A
 *		statement that some function or trigger ran while this one was at work
 *		has written its entries already, and may have written the same rows.  So
 *		where this transaction has logged the table before, the live rows are
 *		read again: a row that is no longer as this statement left it has its
 *		entry from whoever changed it, and gets none here.  The first row found
 *		unchanged, and written by a later command than the last one that logged,
 *		shows that no statement ran in between, which ends the reading.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "log/change.h"
#include "log/encode.h"
#include "log/reread.h"
#include "log/setting.h"
#include "log/source.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

/* One run of plasma.log_rows. */
typedef struct EntryRun
{
	const Source *source;		/* NULL: the relation is not the synced table */
	bool		history;
	MemoryContext context;
	ChangeWriter *writer;		/* NULL until there is an entry */
	int64		count;
	int			settings_level;
	TupleTableSlot *old;
	TupleTableSlot *new;
	TupleTableSlot *key;
	StringInfoData id;
	StringInfoData value;

	bool		check;			/* whether rows must be read again */
	CommandId	logged_at;		/* when the table was last logged, if check */
	Reread	   *reread;
	HTAB	   *seen;			/* keys with an entry, where rows may repeat */
} EntryRun;

typedef struct SeenKey
{
	uint64		hash[2];
} SeenKey;

/* Tables whose TRUNCATE is being run. */
static List *truncating = NIL;

static EntryRun *
make_run(const Source *source)
{
	EntryRun   *run = palloc0(sizeof(EntryRun));

	run->context = CurrentMemoryContext;
	run->source = source;
	if (source == NULL)
		return run;
	run->old = MakeSingleTupleTableSlot(source->desc, &TTSOpsHeapTuple);
	run->new = MakeSingleTupleTableSlot(source->desc, &TTSOpsHeapTuple);
	run->key = MakeSingleTupleTableSlot(source->key_desc, &TTSOpsVirtual);
	initStringInfo(&run->id);
	initStringInfo(&run->value);
	return run;
}

static EntryRun *
begin_run(const Source *source, bool history)
{
	EntryRun   *run = make_run(source);

	if (source == NULL)
		return run;
	run->history = history;
	run->check = plasma_source_logged(source, &run->logged_at);
	run->settings_level =
		plasma_setting_fix(plasma_encode_settings(source->row_encoder));
	return run;
}

static void
end_run(EntryRun *run)
{
	if (run->source == NULL)
		return;
	if (run->writer != NULL)
	{
		plasma_change_close(run->writer);
		plasma_source_note_logged(run->source, GetCurrentCommandId(false));
	}
	if (run->reread != NULL)
		plasma_reread_end(run->reread);
	ExecDropSingleTupleTableSlot(run->old);
	ExecDropSingleTupleTableSlot(run->new);
	ExecDropSingleTupleTableSlot(run->key);
	plasma_setting_restore(run->settings_level);
}

/* Takes the key out of a row and writes its text; false where it is null. */
static bool
read_key(EntryRun *run, TupleTableSlot *row)
{
	const Source *source = run->source;

	if (source->nkeys == 0)
		return false;
	ExecClearTuple(run->key);
	for (int i = 0; i < source->nkeys; i++)
	{
		run->key->tts_values[i] = slot_getattr(row, source->keys[i],
											   &run->key->tts_isnull[i]);
		if (run->key->tts_isnull[i])
			return false;
	}
	ExecStoreVirtualTuple(run->key);
	resetStringInfo(&run->id);
	plasma_encode_key(source->key_encoder, run->key, 0, source->nkeys, &run->id);
	return true;
}

static ChangeWriter *
writer_of(EntryRun *run)
{
	if (run->writer == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(run->context);

		run->writer = plasma_change_open(run->source->table_name);
		MemoryContextSwitchTo(old);
	}
	run->count++;
	return run->writer;
}

/* As OPERATOR(pg_catalog.*<>) has it: the bytes decide, no type's equality. */
static bool
same_image(TupleDesc desc, TupleTableSlot *a, TupleTableSlot *b)
{
	slot_getallattrs(a);
	slot_getallattrs(b);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		if (a->tts_isnull[i] != b->tts_isnull[i])
			return false;
		if (!a->tts_isnull[i] &&
			!datum_image_eq(a->tts_values[i], b->tts_values[i],
							att->attbyval, att->attlen))
			return false;
	}
	return true;
}

static Reread *
reread_of(EntryRun *run)
{
	if (run->reread == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(run->context);

		run->reread = plasma_reread_begin(run->source);
		MemoryContextSwitchTo(old);
	}
	return run->reread;
}

static bool
seen_before(EntryRun *run)
{
	SeenKey		key;
	bool		found;

	if (run->seen == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(SeenKey),.entrysize = sizeof(SeenKey),
		.hcxt = run->context};

		run->seen = hash_create("plasma keys seen", 256, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	for (int i = 0; i < 2; i++)
		key.hash[i] = hash_bytes_extended((unsigned char *) run->id.data,
										  run->id.len, i);
	hash_search(run->seen, &key, HASH_ENTER, &found);
	return found;
}

/*
 * Whether the log has, or will have, a newer entry of the row than this one.
 * Where a transition table holds a row twice, only the last of its states is
 * the live one, and it counts once.
 */
static bool
is_superseded(EntryRun *run, TupleTableSlot *new, bool may_repeat)
{
	TupleTableSlot *live;
	CommandId	written_at;

	if (!run->check && !may_repeat)
		return false;
	if (!plasma_reread_usable(reread_of(run)))
	{
		run->check = false;
		return false;
	}
	live = plasma_reread_find(run->reread, run->key->tts_values);
	if (new == NULL)
		return live != NULL;
	if (live == NULL || !same_image(run->source->desc, new, live))
		return true;
	if (may_repeat)
		return seen_before(run);
	written_at = plasma_reread_written_at(run->reread);
	if (written_at != InvalidCommandId && written_at > run->logged_at)
		run->check = false;
	return false;
}

static void
log_row(EntryRun *run, TupleTableSlot *old, TupleTableSlot *new)
{
	bool		both = old != NULL && new != NULL;

	if (both && same_image(run->source->desc, old, new))
		return;
	if (!read_key(run, new != NULL ? new : old))
		return;
	if (is_superseded(run, new, both && run->source->repeats))
		return;
	if (new == NULL)
	{
		plasma_change_del(writer_of(run), &run->id);
		return;
	}
	if (!run->history)
	{
		plasma_change_put(writer_of(run), &run->id, NULL);
		return;
	}
	resetStringInfo(&run->value);
	plasma_encode_row(run->source->row_encoder, new, 0, &run->value);
	plasma_change_put(writer_of(run), &run->id, &run->value);
}

/* Puts a row into a slot; NULL stays NULL.  The tuple must outlive its use. */
static TupleTableSlot *
store_row(NullableDatum arg, HeapTuple tuple, TupleTableSlot *slot)
{
	HeapTupleHeader row;

	if (arg.isnull)
		return NULL;
	row = DatumGetHeapTupleHeader(arg.value);
	tuple->t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = InvalidOid;
	tuple->t_data = row;
	return ExecStoreHeapTuple(tuple, slot, false);
}

PG_FUNCTION_INFO_V1(plasma_entry_step);

Datum
plasma_entry_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	EntryRun   *run = PG_ARGISNULL(0) ? NULL : (EntryRun *) PG_GETARG_POINTER(0);
	HeapTupleData old;
	HeapTupleData new;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "plasma_entry_step is not called as an aggregate's step");
	if (run == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		run = begin_run(plasma_source_get(PG_GETARG_OID(1), PG_GETARG_TEXT_PP(2),
										  PG_GETARG_ARRAYTYPE_P(3),
										  PG_GETARG_ARRAYTYPE_P(4)),
						PG_GETARG_BOOL(5));
		MemoryContextSwitchTo(caller);
	}
	if (run->source != NULL)
		log_row(run, store_row(fcinfo->args[6], &old, run->old),
				store_row(fcinfo->args[7], &new, run->new));
	PG_RETURN_POINTER(run);
}

PG_FUNCTION_INFO_V1(plasma_entry_finish);

Datum
plasma_entry_finish(PG_FUNCTION_ARGS)
{
	EntryRun   *run = PG_ARGISNULL(0) ? NULL : (EntryRun *) PG_GETARG_POINTER(0);

	if (!AggCheckCallContext(fcinfo, NULL))
		elog(ERROR, "plasma_entry_finish is not called as an aggregate's end");
	if (run == NULL)
		PG_RETURN_INT64(0);
	end_run(run);
	PG_RETURN_INT64(run->count);
}

PG_FUNCTION_INFO_V1(plasma_entry_key);

/* plasma.log_key(oid, text, text[], text[], record) */
Datum
plasma_entry_key(PG_FUNCTION_ARGS)
{
	EntryRun   *run = fcinfo->flinfo->fn_extra;
	const Source *source;
	HeapTupleData tuple;

	if (PG_ARGISNULL(4))
		PG_RETURN_NULL();
	source = plasma_source_get(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(1),
							   PG_GETARG_ARRAYTYPE_P(2), PG_GETARG_ARRAYTYPE_P(3));
	if (source == NULL)
		PG_RETURN_NULL();
	if (run == NULL || run->source != source)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		run = make_run(source);
		fcinfo->flinfo->fn_extra = run;
		MemoryContextSwitchTo(old);
	}
	if (!read_key(run, store_row(fcinfo->args[4], &tuple, run->new)))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(run->id.data, run->id.len));
}

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

/* Between the two triggers of a table its partitions have nothing to log. */
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
	EntryRun   *run = begin_run(source, false);

	plasma_change_clear(writer_of(run));
	end_run(run);
	truncating = list_delete_oid(truncating, source->root);
}

/*
 * TRUNCATE of one partition, before it is done: the rest of the table stays.
 * Its lock lets nobody else write, so that this sees every row that goes.
 */
static void
log_partition_rows(const Source *source)
{
	EntryRun   *run = begin_run(source, false);
	Relation	rel = table_open(source->relid, AccessShareLock);
	TableScanDesc scan = table_beginscan(rel, SnapshotSelf, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	MemoryContext per_row = AllocSetContextCreate(CurrentMemoryContext,
												  "plasma row",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(per_row);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		if (read_key(run, slot))
			plasma_change_del(writer_of(run), &run->id);
		MemoryContextReset(per_row);
	}
	MemoryContextSwitchTo(old);
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	table_close(rel, NoLock);
	end_run(run);
}

PG_FUNCTION_INFO_V1(plasma_entry_truncate);

/* plasma.log_truncate(oid, text, text[], text[], boolean) */
Datum
plasma_entry_truncate(PG_FUNCTION_ARGS)
{
	const Source *source = plasma_source_get(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(1),
											 PG_GETARG_ARRAYTYPE_P(2),
											 PG_GETARG_ARRAYTYPE_P(3));
	bool		before = PG_GETARG_BOOL(4);

	if (source == NULL)
		PG_RETURN_VOID();
	if (source->relid == source->root && before)
		begin_truncate(source);
	else if (source->relid == source->root)
		log_clear(source);
	else if (before && !list_member_oid(truncating, source->root))
		log_partition_rows(source);
	PG_RETURN_VOID();
}

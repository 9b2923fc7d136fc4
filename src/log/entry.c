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
 *
 *		Who may see a row is told by slices, and a client reads the entries that
 *		name one of its own, in scope or old_scope.  Whatever a transaction did, with
 *		triggers, foreign keys and rollbacks: a slice that a row was in before and is
 *		not in afterwards is named by an entry of the row, and so is the slice that a
 *		row that was changed is in.  Every state that a row went through began with one
 *		call of log_row and ended with another; the one that ends it names its slice
 *		unless that is the slice of the next state, which has an end of its own.  That
 *		is why a row that gets no entry, being no longer as the statement left it, gets
 *		one after all if the statement took it out of a slice.
 *
 *		An entry says "inserted" only if no entry that tells of an older row of this
 *		id can come behind it: see is_first.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "log/change.h"
#include "log/encode.h"
#include "log/removal.h"
#include "log/reread.h"
#include "log/row.h"
#include "log/setting.h"
#include "log/source.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

/* One run of plasma.log_rows. */
typedef struct EntryRun
{
	const Source *source;		/* NULL: the relation is not the synced table */
	bool		history;
	MemoryContext context;
	ChangeWriter *writer;		/* NULL until there is an entry */
	int64		count;
	int			settings_level;
	RowReader  *reader;
	StringInfoData value;
	StringInfoData scope;
	StringInfoData old_scope;

	bool		check;			/* whether rows must be read again */
	CommandId	logged_at;		/* when the table was last logged, if check */
	Reread	   *reread;
	HTAB	   *seen;			/* entries by key and slice left, where rows may repeat */
	bool		removal;		/* whether this transaction took rows away, ... */
	bool		removal_known;	/* ... once that was asked */
} EntryRun;

typedef struct SeenKey
{
	uint64		hash[2];
} SeenKey;

static EntryRun *
begin_run(const Source *source, bool history)
{
	EntryRun   *run = palloc0(sizeof(EntryRun));

	run->context = CurrentMemoryContext;
	run->source = source;
	run->history = history;
	if (source == NULL)
		return run;
	run->reader = plasma_row_begin(source);
	initStringInfo(&run->value);
	initStringInfo(&run->scope);
	initStringInfo(&run->old_scope);
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
	plasma_row_end(run->reader);
	plasma_setting_restore(run->settings_level);
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

static uint64
hash_text(StringInfo text, uint64 seed)
{
	return text == NULL ? seed :
		hash_bytes_extended((unsigned char *) text->data, text->len, seed);
}

static bool
seen_before(EntryRun *run, const ChangeSlices *slices)
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
		key.hash[i] = hash_text(&run->reader->id, hash_text(slices->old_scope, i));
	hash_search(run->seen, &key, HASH_ENTER, &found);
	return found;
}

/*
 * Whether the log has, or will have, a newer entry of the row than this one;
 * then with the row as it is, or NULL.  Where a transition table holds a row
 * twice, only the last of its states is the live one.
 */
static bool
is_superseded(EntryRun *run, TupleTableSlot *new, bool may_repeat,
			  TupleTableSlot **live)
{
	CommandId	written_at;

	if (!run->check && !may_repeat)
		return false;
	if (!plasma_reread_usable(reread_of(run)))
	{
		run->check = false;
		return false;
	}
	*live = plasma_reread_find(run->reread, run->reader->key->tts_values);
	if (new == NULL)
		return *live != NULL;
	if (*live == NULL || !plasma_row_same(run->source->desc, NULL, true, new, *live))
		return true;
	written_at = may_repeat ? InvalidCommandId : plasma_reread_written_at(run->reread);
	if (written_at != InvalidCommandId && written_at > run->logged_at)
		run->check = false;
	return false;
}

/*
 * Whether there was no row of this id before.  One that another statement took
 * away may have no entry yet, and that entry would come too late.  So may one that
 * another row still has, where the key is not checked until the end.
 */
static bool
is_first(EntryRun *run)
{
	if (!run->source->key_at_once)
		return false;
	if (!run->removal_known)
	{
		run->removal = plasma_removal_possible(run->source);
		run->removal_known = true;
	}
	return !run->removal ||
		(plasma_reread_usable(reread_of(run)) &&
		 !plasma_reread_removed(run->reread, run->reader->key->tts_values));
}

/* Where the row is, and where it came from. */
static ChangeSlices
slices_of(EntryRun *run, TupleTableSlot *old, TupleTableSlot *new)
{
	const SliceForm *form = run->source->slice;
	ChangeSlices slices = {0};

	if (form == NULL)
		return slices;
	resetStringInfo(&run->scope);
	plasma_slice_read(form, new != NULL ? new : old, &run->scope);
	slices.scope = &run->scope;
	if (old == NULL || new == NULL || plasma_slice_same(form, old, new))
		return slices;
	resetStringInfo(&run->old_scope);
	plasma_slice_read(form, old, &run->old_scope);
	if (strcmp(run->old_scope.data, run->scope.data) != 0)
		slices.old_scope = &run->old_scope;
	return slices;
}

static void
write_entry(EntryRun *run, const ChangeSlices *slices, TupleTableSlot *new)
{
	if (new == NULL)
	{
		plasma_change_del(writer_of(run), &run->reader->id, slices);
		return;
	}
	if (!run->history)
	{
		plasma_change_put(writer_of(run), &run->reader->id, slices, NULL);
		return;
	}
	resetStringInfo(&run->value);
	plasma_encode_row(run->source->row_encoder, new, 0, &run->value);
	plasma_change_put(writer_of(run), &run->reader->id, slices, &run->value);
}

/*
 * A row that was changed again: what it is has its entry, but not that it left
 * the slice that it was in.  Where the state in between was of that slice, whoever
 * ended that one tells.
 */
static void
log_departure(EntryRun *run, TupleTableSlot *old, TupleTableSlot *new,
			  TupleTableSlot *live, bool may_repeat)
{
	ChangeSlices slices;

	if (run->source->slice == NULL || old == NULL ||
		(new != NULL && plasma_slice_same(run->source->slice, old, new)))
		return;
	slices = slices_of(run, old, live);
	if (live != NULL && slices.old_scope == NULL)
		return;
	if (!may_repeat || !seen_before(run, &slices))
		write_entry(run, &slices, live);
}

static void
log_row(EntryRun *run, TupleTableSlot *old, TupleTableSlot *new)
{
	bool		both = old != NULL && new != NULL;
	bool		may_repeat = both && run->source->repeats;
	TupleTableSlot *live = NULL;
	ChangeSlices slices;

	if (both && plasma_row_same(run->source->desc, NULL, true, old, new))
		return;
	if (!plasma_row_read_key(run->reader, new != NULL ? new : old))
		return;
	if (is_superseded(run, new, may_repeat, &live))
	{
		log_departure(run, old, new, live, may_repeat);
		return;
	}
	slices = slices_of(run, old, new);
	slices.inserted = old == NULL && is_first(run);
	if (live == NULL || !may_repeat || !seen_before(run, &slices))
		write_entry(run, &slices, new);
}

PG_FUNCTION_INFO_V1(plasma_entry_step);

Datum
plasma_entry_step(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	EntryRun   *run = PG_ARGISNULL(0) ? NULL : (EntryRun *) PG_GETARG_POINTER(0);

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "plasma_entry_step is not called as an aggregate's step");
	if (run == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);

		for (int i = 1; i <= 6; i++)
			if (PG_ARGISNULL(i))
				elog(ERROR, "argument %d of plasma.log_rows is null", i);
		run = begin_run(plasma_source_get(PG_GETARG_OID(1), PG_GETARG_TEXT_PP(2),
										  PG_GETARG_ARRAYTYPE_P(3),
										  PG_GETARG_ARRAYTYPE_P(4),
										  PG_GETARG_ARRAYTYPE_P(5)),
						PG_GETARG_BOOL(6));
		MemoryContextSwitchTo(caller);
	}
	if (run->source != NULL)
		log_row(run, plasma_row_store(run->reader, ROW_OLD, fcinfo->args[7]),
				plasma_row_store(run->reader, ROW_NEW, fcinfo->args[8]));
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

/* plasma.log_key(oid, text, text[], text[], text[], record) */
Datum
plasma_entry_key(PG_FUNCTION_ARGS)
{
	RowReader  *reader = fcinfo->flinfo->fn_extra;
	const Source *source;

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	source = plasma_source_get(PG_GETARG_OID(0), PG_GETARG_TEXT_PP(1),
							   PG_GETARG_ARRAYTYPE_P(2), PG_GETARG_ARRAYTYPE_P(3),
							   PG_GETARG_ARRAYTYPE_P(4));
	if (source == NULL)
		PG_RETURN_NULL();
	if (reader == NULL || reader->source != source)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		reader = plasma_row_begin(source);
		fcinfo->flinfo->fn_extra = reader;
		MemoryContextSwitchTo(old);
	}
	if (!plasma_row_read_key(reader,
							 plasma_row_store(reader, ROW_NEW, fcinfo->args[5])))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(reader->id.data, reader->id.len));
}

/*
 * change.c
 *		The writer of plasma.changes, the only way into the log.
 *
 *		Entries are gathered and written many at a time through the table access
 *		method, as COPY does it, and not by an INSERT: per row that saves the
 *		executor, the check constraints (this file is what keeps them) and a WAL
 *		record.  The table is locked as an INSERT locks it, its indexes are all
 *		maintained; triggers and policies on it are not run.  A row_version is
 *		taken in the order in which the entries come.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "commands/sequence.h"
#include "executor/executor.h"
#include "log/change.h"
#include "log/origin.h"
#include "log/quota.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* As COPY FROM: how much is gathered before it is written. */
#define BATCH_ROWS		1000
#define BATCH_BYTES		65536

/* The columns of plasma.changes. */
enum
{
	ROW_VERSION,
	XID,
	TABLE_NAME,
	ROW_ID,
	OP,
	VALUE,
	CREATED_AT,
	CLIENT_GROUP_ID,
	CLIENT_ID,
	MUTATION_ID,
	SCOPE,
	OLD_SCOPE,
	INSERTED,
	NCOLUMNS
};

struct ChangeWriter
{
	Relation	rel;
	Oid			sequence;
	EState	   *estate;
	ResultRelInfo *target;
	CommandId	cid;
	BulkInsertState bulk;		/* NULL until a whole batch was written */

	/* What all entries of this writer share. */
	Datum		values[NCOLUMNS];
	bool		nulls[NCOLUMNS];
	Datum		put;
	Datum		del;
	Datum		clear;
	Datum		refetch;

	MemoryContext context;
	MemoryContext batch;		/* texts of the entries that are gathered */
	TupleTableSlot **slots;
	int			nslots;			/* made so far */
	int			nrows;
	Size		nbytes;
};

static const ChangeSlices everybody = {0};

static Datum
unix_ms(void)
{
	int64		us = GetCurrentTimestamp() +
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;

	return Int64GetDatum(us / 1000);
}

static void
set_origin(ChangeWriter *writer)
{
	const Origin *origin = plasma_origin_current();
	bool		none = origin == NULL || origin->client_group_id == NULL;

	writer->nulls[CLIENT_GROUP_ID] = none;
	writer->nulls[CLIENT_ID] = none;
	writer->nulls[MUTATION_ID] = none;
	if (none)
		return;
	writer->values[CLIENT_GROUP_ID] = CStringGetTextDatum(origin->client_group_id);
	writer->values[CLIENT_ID] = CStringGetTextDatum(origin->client_id);
	writer->values[MUTATION_ID] = Int64GetDatum(origin->mutation_id);
}

ChangeWriter *
plasma_change_open(const char *table_name)
{
	ChangeWriter *writer = palloc0(sizeof(ChangeWriter));
	Oid			schema = get_namespace_oid("plasma", false);

	writer->context = CurrentMemoryContext;
	writer->batch = AllocSetContextCreate(CurrentMemoryContext, "plasma changes",
										  ALLOCSET_DEFAULT_SIZES);
	writer->rel = table_open(get_relname_relid("changes", schema),
							 RowExclusiveLock);
	if (RelationGetDescr(writer->rel)->natts != NCOLUMNS)
		elog(ERROR, "plasma.changes has %d columns, not %d",
			 RelationGetDescr(writer->rel)->natts, NCOLUMNS);
	writer->sequence = get_relname_relid("changes_row_version_seq", schema);
	writer->estate = CreateExecutorState();
	writer->target = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->target, writer->rel, 1, NULL, 0);
	ExecOpenIndices(writer->target, false);
	writer->cid = GetCurrentCommandId(true);
	writer->slots = palloc(sizeof(TupleTableSlot *) * BATCH_ROWS);

	writer->put = CStringGetTextDatum("put");
	writer->del = CStringGetTextDatum("del");
	writer->clear = CStringGetTextDatum("clear");
	writer->refetch = CStringGetTextDatum("refetch");
	writer->values[XID] = FullTransactionIdGetDatum(GetTopFullTransactionId());
	writer->values[TABLE_NAME] = CStringGetTextDatum(table_name);
	writer->values[CREATED_AT] = unix_ms();
	set_origin(writer);
	return writer;
}

static void
insert_rows(ChangeWriter *writer)
{
	if (writer->nrows == 1)
	{
		table_tuple_insert(writer->rel, writer->slots[0], writer->cid, 0, NULL);
		return;
	}
	if (writer->bulk == NULL && writer->nrows >= BATCH_ROWS)
	{
		MemoryContext old = MemoryContextSwitchTo(writer->context);

		writer->bulk = GetBulkInsertState();
		MemoryContextSwitchTo(old);
	}
	table_multi_insert(writer->rel, writer->slots, writer->nrows, writer->cid, 0,
					   writer->bulk);
}

static void
flush(ChangeWriter *writer)
{
	MemoryContext old;

	if (writer->nrows == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	old = MemoryContextSwitchTo(writer->batch);
	insert_rows(writer);
	for (int i = 0; i < writer->nrows; i++)
	{
		plasma_insert_index_tuples(writer->target, writer->slots[i],
								   writer->estate);
		ExecClearTuple(writer->slots[i]);
	}
	ResetPerTupleExprContext(writer->estate);
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->batch);
	writer->nrows = 0;
	writer->nbytes = 0;
	writer->values[CREATED_AT] = unix_ms();
}

static void
set_text(ChangeWriter *writer, TupleTableSlot *slot, int column, StringInfo text)
{
	slot->tts_isnull[column] = text == NULL;
	if (text == NULL)
		return;
	writer->nbytes += text->len;
	slot->tts_values[column] =
		PointerGetDatum(cstring_to_text_with_len(text->data, text->len));
}

static void
add(ChangeWriter *writer, Datum op, StringInfo row_id, const ChangeSlices *slices,
	StringInfo value)
{
	MemoryContext old;
	TupleTableSlot *slot;

	if (writer->nrows == BATCH_ROWS || writer->nbytes >= BATCH_BYTES)
		flush(writer);
	if (writer->nrows == writer->nslots)
	{
		old = MemoryContextSwitchTo(writer->context);
		writer->slots[writer->nslots++] =
			MakeSingleTupleTableSlot(RelationGetDescr(writer->rel),
									 &TTSOpsVirtual);
		MemoryContextSwitchTo(old);
	}
	if (!writer->nulls[MUTATION_ID])
		plasma_quota_take();
	slot = writer->slots[writer->nrows++];

	old = MemoryContextSwitchTo(writer->batch);
	memcpy(slot->tts_values, writer->values, sizeof(writer->values));
	memcpy(slot->tts_isnull, writer->nulls, sizeof(writer->nulls));
	slot->tts_values[ROW_VERSION] =
		Int64GetDatum(nextval_internal(writer->sequence, false));
	slot->tts_values[OP] = op;
	slot->tts_values[INSERTED] = BoolGetDatum(slices->inserted);
	set_text(writer, slot, ROW_ID, row_id);
	set_text(writer, slot, VALUE, value);
	set_text(writer, slot, SCOPE, slices->scope);
	set_text(writer, slot, OLD_SCOPE, slices->old_scope);
	ExecStoreVirtualTuple(slot);
	MemoryContextSwitchTo(old);
}

void
plasma_change_put(ChangeWriter *writer, StringInfo row_id,
				  const ChangeSlices *slices, StringInfo value)
{
	add(writer, writer->put, row_id, slices, value);
}

void
plasma_change_del(ChangeWriter *writer, StringInfo row_id,
				  const ChangeSlices *slices)
{
	add(writer, writer->del, row_id, slices, NULL);
}

void
plasma_change_clear(ChangeWriter *writer)
{
	add(writer, writer->clear, NULL, &everybody, NULL);
}

void
plasma_change_refetch(ChangeWriter *writer)
{
	add(writer, writer->refetch, NULL, &everybody, NULL);
}

void
plasma_change_close(ChangeWriter *writer)
{
	flush(writer);
	if (writer->bulk != NULL)
		FreeBulkInsertState(writer->bulk);
	for (int i = 0; i < writer->nslots; i++)
		ExecDropSingleTupleTableSlot(writer->slots[i]);
	ExecCloseIndices(writer->target);
	FreeExecutorState(writer->estate);
	table_close(writer->rel, NoLock);
}

/*
 * reread.c
 *		The live row of a key, as it is after all that this transaction did: a
 *		trigger that ran in between may have written it again.
 *
 *		Rows are found through the unique index on the key, below SQL: neither
 *		privileges nor row-level security of the owner of the functions come in,
 *		and nothing that a user defined is called.  The statement being logged
 *		has its locks on the rows, so that what SnapshotSelf shows is either its
 *		own write or a later one of the same transaction; as no snapshot of MVCC
 *		it takes no part in the checks of SERIALIZABLE.
 *
 *		A key holds the columns that its row is put into a partition by, so that a
 *		row written through a relation is found in it or below it: that is what the
 *		statement has locked, and its neighbours are left alone.
 */
#include "postgres.h"

#include "access/attmap.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "executor/tuptable.h"
#include "log/reread.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

/* One table that holds rows: the source itself, or a leaf below it. */
typedef struct Heap
{
	Relation	rel;
	Relation	index;			/* NULL: none on the key */
	IndexScanDesc scan;
	IndexScanDesc versions;		/* of all there are, dead or alive; or NULL */
	ScanKeyData *keys;
	int		   *key_numbers;	/* which column of the key each one takes */
	TupleTableSlot *slot;
	AttrMap    *map;			/* to the shape of the source, or NULL */
} Heap;

struct Reread
{
	const Source *source;
	Heap	   *heaps;
	int			nheaps;
	bool		usable;
	MemoryContext context;		/* of the scans, which allocate as they go */
	int			last;			/* where the last row was found */
	TupleTableSlot *mapped;
};

/* Which of the key's columns the name belongs to, or -1. */
static int
key_number(const Source *source, const char *column)
{
	for (int i = 0; i < source->nkeys; i++)
		if (strcmp(NameStr(TupleDescAttr(source->key_desc, i)->attname), column) == 0)
			return i;
	return -1;
}

static bool
fits_key(const Source *source, Relation rel, Relation index, int *numbers)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisunique || !form->indisvalid ||
		index->rd_rel->relam != BTREE_AM_OID ||
		form->indnkeyatts != source->nkeys ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	for (int i = 0; i < form->indnkeyatts; i++)
	{
		AttrNumber	attnum = form->indkey.values[i];

		if (attnum <= 0)
			return false;
		numbers[i] = key_number(source,
								NameStr(TupleDescAttr(RelationGetDescr(rel),
													  attnum - 1)->attname));
		if (numbers[i] < 0)
			return false;
	}
	return true;
}

static void
open_index(Heap *heap, const Source *source)
{
	ListCell   *cell;

	heap->key_numbers = palloc(sizeof(int) * source->nkeys);
	foreach(cell, RelationGetIndexList(heap->rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

		if (fits_key(source, heap->rel, index, heap->key_numbers))
		{
			heap->index = index;
			return;
		}
		index_close(index, AccessShareLock);
	}
}

static void
make_scan_keys(Heap *heap, int nkeys)
{
	heap->keys = palloc0(sizeof(ScanKeyData) * nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		Oid			type = heap->index->rd_opcintype[i];
		Oid			operator = get_opfamily_member(heap->index->rd_opfamily[i],
												   type, type,
												   BTEqualStrategyNumber);

		ScanKeyEntryInitialize(&heap->keys[i], 0, i + 1, BTEqualStrategyNumber,
							   InvalidOid, heap->index->rd_indcollation[i],
							   get_opcode(operator), (Datum) 0);
	}
}

/* Opens a table for the first look into it. */
static void
open_heap(Heap *heap, const Source *source)
{
	open_index(heap, source);
	if (heap->index == NULL)
		return;
	make_scan_keys(heap, source->nkeys);
	heap->slot = table_slot_create(heap->rel, NULL);
	heap->scan = plasma_index_beginscan(heap->rel, heap->index, SnapshotSelf,
										source->nkeys);
	if (RelationGetRelid(heap->rel) != source->relid)
		heap->map = plasma_attrmap(RelationGetDescr(heap->rel), source->desc);
}

Reread *
plasma_reread_begin(const Source *source)
{
	Reread	   *reread = palloc0(sizeof(Reread));
	List	   *relids = find_all_inheritors(source->relid, AccessShareLock, NULL);
	ListCell   *cell;

	reread->source = source;
	reread->context = CurrentMemoryContext;
	reread->heaps = palloc0(sizeof(Heap) * list_length(relids));
	reread->usable = source->nkeys > 0;
	reread->mapped = MakeSingleTupleTableSlot(source->desc, &TTSOpsVirtual);
	foreach(cell, relids)
	{
		Relation	rel = table_open(lfirst_oid(cell), NoLock);
		Heap	   *heap = &reread->heaps[reread->nheaps];

		if (rel->rd_rel->relkind != RELKIND_RELATION)
		{
			table_close(rel, NoLock);
			continue;
		}
		heap->rel = rel;
		reread->nheaps++;
		open_heap(heap, source);
		reread->usable &= heap->index != NULL;
	}
	return reread;
}

bool
plasma_reread_usable(Reread *reread)
{
	return reread->usable;
}

static void
start_scan(Heap *heap, IndexScanDesc scan, int nkeys, const Datum *key)
{
	for (int i = 0; i < nkeys; i++)
		heap->keys[i].sk_argument = key[heap->key_numbers[i]];
	index_rescan(scan, heap->keys, nkeys, NULL, 0);
}

/*
 * A scan keeps what it allocates on the way, its list of dead entries for one,
 * and gives it back when it ends: not in the context of the row at hand.
 */
static bool
find_in(const Reread *reread, Heap *heap, const Datum *key)
{
	MemoryContext old = MemoryContextSwitchTo(reread->context);
	bool		found;

	start_scan(heap, heap->scan, reread->source->nkeys, key);
	found = index_getnext_slot(heap->scan, ForwardScanDirection, heap->slot);
	MemoryContextSwitchTo(old);
	return found;
}

/* Rows written together tend to lie in one partition: it is looked into first. */
TupleTableSlot *
plasma_reread_find(Reread *reread, const Datum *key)
{
	for (int i = 0; i < reread->nheaps; i++)
	{
		int			at = (reread->last + i) % reread->nheaps;
		Heap	   *heap = &reread->heaps[at];

		if (!find_in(reread, heap, key))
			continue;
		reread->last = at;
		if (heap->map == NULL)
			return heap->slot;
		return execute_attr_map_slot(heap->map, heap->slot, reread->mapped);
	}
	return NULL;
}

static bool
is_removed_by_me(TupleTableSlot *slot)
{
	HeapTupleHeader row;

	if (!TTS_IS_BUFFERTUPLE(slot))
		return true;
	row = ((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data;
	return (row->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(row));
}

static bool
is_removed_from(const Reread *reread, Heap *heap, const Datum *key)
{
	int			nkeys = reread->source->nkeys;
	MemoryContext old = MemoryContextSwitchTo(reread->context);
	bool		removed = false;

	if (heap->versions == NULL)
		heap->versions = plasma_index_beginscan(heap->rel, heap->index, SnapshotAny, nkeys);
	start_scan(heap, heap->versions, nkeys, key);
	while (!removed && index_getnext_slot(heap->versions, ForwardScanDirection, heap->slot))
		removed = is_removed_by_me(heap->slot);
	ExecClearTuple(heap->slot);
	MemoryContextSwitchTo(old);
	return removed;
}

bool
plasma_reread_removed(Reread *reread, const Datum *key)
{
	for (int i = 0; i < reread->nheaps; i++)
		if (is_removed_from(reread, &reread->heaps[i], key))
			return true;
	return false;
}

CommandId
plasma_reread_written_at(Reread *reread)
{
	TupleTableSlot *slot = reread->heaps[reread->last].slot;
	HeapTupleHeader row;

	if (!TTS_IS_BUFFERTUPLE(slot))
		return InvalidCommandId;
	row = ((BufferHeapTupleTableSlot *) slot)->base.tuple->t_data;
	if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(row)))
		return InvalidCommandId;
	return HeapTupleHeaderGetCmin(row);
}

void
plasma_reread_end(Reread *reread)
{
	for (int i = 0; i < reread->nheaps; i++)
	{
		Heap	   *heap = &reread->heaps[i];

		if (heap->index != NULL)
		{
			index_endscan(heap->scan);
			if (heap->versions != NULL)
				index_endscan(heap->versions);
			ExecDropSingleTupleTableSlot(heap->slot);
			index_close(heap->index, AccessShareLock);
		}
		table_close(heap->rel, NoLock);
	}
	ExecDropSingleTupleTableSlot(reread->mapped);
}

/*
 * shape.c
 *		Descriptors of composite values.  A call site may meet rows of several
 *		types, and a type may be altered between two rows, so each value is
 *		checked; the check is a few comparisons and no look-up.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "log/shape.h"
#include "utils/memutils.h"

/*
 * The descriptor of an anonymous row type never changes while the session
 * lives; that of a named one has a new identifier after each change.
 */
static inline bool
is_current(const RowShape *shape, HeapTupleHeader row)
{
	return shape->desc != NULL &&
		shape->typid == HeapTupleHeaderGetTypeId(row) &&
		shape->typmod == HeapTupleHeaderGetTypMod(row) &&
		(shape->entry == NULL ||
		 shape->entry->tupDesc_identifier == shape->identifier);
}

static void
copy_desc(RowShape *shape, TupleDesc desc)
{
	MemoryContext old = MemoryContextSwitchTo(shape->context);

	shape->desc = CreateTupleDescCopyConstr(desc);
	MemoryContextSwitchTo(old);
}

bool
plasma_shape_renew(RowShape *shape, HeapTupleHeader row)
{
	if (is_current(shape, row))
		return false;

	shape->desc = NULL;
	if (shape->context == NULL)
		shape->context = AllocSetContextCreate(shape->parent, "plasma row shape",
											   ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(shape->context);
	shape->typid = HeapTupleHeaderGetTypeId(row);
	shape->typmod = HeapTupleHeaderGetTypMod(row);
	shape->entry = NULL;
	if (shape->typid == RECORDOID)
	{
		TupleDesc	desc = lookup_rowtype_tupdesc(shape->typid, shape->typmod);

		copy_desc(shape, desc);
		ReleaseTupleDesc(desc);
		return true;
	}
	shape->entry = lookup_type_cache(shape->typid, TYPECACHE_TUPDESC);
	if (shape->entry->tupDesc == NULL)
		elog(ERROR, "type %u is not composite", shape->typid);
	shape->identifier = shape->entry->tupDesc_identifier;
	copy_desc(shape, shape->entry->tupDesc);
	return true;
}

HeapTupleData
plasma_shape_tuple(HeapTupleHeader row)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	return tuple;
}

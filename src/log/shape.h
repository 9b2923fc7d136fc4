/*
 * shape.h
 *		The shape of a composite value, kept from one value to the next.
 */
#ifndef PLASMA_SHAPE_H
#define PLASMA_SHAPE_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "utils/typcache.h"

/* Starts zeroed, but for parent. */
typedef struct RowShape
{
	MemoryContext parent;
	MemoryContext context;		/* for what depends on the shape */
	TupleDesc	desc;			/* NULL: none yet */
	Oid			typid;
	int32		typmod;
	TypeCacheEntry *entry;		/* of a named type; never freed by the server */
	uint64		identifier;		/* of the entry's descriptor, when it was copied */
} RowShape;

/*
 * Makes the shape that of this value.  True when it was another one before:
 * then whatever was kept in the context is gone.
 */
extern bool plasma_shape_renew(RowShape *shape, HeapTupleHeader row);

/* The value as a tuple that the access functions take. */
extern HeapTupleData plasma_shape_tuple(HeapTupleHeader row);

#endif							/* PLASMA_SHAPE_H */

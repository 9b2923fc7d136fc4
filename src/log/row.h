/*
 * row.h
 *		Rows of a captured relation as the triggers hand them over.
 */
#ifndef PLASMA_ROW_H
#define PLASMA_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "log/source.h"
#include "nodes/bitmapset.h"

typedef enum RowSide
{
	ROW_OLD,
	ROW_NEW
} RowSide;

typedef struct RowReader
{
	const Source *source;
	Oid			typid;			/* of the rows, once it is known to fit */
	int32		typmod;
	HeapTupleData tuples[2];
	TupleTableSlot *rows[2];
	TupleTableSlot *key;		/* the key that was read last */
	StringInfoData id;			/* its text */
} RowReader;

/* Lives in the current context. */
extern RowReader *plasma_row_begin(const Source *source);
extern void plasma_row_end(RowReader *reader);

/* A row in the slot of its side, as long as the argument is there; or NULL. */
extern TupleTableSlot *plasma_row_store(RowReader *reader, RowSide side,
										NullableDatum arg);

/* Reads the key of a row; false where there is none or some of it is null. */
extern bool plasma_row_read_key(RowReader *reader, TupleTableSlot *row);

/*
 * Whether two rows are the same byte by byte, whatever their types call equal,
 * in these columns or in all.
 */
extern bool plasma_row_same(TupleDesc desc, const Bitmapset *columns, bool all,
							TupleTableSlot *a, TupleTableSlot *b);

#endif							/* PLASMA_ROW_H */

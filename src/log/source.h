/*
 * source.h
 *		What a backend knows of a relation whose writes it logs.
 */
#ifndef PLASMA_SOURCE_H
#define PLASMA_SOURCE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "log/encode.h"
#include "log/slice.h"
#include "utils/array.h"

typedef struct Source
{
	Oid			relid;
	Oid			root;			/* the synced table: relid or an ancestor of it */
	const char *table_name;		/* on the wire */
	TupleDesc	desc;
	int			nkeys;			/* 0: nothing identifies a row any more */
	AttrNumber *keys;
	TupleDesc	key_desc;
	RowEncoder *row_encoder;
	RowEncoder *key_encoder;
	bool		key_at_once;	/* no row has the key of another, not even for a moment */
	SliceForm  *slice;			/* NULL: no scope, or its columns are not there */

	/*
	 * Foreign keys may write a row a second time within one statement, so that
	 * a transition table holds it twice.
	 */
	bool		repeats;
} Source;

/*
 * The relation as a source of entries of a synced table, of which the trigger
 * function knows the key, the columns of kind bigint, and the scope followed by
 * its columns (nothing where it has none); NULL when it is not the table and not
 * a partition of it.  Good until the end of the transaction.
 */
extern const Source *plasma_source_get(Oid relid, text *table_name, ArrayType *key,
									   ArrayType *bigints, ArrayType *scope);

/* The latest command of this transaction that logged writes of the table. */
extern bool plasma_source_logged(const Source *source, CommandId *cid);
extern void plasma_source_note_logged(const Source *source, CommandId cid);

#endif							/* PLASMA_SOURCE_H */

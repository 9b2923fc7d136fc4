/*
 * encode.h
 *		Rows as JSON and keys as text, the same for every session setting.  It
 *		knows the built-in forms only and never looks up a cast: it runs under
 *		the rights of the extension's owner.
 */
#ifndef PLASMA_ENCODE_H
#define PLASMA_ENCODE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "log/form.h"
#include "nodes/pg_list.h"

typedef struct RowEncoder RowEncoder;

/*
 * An encoder for rows of this shape.  Columns named in bigints are written as
 * decimal strings, and so are keys' texts.  Lives in the current context.
 */
extern RowEncoder *plasma_encode_make(TupleDesc desc, List *bigints);

/* Appends {"column":value,…} of columns [first, natts) of a slot, 0-based. */
extern void plasma_encode_row(RowEncoder *encoder, TupleTableSlot *slot,
							  int first, StringInfo out);

/*
 * Appends the canonical text of a key whose columns are [first, first + nkeys)
 * of a slot: the value's text, or a JSON array of the texts of several.  The
 * text of a value is its JSON form without the quotes, but for bytea, whose
 * text is what its input function reads.
 */
extern void plasma_encode_key(RowEncoder *encoder, TupleTableSlot *slot,
							  int first, int nkeys, StringInfo out);

/* Appends what a key of these values would be; none of them is null. */
extern void plasma_encode_values(ValueForm **forms, const Datum *values,
								 int nkeys, StringInfo out);

/* How one column of the encoder's rows is written, 0-based. */
extern ValueForm *plasma_encode_form(RowEncoder *encoder, int column);

/*
 * The groups of settings (setting.h) that the encoder holds fixed for each row.
 * Who writes many rows fixes them once, which makes that free.
 */
extern int	plasma_encode_settings(const RowEncoder *encoder);

/*
 * The texts of the columns of a key, from its canonical text; NULL when the
 * text is not a key of so many columns.
 */
extern List *plasma_encode_split_key(const char *row_id, int nkeys);

/* NULL when values of the type make a key; else why they do not. */
extern const char *plasma_encode_key_fault(Oid typid, Oid collation);

#endif							/* PLASMA_ENCODE_H */

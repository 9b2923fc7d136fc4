/*
 * slice.h
 *		The slice that a row is in, as the log names it.
 *
 *		scope:value, where the value is the text of the scope columns as keys are
 *		written; the scope alone where one of the columns is null, a slice that is
 *		nobody's.  A value of more than SLICE_VALUE_MAX bytes is named by its
 *		SHA-256 in hex, and so is one that is as long as that, so that no value's
 *		text is the hash of another's.
 */
#ifndef PLASMA_SLICE_H
#define PLASMA_SLICE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#define SLICE_VALUE_MAX		200

/* The slice of a value; NULL is no value.  In the current context. */
extern char *plasma_slice_text(const char *scope, const char *value);

/* How the slices of a relation's rows are read; never written to. */
typedef struct SliceForm SliceForm;

/*
 * NULL where the rows have not all of these columns, or not of types that say
 * a value in one way only.  Lives in the current context.
 */
extern SliceForm *plasma_slice_form(const char *scope, List *columns, TupleDesc desc);

/* Appends the slice of a row to what is there. */
extern void plasma_slice_read(const SliceForm *form, TupleTableSlot *row, StringInfo out);

/* Whether two rows have the same values there; if so, they are in one slice. */
extern bool plasma_slice_same(const SliceForm *form, TupleTableSlot *a, TupleTableSlot *b);

#endif							/* PLASMA_SLICE_H */

/*
 * change.h
 *		The writer of the change log.
 */
#ifndef PLASMA_CHANGE_H
#define PLASMA_CHANGE_H

#include "postgres.h"

#include "lib/stringinfo.h"

typedef struct ChangeWriter ChangeWriter;

/* Where a row is and was; nothing set: a row of a table without a scope. */
typedef struct ChangeSlices
{
	StringInfo	scope;			/* the slice that it is in, for a del was in */
	StringInfo	old_scope;		/* the one that this write took it out of */
	bool		inserted;		/* there was no row of this id before */
} ChangeSlices;

/*
 * Starts entries of one table, all by the origin of this moment.  Lives in the
 * current context, until plasma_change_close or an error.
 */
extern ChangeWriter *plasma_change_open(const char *table_name);

/* A value of NULL leaves the row's image out. */
extern void plasma_change_put(ChangeWriter *writer, StringInfo row_id,
							  const ChangeSlices *slices, StringInfo value);
extern void plasma_change_del(ChangeWriter *writer, StringInfo row_id,
							  const ChangeSlices *slices);
extern void plasma_change_clear(ChangeWriter *writer);

/* Clients fetch the table anew: who sees which of its rows may have changed. */
extern void plasma_change_refetch(ChangeWriter *writer);

/* Writes what is still buffered. */
extern void plasma_change_close(ChangeWriter *writer);

#endif							/* PLASMA_CHANGE_H */

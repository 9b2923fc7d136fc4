/*
 * temporary.h
 *		Temporary objects that a mutation makes in a role that ctx named.
 */
#ifndef PLASMA_TEMPORARY_H
#define PLASMA_TEMPORARY_H

#include "postgres.h"

#include "catalog/dependency.h"

/* The temporary objects of the session; NULL where no request took a role. */
extern ObjectAddresses *plasma_temporary_note(void);

/*
 * Drops what is not among those noted before, and frees these.  Raises 55000
 * where an open cursor still reads one.
 */
extern void plasma_temporary_drop(ObjectAddresses *before);

#endif							/* PLASMA_TEMPORARY_H */

/*
 * deferred.h
 *		Constraints and triggers that wait for the end of the transaction.
 */
#ifndef PLASMA_DEFERRED_H
#define PLASMA_DEFERRED_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef struct Deferred
{
	List	   *relations;		/* oids of those with deferrable triggers */
	char	   *immediate;		/* constraints that are immediate at first, or NULL */
} Deferred;

/* Looks for the deferrable constraints of the database. */
extern Deferred *plasma_deferred_find(void);

/*
 * Runs all that is pending, under the rights of the caller; raises 09000 where
 * something is pending even then.
 */
extern void plasma_deferred_fire(Deferred *deferred);

/*
 * Gives every constraint the mode that it was declared with.  Nobody's code
 * may have run since plasma_deferred_fire.
 */
extern void plasma_deferred_restore(Deferred *deferred);

#endif							/* PLASMA_DEFERRED_H */

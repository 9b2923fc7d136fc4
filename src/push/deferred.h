/*
 * deferred.h
 *		Constraints and triggers that wait for the end of the transaction.
 */
#ifndef PLASMA_DEFERRED_H
#define PLASMA_DEFERRED_H

#include "postgres.h"

typedef struct Deferred
{
	bool		any;			/* the database has deferrable constraints */
	char	   *immediate;		/* those that are immediate at first, or NULL */
} Deferred;

/* Looks once for the deferrable constraints of the database. */
extern Deferred *plasma_deferred_find(void);

/* Runs all that is pending, under the rights of the caller. */
extern void plasma_deferred_fire(const Deferred *deferred);

/* Gives every constraint the mode that it was declared with. */
extern void plasma_deferred_restore(const Deferred *deferred);

#endif							/* PLASMA_DEFERRED_H */

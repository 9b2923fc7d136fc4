/*
 * mend.h
 *		Mending capture and registry of the active declaration's tables.
 */
#ifndef PLASMA_MEND_H
#define PLASMA_MEND_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* Something that could not be mended, and why. */
typedef struct MendFailure
{
	const char *object;
	ErrorData  *error;
} MendFailure;

typedef struct Mending
{
	List	   *findings;		/* VerifyFinding *: of what is mended now */
	List	   *entries;		/* RegistryEntry *: as they were */
	bool		acted;			/* anything was written */
	bool		new_epoch;
	List	   *failed;			/* MendFailure * */
} Mending;

/* Runs fn in a subtransaction, and notes a failure. Returns whether there was none. */
extern bool plasma_mend_attempt(Mending *mending, const char *object,
								void (*fn) (void *), void *arg);

/*
 * Captures and registers the tables as declared, lets go what is not, and
 * removes what plasma generated and nothing needs.  Asks for the lock of apply
 * and an active snapshot that may be taken anew.
 */
extern void plasma_mend_tables(Mending *mending);

#endif							/* PLASMA_MEND_H */

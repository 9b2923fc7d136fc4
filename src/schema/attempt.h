/*
 * attempt.h
 *		What came of trying a text of a declaration.
 */
#ifndef PLASMA_ATTEMPT_H
#define PLASMA_ATTEMPT_H

#include "postgres.h"

#include "schema/fault.h"

typedef struct Attempt
{
	const char *key;
	bool		done;			/* what follows is known */
	const char *message;		/* why it failed, or NULL */
	Oid			typid;			/* of a type */
	int32		typmod;
	bool		fits;			/* of a default: it has the shape of its kind */
} Attempt;

/*
 * What came of the text, taken for a type or whatever, in this reading; not
 * done yet when it is new.  An attempt costs a subtransaction, and declarations
 * say the same many times.
 */
extern Attempt *plasma_attempt_find(FaultList *faults, const char *what, const char *text);

/* As plasma_predicate_fault, which it asks once. */
extern const char *plasma_attempt_expression(FaultList *faults, const char *text);

#endif							/* PLASMA_ATTEMPT_H */

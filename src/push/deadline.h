/*
 * deadline.h
 *		The longest time that one mutation may run: plasma.mutation_timeout.
 */
#ifndef PLASMA_DEADLINE_H
#define PLASMA_DEADLINE_H

#include "postgres.h"

/* Starts the clock; no limit where the setting is 0. */
extern void plasma_deadline_start(void);

/* Stops it after a run without an error; raises when it had expired. */
extern void plasma_deadline_stop(void);

/*
 * Stops it in the handler of an error.  Returns when the error stands as it
 * is; where it is only the expiry's cancel, raises the expiry instead.
 */
extern void plasma_deadline_stop_error(MemoryContext context);

#endif							/* PLASMA_DEADLINE_H */

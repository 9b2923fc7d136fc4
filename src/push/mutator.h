/*
 * mutator.h
 *		The functions that are registered under the names of mutations.
 */
#ifndef PLASMA_MUTATOR_H
#define PLASMA_MUTATOR_H

#include "postgres.h"

#include "push/deferred.h"
#include "push/request.h"

/* The mutators that a push has called so far, ready to be called again. */
typedef struct Mutators Mutators;

extern Mutators *plasma_mutator_open(Deferred *deferred);

/*
 * Runs one mutation as the caller, with its origin, up to and including the
 * deferred constraints and triggers.  Any error of it is raised.
 */
extern void plasma_mutator_run(Mutators *mutators, const char *client_group_id,
							   const RequestMutation *mutation);

/* Whether a mutator is running in this backend. */
extern bool plasma_mutator_running(void);

/* Drops what was made ready; after an error it may be half made. */
extern void plasma_mutator_forget(Mutators *mutators);

/* Ends what plasma_mutator_open began. */
extern void plasma_mutator_close(Mutators *mutators);

#endif							/* PLASMA_MUTATOR_H */

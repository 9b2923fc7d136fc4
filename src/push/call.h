/*
 * call.h
 *		Calls of registered functions, made ready once per push.
 */
#ifndef PLASMA_CALL_H
#define PLASMA_CALL_H

#include "postgres.h"

#include "utils/jsonb.h"

typedef struct Calls Calls;

/* ctx, which may be NULL, is what functions with a parameter for it are given. */
extern Calls *plasma_call_open(Jsonb *ctx);
extern void plasma_call_close(Calls *calls);

/* Calls the mutator's function in a snapshot of its own. */
extern void plasma_call_run(Calls *calls, const char *name, Jsonb *args);

/* Starts anew: after an error, what was being made ready may be half made. */
extern void plasma_call_forget(Calls *calls);

#endif							/* PLASMA_CALL_H */

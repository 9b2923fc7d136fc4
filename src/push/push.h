/*
 * push.h
 *		Running the mutations of a client's outbox.
 */
#ifndef PLASMA_PUSH_H
#define PLASMA_PUSH_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The answer to a push request as JSON text. Faults raise PL003 to PL007. */
extern text *plasma_push_run(Jsonb *request);

/* Raises 55000 while a mutator is running: push, pull with ctx and http are not for mutators. */
extern void plasma_push_refuse_nested(const char *function);

#endif							/* PLASMA_PUSH_H */

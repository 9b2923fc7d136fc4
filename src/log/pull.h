/*
 * pull.h
 *		What changed since the client's cookie.
 */
#ifndef PLASMA_PULL_H
#define PLASMA_PULL_H

#include "postgres.h"

#include "utils/jsonb.h"

/* The answer to a pull request as JSON text. Faults raise PL003 to PL007. */
extern text *plasma_pull_run(Jsonb *request);

#endif							/* PLASMA_PULL_H */

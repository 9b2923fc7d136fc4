/*
 * claims.h
 *		What the connection says of its caller: the setting request.jwt.claims.
 */
#ifndef PLASMA_CLAIMS_H
#define PLASMA_CLAIMS_H

#include "postgres.h"

#include "utils/jsonb.h"

/*
 * The claims where they are set and a gateway connected, else NULL.  Not a
 * copy: valid until the setting changes.  Raises PL005.
 */
extern Jsonb *plasma_claims_current(void);

/* Raises 42501 where claims are set that do not count. */
extern void plasma_claims_refuse_vain(void);

#endif							/* PLASMA_CLAIMS_H */

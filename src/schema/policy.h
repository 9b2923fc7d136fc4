/*
 * policy.h
 *		The predicates of the policies that plasma made.
 */
#ifndef PLASMA_POLICY_H
#define PLASMA_POLICY_H

#include "postgres.h"

#include "schema/catalog.h"

/* Sets auth_read and auth_write of the tables. */
extern void plasma_policy_read(const Catalog *catalog);

#endif							/* PLASMA_POLICY_H */

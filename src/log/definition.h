/*
 * definition.h
 *		Whether what the policies of a table use is defined as it was.
 */
#ifndef PLASMA_DEFINITION_H
#define PLASMA_DEFINITION_H

#include "postgres.h"

#include "rewrite/rowsecurity.h"
#include "utils/uuid.h"

/* Whether a policy uses anything that can be changed without changing the policy. */
extern bool plasma_definition_is_used(const RowSecurityPolicy *policy);

/*
 * Mixes in how the functions, views and tables are defined that the policies for
 * reading of a relation use, and which of their policies are made for the current
 * role.  The registry is the one under which the relation is synced.
 */
extern uint64 plasma_definition_mix(uint64 hash, Oid relid, const pg_uuid_t *registry);

#endif							/* PLASMA_DEFINITION_H */

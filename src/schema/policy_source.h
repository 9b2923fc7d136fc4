/*
 * policy_source.h
 *		The tables that policies of synced tables read.
 */
#ifndef PLASMA_POLICY_SOURCE_H
#define PLASMA_POLICY_SOURCE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/*
 * Registers the sources of the tables of a model, or with NULL of none, puts
 * triggers on them and takes those off that are not needed any more.  Clients of a
 * table fetch it anew where changes may have gone by unseen; entries (RegistryEntry *)
 * are those of before, whose tables clients may have.  Asks for the lock of apply
 * and an active snapshot that may be taken anew.  Returns whether anything changed.
 */
extern bool plasma_policy_source_settle(const Model *model, List *entries);

/* False where no synced table has a policy that could read anything. */
extern bool plasma_policy_source_may_exist(void);

/* Whether there is nothing that it would do, as the active snapshot shows. */
extern bool plasma_policy_source_is_intact(void);

#endif							/* PLASMA_POLICY_SOURCE_H */

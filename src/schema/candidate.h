/*
 * candidate.h
 *		The keys that a table could be declared with.
 */
#ifndef PLASMA_CANDIDATE_H
#define PLASMA_CANDIDATE_H

#include "postgres.h"

#include "schema/model.h"

/*
 * Sets key, suppressed, history and scope of each table, which has its columns and is
 * in the database, and which of its columns are unique beside their key.  active
 * may be NULL.
 */
extern void plasma_candidate_choose(Model *model, const Model *active);

#endif							/* PLASMA_CANDIDATE_H */

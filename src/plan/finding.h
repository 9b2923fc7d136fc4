/*
 * finding.h
 *		What is the matter with tables as such, and what depends on them.
 */
#ifndef PLASMA_FINDING_H
#define PLASMA_FINDING_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/options.h"

/* Issue *: why what stands under the name is no table to sync. */
extern List *plasma_finding_obstacles(const LiveTable *live);

/* Why the caller may not end the capture of a registered table, or NULL. */
extern Issue *plasma_finding_owner(const RegistryEntry *entry);

/* Issue *: of a table that was not declared before, what of it is accepted. */
extern List *plasma_finding_accepted(const PlanInput *input, const LiveTable *live);

/*
 * Issue *: what keeps a column or table from being dropped, or a column from
 * getting another type, and what a drop would take with it.  Other removals
 * of the plan keep nothing.
 */
extern List *plasma_finding_dependents(const PlanInput *input, const PlanOptions *options,
									   List *changes, const PlanChange *change);

/*
 * The change by which what was removed may have got another name: a column of
 * the same kind that is the only one added where this is the only one removed,
 * or a table with the same columns.  Or NULL.
 */
extern const PlanChange *plasma_finding_rename(List *changes, const PlanChange *removed);

#endif							/* PLASMA_FINDING_H */

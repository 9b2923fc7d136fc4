/*
 * hazard.h
 *		What is to be said of the locks, rewrites and scans of a plan.
 */
#ifndef PLASMA_HAZARD_H
#define PLASMA_HAZARD_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/options.h"
#include "plan/step.h"

/*
 * Issues (LK1xx) of the steps, as the executor of the options runs them.  They
 * refuse where more rows are concerned than may be locked; under the policy
 * strict a rewrite of any row does.  An empty table is passed over.
 */
extern List *plasma_hazard_find(const PlanInput *input, List *steps,
								const PlanOptions *options);

#endif							/* PLASMA_HAZARD_H */

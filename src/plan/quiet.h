/*
 * quiet.h
 *		New columns that are still null in every row.
 */
#ifndef PLASMA_QUIET_H
#define PLASMA_QUIET_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/plan.h"

/* Below which transactions are over in the active snapshot. */
extern uint64 plasma_quiet_horizon(void);

/*
 * Columns (PlanChange *) that earlier transactions added, of which the plan
 * found no value and nobody has written one since.  Their tables are locked
 * against writers from then on.  horizon: of the plan's snapshot.  Asks for an
 * active snapshot that may be taken anew.
 */
extern List *plasma_quiet_find(const PlanResult *plan, uint64 horizon);

#endif							/* PLASMA_QUIET_H */

/*
 * scopes.h
 *		The queries of scopes, as a plan finds and leaves them.
 */
#ifndef PLASMA_SCOPES_H
#define PLASMA_SCOPES_H

#include "postgres.h"

#include "plan/plan.h"

/*
 * Adds an issue for each declared query that cannot be used, or that reads what
 * the plan removes, and notes whether all are registered as they are.
 */
extern void plasma_scopes_judge(PlanResult *plan);

/*
 * Whether the plan removes what a registered query reads: from then on until
 * the declaration is registered nobody could pull.
 */
extern bool plasma_scopes_lose(const PlanResult *plan);

#endif							/* PLASMA_SCOPES_H */

/*
 * execute.h
 *		What run_migrations and migrate have in common: locks before a plan,
 *		and the registration at its end.
 */
#ifndef PLASMA_EXECUTE_H
#define PLASMA_EXECUTE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/plan.h"

/*
 * Every lock that the steps take, and one against writers on each table whose
 * data a verdict rests on: StepLock *, in oid order.
 */
extern List *plasma_execute_locks(const PlanResult *plan, List *steps);

/* In the order in which to take them. */
extern List *plasma_execute_sort(List *locks);

/* Takes locks, each within lock_timeout_ms; returns whether any was not held yet. */
extern bool plasma_execute_lock(const PlanResult *plan, List *locks);

/*
 * Raises PL001 UN110 where this transaction itself uses one of the relations,
 * so that the server would not let it be altered.
 */
extern void plasma_execute_check_unused(const PlanResult *plan, List *locks);

/*
 * Runs a statement of a step as the caller, and raises PL001 UN116 where the
 * server refuses it.
 */
extern void plasma_execute_statement(const PlanStep *step, const StepStatement *statement);

/*
 * After DDL of steps, in its transaction: clients may keep what they hold of
 * the tables as far as the steps answer for it.
 */
extern void plasma_execute_keep(const PlanResult *plan, List *steps);

/*
 * Captures and registers the tables of the declaration, which are all there,
 * and makes it the active one.  quiet: added columns (PlanChange *) that are
 * null in every row, beside those that this transaction made.  Asks for the lock
 * of apply and for an active snapshot that may be taken anew.  Waits for each
 * lock as long as for those of a step: writers queue up behind it.
 */
extern void plasma_execute_register(const PlanResult *plan, List *quiet);

#endif							/* PLASMA_EXECUTE_H */

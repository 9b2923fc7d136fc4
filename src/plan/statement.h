/*
 * statement.h
 *		One statement of a plan.
 */
#ifndef PLASMA_STATEMENT_H
#define PLASMA_STATEMENT_H

#include "postgres.h"

#include "plan/step.h"

/* How the line begins in which an error tells its step. */
#define STATEMENT_CONTEXT	"step "

/* Runs it as the caller, under the timeouts of its step. */
extern void plasma_statement_run(const PlanStep *step, const StepStatement *statement);

/* Of an ErrorContextCallback: names the step (const PlanStep *). */
extern void plasma_statement_context(void *step);

/* Sets lock_timeout until AtEOXact_GUC(false, the level that is returned). */
extern int	plasma_statement_lock_timeout(int ms);

#endif							/* PLASMA_STATEMENT_H */

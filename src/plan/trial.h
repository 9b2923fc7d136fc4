/*
 * trial.h
 *		A plan tried on empty copies of the tables that it changes.
 */
#ifndef PLASMA_TRIAL_H
#define PLASMA_TRIAL_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/options.h"

typedef struct Trial
{
	bool		done;			/* all statements were run */
	bool		corrected;		/* a statement rewrites where it was not said to, or the opposite */
	const char *obstacle;		/* why it was not tried, or NULL */
	List	   *issues;			/* Issue *: what the server refuses, what is not reached */
} Trial;

/*
 * Runs the direct statements of the steps on temporary tables, in a
 * subtransaction that is rolled back.  What it sees to rewrite a table is noted
 * in the statements of the steps.
 */
extern void plasma_trial_run(const PlanInput *input, List *changes, List *steps,
							 const PlanOptions *options, Trial *trial);

#endif							/* PLASMA_TRIAL_H */

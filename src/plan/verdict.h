/*
 * verdict.h
 *		From changes to issues: the rules, asked with the options and the data.
 */
#ifndef PLASMA_VERDICT_H
#define PLASMA_VERDICT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/options.h"

typedef struct PlanBump
{
	bool		required;		/* clients of the active declaration would break */
	bool		done;			/* and the version is another */
	List	   *reasons;		/* char *: "BC101 todos.tagId" */
} PlanBump;

/*
 * Issues (Issue *) of all changes and of the tables as such (UN1xx, ID1xx),
 * the version rules included.  Sets accepted of each change.  Reads data in the
 * active snapshot; takes AccessShare locks at most.
 */
extern List *plasma_verdict_give(const PlanInput *input, List *changes,
								 const PlanOptions *options, PlanBump *bump);

/* Whether any of the issues refuses. */
extern bool plasma_verdict_refuses(List *issues);

#endif							/* PLASMA_VERDICT_H */

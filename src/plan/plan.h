/*
 * plan.h
 *		A plan: what lies between the database and a declaration.
 */
#ifndef PLASMA_PLAN_H
#define PLASMA_PLAN_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/options.h"
#include "plan/step.h"
#include "plan/verdict.h"

typedef enum PlanStatus
{
	PLAN_NOOP,					/* the database follows the declaration, which is the active one */
	PLAN_APPLY,
	PLAN_REFUSED
} PlanStatus;

typedef struct PlanResult
{
	PlanStatus	status;
	PlanInput	input;
	const PlanOptions *options;
	char	   *canonical;		/* the declaration as compact JSON */
	char	   *declared_hash;	/* sha256 of it, hex */
	char	   *active_hash;	/* NULL when there is none */
	char	   *catalog_hash;	/* of the managed objects, hex */
	PlanBump	bump;
	List	   *changes;		/* PlanChange * */
	List	   *issues;			/* Issue * */
	List	   *steps;			/* PlanStep *; none when refused */
	bool		scopes_kept;	/* their queries are those that are registered */
	List	   *disturbed;		/* char *: tables of which capture is not intact */
	bool		validated;		/* the steps were tried on empty clones */
	const char *not_validated;	/* why they could not be: a sentence, or NULL */
} PlanResult;

/*
 * The plan for a declaration, in the active snapshot.  Raises only for a faulty
 * declaration (PL002) and for what a retry may cure.  Changes nothing.
 */
extern PlanResult *plasma_plan_make(const char *json_text, int len,
							  const PlanOptions *options);

/*
 * Raises PL001 MigrationRefused with all issues that refuse.  begun: earlier
 * transactions of the same migration have changed something.
 */
extern void plasma_plan_raise(const PlanResult *plan, bool begun);

/* The arguments (schema json, options jsonb) of a function. */
extern void plasma_plan_arguments(FunctionCallInfo fcinfo, const char **declaration, int *len,
								  PlanOptions **options);

#endif							/* PLASMA_PLAN_H */

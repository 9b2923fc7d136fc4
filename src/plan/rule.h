/*
 * rule.h
 *		The truth table: which change gets which verdict under which policy.
 */
#ifndef PLASMA_RULE_H
#define PLASMA_RULE_H

#include "postgres.h"

#include "plan/check.h"
#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/options.h"

typedef enum Verdict
{
	VERDICT_YES,				/* applied; the code, if any, is told as a warning or info */
	VERDICT_CHECK,				/* applied if the check finds nothing, else the code refuses */
	VERDICT_NO					/* refused by the code */
} Verdict;

typedef struct Rule
{
	const char *row;			/* of the truth table: "D11" */
	const char *title;			/* the change in words, for plasma.rules() */
	ChangeKind	change;
	bool		(*applies) (const PlanChange *change);	/* NULL: always */
	Verdict		verdict[PLAN_POLICIES];
	CheckKind	check;			/* asked for VERDICT_CHECK, and for VERDICT_NO to fill in the text */
	const char *code;			/* NULL: nothing to say */
	Severity	told;			/* how the code is told when it does not refuse */
	const char *breaks;			/* the BC code if clients of the active declaration break, or NULL */
} Rule;

/* The first rule of the table that applies. */
extern const Rule *plasma_rule_find(const PlanChange *change);

#endif							/* PLASMA_RULE_H */

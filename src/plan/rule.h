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
	VERDICT_NOTHING,			/* left as it is: there is nothing to do */
	VERDICT_YES,				/* applied */
	VERDICT_CHECK,				/* applied if the check finds nothing, else the code refuses */
	VERDICT_NO					/* refused by the code */
} Verdict;

/* What a row of the table is for. */
typedef enum RuleUse
{
	RULE_DECIDES,				/* the first one that applies decides */
	RULE_BESIDES,				/* asked in addition to the one that decides */
	RULE_VIOLATED,				/* names what a check of the row before found */
	RULE_FOUND,					/* found by looking at tables, not at changes: by its code */
	RULE_TOLD					/* for people: nothing is looked at */
} RuleUse;

typedef struct Rule
{
	const char *row;			/* of the truth table: "D11" */
	const char *title;			/* the change in words, for plasma.rules() */
	RuleUse		use;
	ChangeKind	change;
	bool		(*applies) (const PlanChange *change);	/* NULL: always */
	Verdict		verdict[PLAN_POLICIES];
	CheckKind	check;			/* asked for VERDICT_CHECK, and for VERDICT_NO to fill in the text */
	const char *code;			/* that refuses */
	const char *tells;			/* the code that is told when it is applied or left, or NULL */
	Severity	told;			/* how */
	const char *breaks;			/* what becomes of clients of the active declaration, for people */
} Rule;

/* The first row of the table that applies; every change has one. */
extern const Rule *plasma_rule_find(const PlanChange *change);

/* The rows that are asked besides: Rule *. */
extern List *plasma_rule_besides(const PlanChange *change);

/* The row under which a violated check is told: the same one, or one of its own. */
extern const Rule *plasma_rule_violated(const Rule *rule);

/* The number of the row of what was found by looking at a table, or NULL. */
extern const char *plasma_rule_of_code(const char *code);

#endif							/* PLASMA_RULE_H */

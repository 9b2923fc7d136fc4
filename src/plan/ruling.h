/*
 * ruling.h
 *		One change, asked of one rule.
 */
#ifndef PLASMA_RULING_H
#define PLASMA_RULING_H

#include "postgres.h"

#include "plan/compare.h"
#include "plan/issue.h"
#include "plan/rule.h"
#include "plan/verdict.h"

/* What all changes of a plan share. */
typedef struct Judging
{
	const PlanInput *input;
	List	   *changes;
	const PlanOptions *options;
	PlanBump   *bump;
	List	   *issues;
	List	   *blocked;		/* LiveTable *: that have obstacles */
	bool		broken;			/* clients break by a change that nothing refuses */
} Judging;

/* A change before its rules. */
typedef struct Ruling
{
	Judging    *judging;
	PlanChange *change;
	const char *breaks;			/* BC code, or NULL */
	IssueWords	words;
} Ruling;

/* An issue that is not there yet, with whatever else of the column is the same. */
extern void plasma_ruling_add(Judging *judging, Issue *issue);

extern bool plasma_ruling_is_allowed(const Judging *judging, const char *code);

/* An issue about the change; one that refuses it. */
extern Issue *plasma_ruling_tell(const Ruling *item, const char *code, Severity severity,
								 const char *row, CheckResult *check);
extern Issue *plasma_ruling_refuse(const Ruling *item, const char *code,
								   const char *row, CheckResult *check);

/*
 * Asks a rule, and the data where the rule leaves it to them.  Sets accepted
 * and unlocked of the change, or refuses it and returns false.
 */
extern bool plasma_ruling_ask(const Ruling *item, const Rule *rule);

#endif							/* PLASMA_RULING_H */

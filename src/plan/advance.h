/*
 * advance.h
 *		The next transaction of a migration that is carried out step by step.
 */
#ifndef PLASMA_ADVANCE_H
#define PLASMA_ADVANCE_H

#include "postgres.h"

#include "plan/plan.h"

typedef struct Migration
{
	const char *text;
	int			len;
	PlanOptions options;
	PlanResult *plan;
	uint64		horizon;		/* of the plan's snapshot */
	int64		ordinal;		/* 0: not begun */
	int			n;				/* of the last statement */
	char	   *last;			/* its text */
	const PlanStep *backfill;	/* that the procedure has to run */
	bool		finished;
} Migration;

/* Only plans, and begins the journal. */
extern void plasma_advance_begin(Migration *migration);

/*
 * Does what comes first of what is left, or all of it if it belongs into one
 * transaction; of a backfill only says so.
 */
extern void plasma_advance_go_on(Migration *migration);

#endif							/* PLASMA_ADVANCE_H */

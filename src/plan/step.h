/*
 * step.h
 *		From accepted changes to the ordered steps of a plan.
 */
#ifndef PLASMA_STEP_H
#define PLASMA_STEP_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/compare.h"
#include "plan/options.h"
#include "storage/lockdefs.h"

/* In this order; within a phase by the depth of references, then as declared. */
typedef enum StepPhase
{
	PHASE_TYPE,
	PHASE_TABLE,
	PHASE_COLUMN,
	PHASE_INDEX,
	PHASE_CONSTRAINT,
	PHASE_POLICY,
	PHASE_DROP,
	PHASE_PROPAGATE,
	PHASE_REGISTER				/* capture and registry: one step, the last */
} StepPhase;

/* Which transaction a statement may run in. */
typedef enum StepTx
{
	TX_ANY,
	TX_OWN,						/* one that commits before the next statement */
	TX_NONE						/* none at all: CONCURRENTLY */
} StepTx;

typedef struct StepLock
{
	Oid			relid;			/* InvalidOid: made by this plan */
	char	   *relation;		/* qualified and quoted */
	LOCKMODE	mode;
} StepLock;

typedef struct StepStatement
{
	char	   *sql;			/* one statement, as the caller runs it */
	char	   *undo;			/* or NULL */
	StepTx		tx;
	List	   *locks;			/* StepLock *: the strongest on each relation that is there already */
	bool		rewrites;		/* a table, with its indexes */
	bool		scans;			/* a table, under these locks */
	bool		backfill;		/* CALL plasma.backfill: commits batch by batch */
	bool		alters;			/* a column, as the row of pg_attribute tells */
	bool		drops_type;		/* which locks each table that still has it */
	const char *auth;			/* the key of "auth" that it stands for, or NULL */

	/*
	 * Of one that runs in no transaction: what an executor without that runs in
	 * its place, or NULL.
	 */
	struct StepStatement *instead;
} StepStatement;

typedef struct PlanStep
{
	int			n;
	StepPhase	phase;
	const char *op;				/* "add_column", "set_not_null", "register" … */
	const ModelTable *table;	/* NULL for a type */
	const char *column;			/* or NULL */
	char	   *object;			/* public.todos.tagId, quoted where needed */
	const char *auth;			/* the key of "auth" that it stands for, or NULL */
	const PlanChange *change;	/* NULL for register */
	char	   *keep;			/* SELECT plasma.keep_copies(...), to be run with what alters a column; or NULL */
	char	   *check;			/* SELECT EXISTS (...) that is false when it may run, or NULL */
	List	   *direct;			/* StepStatement *: in one transaction */
	List	   *online;			/* StepStatement *: that block less; NIL where direct is as good */
	List	   *locks;			/* StepLock *: of register, what capture takes */
	int64		rows;			/* of the table, at most max_locked_rows + 1; not counted
								 * (0) where neither rewrites nor scans depend on it */
	int			lock_timeout_ms;
	int			statement_timeout_ms;
	List	   *hazards;		/* char *: LK101 … of the form that the executor uses */
} PlanStep;

/*
 * The steps for the accepted changes.  Pure but for reading catalogs; the last
 * one is register, unless there is nothing to do.
 */
extern List *plasma_step_make(const PlanInput *input, List *changes,
							  const PlanOptions *options);

/* Finds the hazards of the steps anew: for one who set rewrites or scans of a statement. */
extern void plasma_step_judge(const PlanInput *input, List *changes,
							  const PlanOptions *options, List *steps);

/*
 * The statements that an executor runs: online if it can run all of them,
 * else direct.
 */
extern List *plasma_step_statements(const PlanStep *step, PlanExecutor executor);

/* What a step does to those who work meanwhile, by an executor: char *, LK101 … */
extern List *plasma_step_hazards(const PlanStep *step, PlanExecutor executor);

/* Every lock of all steps, the strongest for each relation, in oid order. */
extern List *plasma_step_locks(List *steps, PlanExecutor executor);

/* Whether every value is the same to clients under two forms of a column. */
extern bool plasma_step_value_is_same(const ModelColumn *from, const ModelColumn *to);

/* "AccessExclusiveLock" and so on. */
extern const char *plasma_step_lock_name(LOCKMODE mode);

#endif							/* PLASMA_STEP_H */

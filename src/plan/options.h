/*
 * options.h
 *		The options of plan, run_migrations and migrate.
 */
#ifndef PLASMA_OPTIONS_H
#define PLASMA_OPTIONS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What decides between the verdicts of the rules. */
typedef enum PlanPolicy
{
	POLICY_PLASMA,				/* as documented, decided by the data where that is safe */
	POLICY_STRICT,				/* the documented table to the letter */
	POLICY_DATA					/* destructive changes too, where no data is lost */
} PlanPolicy;

#define PLAN_POLICIES	(POLICY_DATA + 1)

/* How clients get values that DDL gave to existing rows. */
typedef enum PlanPropagate
{
	PROPAGATE_DEFAULT,			/* log up to propagate_max_rows rows, else reset */
	PROPAGATE_NONE,
	PROPAGATE_LOG,				/* an entry for each row */
	PROPAGATE_RESET				/* a new generation of the table */
} PlanPropagate;

/* For whom the plan is: what is online differs. */
typedef enum PlanExecutor
{
	EXECUTOR_RUN,				/* run_migrations: one transaction */
	EXECUTOR_MIGRATE,			/* migrate: one transaction for each step */
	EXECUTOR_SQL				/* plan_sql: a script */
} PlanExecutor;

typedef struct PlanOptions
{
	PlanPolicy	policy;			/* "policy": plasma | strict | data */
	List	   *allow;			/* "allow": codes, char * */
	bool		enforce_compat; /* "enforce_compat" */
	PlanPropagate propagate;	/* "propagate": none | log | reset */
	int64		propagate_max_rows; /* 10000 */
	PlanExecutor executor;		/* "executor": run_migrations | migrate | plan_sql */
	int			lock_timeout_ms;	/* 3000; 0: wait for ever */
	int			statement_timeout_ms;	/* 0: the session's */
	int			lock_retries;	/* 10: of migrate, for a step that does not get its lock */
	int64		max_locked_rows;	/* 100000: rewrites and blocking scans above are refused */
	int			batch;			/* 1000: rows of a batch of a backfill */
	bool		dry_run;		/* plans, and does nothing */
	bool		validate;		/* true: try the plan on empty clones */
	char	   *fingerprint;	/* of the catalog that the plan was made on, or NULL */
} PlanOptions;

/* Raises PL002 with the JSON path of each fault; unknown keys are faults. */
extern PlanOptions *plasma_options_parse(Jsonb *json);

extern const char *plasma_options_policy_name(PlanPolicy policy);
extern const char *plasma_options_executor_name(PlanExecutor executor);

#endif							/* PLASMA_OPTIONS_H */

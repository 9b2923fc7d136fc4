/*
 * advance.c
 *		The next transaction of a migration that is carried out step by step.
 *
 *		In comes a declaration, out goes what one transaction of plasma.migrate has
 *		done towards it: the first step of a plan that is made anew, or the last
 *		ones together.  Asks for the lock of apply; further locks are taken in the
 *		order of oids before the plan that they are for is made.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/advance.h"
#include "plan/execute.h"
#include "plan/journal.h"
#include "plan/quiet.h"
#include "plan/report.h"
#include "plan/scopes.h"
#include "schema/enrol.h"

static void
make_plan(Migration *migration)
{
	plasma_enrol_look_again();
	migration->horizon = plasma_quiet_horizon();
	migration->plan = plasma_plan_make(migration->text, migration->len, &migration->options);
	if (migration->plan->status == PLAN_REFUSED)
		plasma_plan_raise(migration->plan, migration->n > 0);
}

static PlanStep *
first_step(const Migration *migration)
{
	List	   *steps = migration->plan->steps;

	return steps == NIL ? NULL : linitial(steps);
}

static bool
fit_into_one(List *steps)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, steps)
		foreach(inner, plasma_step_statements(lfirst(cell), EXECUTOR_MIGRATE))
			if (((StepStatement *) lfirst(inner))->tx != TX_ANY)
				return false;
	return true;
}

/*
 * Whether all that is left belongs into one transaction.  What clients are told
 * and what the registry says of it do: nobody may write in between.  So do
 * policies, and what they need or needed, with scopes: between them rows would be
 * shown to somebody to whom neither declaration shows them, or to nobody.  And
 * so does what a scope's query has read so far.
 */
static bool
is_last_stretch(const Migration *migration)
{
	const PlanStep *step = first_step(migration);

	return step != NULL &&
		(step->phase >= PHASE_PROPAGATE ||
		 ((step->phase == PHASE_POLICY ||
		   (step->phase == PHASE_DROP && plasma_scopes_lose(migration->plan))) &&
		  fit_into_one(migration->plan->steps)));
}

/* The locks without which the next steps are not to be begun. */
static List *
locks_ahead(const Migration *migration)
{
	PlanStep   *step = first_step(migration);

	if (step == NULL || step->change == NULL)
		return NIL;
	if (step->phase < PHASE_PROPAGATE && is_last_stretch(migration))
		return plasma_execute_locks(migration->plan, migration->plan->steps);
	return step->change->unlocked ?
		plasma_execute_locks(migration->plan, list_make1(step)) : NIL;
}

/*
 * The plan as it is when nobody can write to the tables on whose data its next
 * steps rest.
 */
static void
make_plan_locked(Migration *migration)
{
	do
		make_plan(migration);
	while (plasma_execute_lock(migration->plan, locks_ahead(migration)));
}

/* The state is in the catalogs; a statement that leaves none would run for ever. */
static void
check_advances(const Migration *migration, const PlanStep *step, const char *sql)
{
	if (migration->last != NULL && strcmp(migration->last, sql) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("%s of %s was done, but the plan asks for it again",
						step->op, step->object),
				 errdetail("The statement is: %s", sql)));
}

static void
start_statement(Migration *migration, const PlanStep *step, const char *sql, const char *undo)
{
	migration->n++;
	plasma_journal_start(migration->ordinal, migration->n, step, sql, undo);
}

/* As many statements as belong into one transaction. */
static void
run_statements(Migration *migration, const PlanStep *step)
{
	ListCell   *cell;

	foreach(cell, plasma_step_statements(step, EXECUTOR_MIGRATE))
	{
		StepStatement *statement = lfirst(cell);

		check_advances(migration, step, statement->sql);
		if (statement->backfill && foreach_current_index(cell) > 0)
			break;
		start_statement(migration, step, statement->sql, statement->undo);
		if (statement->backfill)
		{
			migration->backfill = step;
			break;
		}
		plasma_execute_statement(step, statement);
		plasma_journal_finish(migration->ordinal, migration->n);
		if (statement->tx != TX_ANY)
			break;
	}
}

/* The next plan must find nothing left to do, as after run_migrations. */
static void
finish(Migration *migration)
{
	bool		rollback = migration->plan->input.rollback;

	plasma_enrol_look_again();
	migration->plan = plasma_plan_make(migration->text, migration->len, &migration->options);
	if (migration->plan->status != PLAN_NOOP && !rollback)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the migration did not lead to the declaration"),
				 errdetail_internal("%s", plasma_report_write(migration->plan))));
	plasma_journal_end(migration->ordinal, migration->plan->catalog_hash);
	migration->finished = true;
}

static void
run_last_steps(Migration *migration)
{
	List	   *quiet = plasma_quiet_find(migration->plan, migration->horizon);
	ListCell   *cell;

	foreach(cell, migration->plan->steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase != PHASE_REGISTER)
		{
			run_statements(migration, step);
			continue;
		}
		start_statement(migration, step, NULL, NULL);
		plasma_execute_register(migration->plan, quiet);
		plasma_journal_finish(migration->ordinal, migration->n);
	}
	finish(migration);
}

static void
run_step(Migration *migration)
{
	PlanStep   *step = first_step(migration);

	if (step == NULL)
		finish(migration);
	else if (is_last_stretch(migration))
		run_last_steps(migration);
	else
	{
		run_statements(migration, step);
		plasma_enrol_look_again();
		plasma_execute_keep(migration->plan, list_make1(step));
	}
}

/* A fingerprint is that of the first plan; the steps themselves change it. */
void
plasma_advance_go_on(Migration *migration)
{
	migration->options.validate = false;
	migration->options.fingerprint = NULL;
	migration->n = plasma_journal_last(migration->ordinal, &migration->last);
	plasma_journal_finish(migration->ordinal, migration->n);
	make_plan_locked(migration);
	run_step(migration);
}

void
plasma_advance_begin(Migration *migration)
{
	make_plan(migration);
	migration->finished = migration->options.dry_run || migration->plan->status == PLAN_NOOP;
	if (!migration->finished)
		migration->ordinal = plasma_journal_begin(migration->plan);
}

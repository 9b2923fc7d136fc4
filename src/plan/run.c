/*
 * run.c
 *		plasma.run_migrations: a plan carried out in one transaction.
 *
 *		It plans without a lock, so that a refusal makes nobody wait.  Then it
 *		takes the lock of apply and those of the tables, and plans anew in a
 *		snapshot of after them, whatever the isolation level: what the verdicts
 *		rest on can no longer change.  Whatever fails after that undoes all.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plan/execute.h"
#include "plan/journal.h"
#include "plan/plan.h"
#include "plan/quiet.h"
#include "plan/report.h"
#include "schema/apply.h"
#include "schema/enrol.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

typedef struct Run
{
	const char *text;
	int			len;
	PlanOptions options;
	PlanResult *plan;
	uint64		horizon;		/* of the plan's snapshot */
	List	   *quiet;			/* added columns that are null in every row */
	char	   *report;			/* the plan, from before it was carried out */
	int64		migration;		/* 0: there was nothing to do */
	int			statements;
} Run;

PG_FUNCTION_INFO_V1(plasma_run_migrations);

static void
make_plan(Run *run)
{
	run->horizon = plasma_quiet_horizon();
	run->plan = plasma_plan_make(run->text, run->len, &run->options);
	if (run->plan->status == PLAN_REFUSED)
		plasma_plan_raise(run->plan, false);
}

static void
look_ahead(void *arg)
{
	Run		   *run = arg;

	run->plan = plasma_plan_make(run->text, run->len, &run->options);
}

/* What a look at tables that somebody else alters at this moment may end in. */
static bool
is_of_the_moment(int code)
{
	return code == ERRCODE_INTERNAL_ERROR || code == ERRCODE_UNDEFINED_TABLE ||
		code == ERRCODE_UNDEFINED_COLUMN || code == ERRCODE_UNDEFINED_OBJECT;
}

/*
 * The plan without a lock.  Those that looking takes are given up again: who
 * alters a table under the lock of apply may wait for them, while we wait for
 * that.  Leaves no plan where somebody is altering what it looks at.
 */
static void
make_plan_unlocked(Run *run)
{
	ErrorData  *error = plasma_spi_undo(look_ahead, run);

	if (error == NULL)
		return;
	if (run->options.dry_run || !is_of_the_moment(error->sqlerrcode))
		ReThrowError(error);
	run->plan = NULL;
}

/* Until a plan needs no lock that was not held when it was made. */
static void
make_plan_locked(Run *run)
{
	bool		more;

	if (run->plan == NULL)
		make_plan(run);
	do
	{
		List	   *locks = plasma_execute_locks(run->plan, run->plan->steps);

		plasma_execute_lock(run->plan, locks);
		plasma_enrol_look_again();
		make_plan(run);
		locks = plasma_execute_locks(run->plan, run->plan->steps);
		more = plasma_execute_lock(run->plan, locks);
		if (!more)
			plasma_execute_check_unused(run->plan, locks);
	} while (more);
}

static void
run_step(Run *run, const PlanStep *step)
{
	ListCell   *cell;

	foreach(cell, plasma_step_statements(step, EXECUTOR_RUN))
	{
		StepStatement *statement = lfirst(cell);

		CHECK_FOR_INTERRUPTS();
		run->statements++;
		plasma_journal_start(run->migration, run->statements, step,
							 statement->sql, statement->undo);
		plasma_execute_statement(step, statement);
		plasma_journal_finish(run->migration, run->statements);
	}
}

static void
run_register(Run *run, const PlanStep *step)
{
	run->statements++;
	plasma_journal_start(run->migration, run->statements, step, NULL, NULL);
	plasma_execute_register(run->plan, run->quiet);
	plasma_journal_finish(run->migration, run->statements);
}

/*
 * The plan that follows must find nothing left to do, but for a rollback, which
 * leaves what is there as it is.
 */
static void
check_reached(Run *run)
{
	PlanResult *after;

	run->options.fingerprint = NULL;
	after = plasma_plan_make(run->text, run->len, &run->options);
	if (after->status != PLAN_NOOP && !run->plan->input.rollback)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("the migration did not lead to the declaration"),
				 errdetail_internal("%s", plasma_report_write(after))));
	plasma_journal_end(run->migration, after->catalog_hash);
}

static void
carry_out(Run *run)
{
	ListCell   *cell;

	run->quiet = plasma_quiet_find(run->plan, run->horizon);
	run->migration = plasma_journal_begin(run->plan);
	foreach(cell, run->plan->steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase == PHASE_REGISTER)
			run_register(run, step);
		else
			run_step(run, step);
	}
	check_reached(run);
}

static void
run_alone(Run *run)
{
	pg_uuid_t	seen = plasma_registry_read()->id;

	PreventCommandIfReadOnly("plasma.run_migrations()");
	plasma_apply_lock();
	plasma_enrol_look_again();
	plasma_apply_check_serializable(&seen);
	run->options.validate = false;
	make_plan_locked(run);
	run->report = plasma_report_write(run->plan);
	if (run->plan->status == PLAN_APPLY)
		carry_out(run);
}

static Datum
answer(const Run *run)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"version\":");
	plasma_text_json(&out, run->plan->input.declared->version);
	appendStringInfo(&out, ",\"status\":\"%s\"", run->migration ? "applied" : "noop");
	if (run->migration != 0)
		appendStringInfo(&out, ",\"migration\":" INT64_FORMAT, run->migration);
	appendStringInfo(&out, ",\"plan\":%s}", run->report);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

Datum
plasma_run_migrations(PG_FUNCTION_ARGS)
{
	Run			run = {NULL};
	PlanOptions *options;

	plasma_plan_arguments(fcinfo, &run.text, &run.len, &options);
	run.options = *options;
	run.options.executor = EXECUTOR_RUN;
	PushActiveSnapshot(GetLatestSnapshot());
	make_plan_unlocked(&run);
	if (!options->dry_run && run.plan != NULL && run.plan->status == PLAN_REFUSED)
		plasma_plan_raise(run.plan, false);
	if (run.plan != NULL)
		run.report = plasma_report_write(run.plan);
	if (!options->dry_run && (run.plan == NULL || run.plan->status == PLAN_APPLY))
		run_alone(&run);
	PopActiveSnapshot();
	return options->dry_run ? DirectFunctionCall1(jsonb_in, CStringGetDatum(run.report)) : answer(&run);
}

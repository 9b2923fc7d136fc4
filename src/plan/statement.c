/*
 * statement.c
 *		One statement of a plan.
 *
 *		It runs as the caller.  Its two timeouts are those of its step and end
 *		with it; an error undoes them with the transaction.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "plan/statement.h"
#include "schema/enrol.h"
#include "utils/guc.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/* The session's own clock, which the one of a statement may only shorten. */
typedef struct Clock
{
	bool		ours;
	TimestampTz theirs;			/* 0: the session has none */
} Clock;

int
plasma_statement_lock_timeout(int ms)
{
	int			level = NewGUCNestLevel();

	set_config_option("lock_timeout", psprintf("%d", ms), PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	return level;
}

static Clock
start_clock(int ms)
{
	Clock		clock = {false, 0};

	if (ms == 0)
		return clock;
	if (get_timeout_active(STATEMENT_TIMEOUT))
		clock.theirs = get_timeout_finish_time(STATEMENT_TIMEOUT);
	if (clock.theirs != 0 &&
		clock.theirs <= TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms))
		return clock;
	clock.ours = true;
	enable_timeout_after(STATEMENT_TIMEOUT, ms);
	return clock;
}

static void
stop_clock(const Clock *clock)
{
	if (!clock->ours)
		return;
	disable_timeout(STATEMENT_TIMEOUT, false);
	if (clock->theirs != 0)
		enable_timeout_at(STATEMENT_TIMEOUT, clock->theirs);
}

static void
step_context(void *arg)
{
	const PlanStep *step = arg;

	errcontext(STATEMENT_CONTEXT "%d of the plan, %s of %s", step->n, step->op, step->object);
}

void
plasma_statement_run(const PlanStep *step, const StepStatement *statement)
{
	ErrorContextCallback callback = {error_context_stack, step_context, (void *) step};
	int			level = plasma_statement_lock_timeout(step->lock_timeout_ms);
	Clock		clock = start_clock(step->statement_timeout_ms);

	error_context_stack = &callback;
	plasma_enrol_run(step->table, statement->sql, statement->auth);
	error_context_stack = callback.previous;
	stop_clock(&clock);
	AtEOXact_GUC(false, level);
}

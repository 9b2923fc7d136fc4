/*
 * statement.c
 *		One statement of a plan.
 *
 *		It runs as the caller.  Its two timeouts are those of its step and end
 *		with it; an error undoes them with the transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "plan/statement.h"
#include "schema/create.h"
#include "utils/guc.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

/*
 * The session's own clock, which the one of a statement may only shorten, and
 * what is to be known to set it again after an error.
 */
typedef struct Clock
{
	bool		ours;
	int			level;			/* of the transaction that started it */
	TimestampTz theirs;			/* 0: the session has none */
} Clock;

static Clock clock_now = {false};

int
plasma_statement_lock_timeout(int ms)
{
	int			level = NewGUCNestLevel();

	set_config_option("lock_timeout", psprintf("%d", ms), PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	return level;
}

static void
stop_clock(void)
{
	if (!clock_now.ours)
		return;
	clock_now.ours = false;
	disable_timeout(STATEMENT_TIMEOUT, false);
	if (clock_now.theirs != 0)
		enable_timeout_at(STATEMENT_TIMEOUT, clock_now.theirs);
}

/* Who goes on after the error of a statement is not to be hurried by its clock. */
static void
stop_clock_at_rollback(SubXactEvent event, SubTransactionId mine,
					   SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB &&
		GetCurrentTransactionNestLevel() <= clock_now.level)
		stop_clock();
}

/* The server itself stops all clocks then. */
static void
forget_clock_at_abort(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		clock_now.ours = false;
}

/* Says whether it is this statement's own. */
static bool
start_clock(int ms)
{
	static bool registered = false;
	TimestampTz theirs = 0;

	if (ms == 0 || clock_now.ours)
		return false;
	if (get_timeout_active(STATEMENT_TIMEOUT))
		theirs = get_timeout_finish_time(STATEMENT_TIMEOUT);
	if (theirs != 0 && theirs <= TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms))
		return false;
	if (!registered)
	{
		RegisterSubXactCallback(stop_clock_at_rollback, NULL);
		RegisterXactCallback(forget_clock_at_abort, NULL);
		registered = true;
	}
	clock_now = (Clock) {true, GetCurrentTransactionNestLevel(), theirs};
	enable_timeout_after(STATEMENT_TIMEOUT, ms);
	return true;
}

void
plasma_statement_context(void *arg)
{
	const PlanStep *step = arg;

	errcontext(STATEMENT_CONTEXT "%d of the plan, %s of %s", step->n, step->op, step->object);
}

void
plasma_statement_run(const PlanStep *step, const StepStatement *statement)
{
	ErrorContextCallback callback = {error_context_stack, plasma_statement_context, (void *) step};
	int			level = plasma_statement_lock_timeout(step->lock_timeout_ms);
	bool		clocked = start_clock(step->statement_timeout_ms);

	error_context_stack = &callback;
	plasma_create_run(step->table, statement->sql, statement->auth);
	error_context_stack = callback.previous;
	if (clocked)
		stop_clock();
	AtEOXact_GUC(false, level);
}

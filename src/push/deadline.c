/*
 * deadline.c
 *		The clock of one mutation.
 *
 *		Its expiry cancels what runs, as statement_timeout does, but it is the
 *		mutation's own fault and therefore a failure for good, whereas the cancel
 *		of an operator and statement_timeout are raised and worth a retry.  Both
 *		come as the same error, so the handler notes that it was the one who asked,
 *		and asks only when nobody else has: a cancel that is already pending
 *		stays what it is.
 */
#include "postgres.h"

#include "base/guc.h"
#include "miscadmin.h"
#include "push/deadline.h"
#include "storage/latch.h"
#include "utils/timeout.h"

static TimeoutId timeout;
static bool registered = false;
static bool running = false;
static volatile sig_atomic_t expired = false;

static void
expire(void)
{
	if (QueryCancelPending)
		return;
	expired = true;
	QueryCancelPending = true;
	InterruptPending = true;
	SetLatch(MyLatch);
}

/* Returns whether the clock had run out. */
static bool
stop(void)
{
	bool		ran_out;

	if (!running)
		return false;
	disable_timeout(timeout, false);
	ran_out = expired;
	running = false;
	expired = false;
	return ran_out;
}

/* But for that of statement_timeout, which comes only once in a statement. */
static void
drop_cancel(void)
{
	if (!get_timeout_indicator(STATEMENT_TIMEOUT, false))
		QueryCancelPending = false;
}

static void
raise_expiry(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("mutation ran longer than plasma.mutation_timeout (%d ms)",
					plasma_mutation_timeout_ms)));
}

void
plasma_deadline_start(void)
{
	if (plasma_mutation_timeout_ms == 0)
		return;
	if (!registered)
		timeout = RegisterTimeout(USER_TIMEOUT, expire);
	registered = true;
	expired = false;
	running = true;
	enable_timeout_after(timeout, plasma_mutation_timeout_ms);
}

/*
 * The cancel that the expiry asked for may not have been noticed yet, or may
 * have been swallowed by the mutator; the limit holds all the same.
 */
void
plasma_deadline_stop(void)
{
	if (!stop())
		return;
	drop_cancel();
	raise_expiry();
}

void
plasma_deadline_stop_error(MemoryContext context)
{
	ErrorData  *error;

	if (!stop())
		return;
	if (geterrcode() != ERRCODE_QUERY_CANCELED)
	{
		drop_cancel();
		return;
	}
	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	if (strcmp(error->message_id, "canceling statement due to user request") != 0)
		return;
	FlushErrorState();
	raise_expiry();
}

/*
 * wait.c
 *		Waits until the server knows what a client has seen elsewhere.
 *
 *		A standby may lag behind the server that the client pulled from last; a
 *		primary may have a commit wait for the synchronous standby that shows it
 *		already.  Both are over soon, as a rule.  Nothing is locked meanwhile: on
 *		a standby the very record that is waited for may stand behind one that
 *		needs the lock.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/guc.h"
#include "log/continuity.h"
#include "log/wait.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

/* Nobody wakes a waiting pull. It looks again after this time, in ms. */
#define SHORTEST_PAUSE	1
#define LONGEST_PAUSE	20

static Continuity
compare_now(const Cookie *cookie, WalPlace *here)
{
	Continuity	continuity;

	*here = plasma_timeline_place();
	PushActiveSnapshot(GetTransactionSnapshot());
	continuity = plasma_continuity_compare(cookie, here, plasma_snapshot_take());
	PopActiveSnapshot();
	return continuity;
}

static void
pause_for(long ms)
{
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 ms, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

bool
plasma_wait_for_cookie(const PullRequest *request)
{
	Cookie	   *cookie = plasma_pull_request_cookie(request);
	TimestampTz end;
	WalPlace	here;

	if (cookie == NULL || compare_now(cookie, &here) != CONTINUITY_AHEAD ||
		!plasma_continuity_own(cookie, &request->envelope))
		return true;
	end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), plasma_pull_wait_ms);
	for (long pause = SHORTEST_PAUSE; !IsolationUsesXactSnapshot();
		 pause = Min(pause * 2, LONGEST_PAUSE))
	{
		long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end);

		if (left <= 0)
			break;
		pause_for(Min(pause, left));
		if (compare_now(cookie, &here) != CONTINUITY_AHEAD)
			return true;
	}
	return plasma_timeline_judge(cookie->position, &here) != TIMELINE_AHEAD;
}

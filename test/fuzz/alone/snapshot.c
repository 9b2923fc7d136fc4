/*
 * snapshot.c
 *		Snapshots as text.  One that is accepted is the same when it is written and
 *		read again, sees what it sees, and sees no more when it is cut.
 */
#include "postgres.h"

#include "log/snapshot.h"
#include "shim.h"

static void
check_cut(SyncSnapshot *snapshot, const SyncSnapshot *whole)
{
	int			max_running = snapshot->nrunning / 2;

	if (!plasma_snapshot_cut(snapshot, max_running, 0))
		return;
	HOLDS(snapshot->nrunning == max_running);
	HOLDS(plasma_snapshot_covers(whole, snapshot));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SyncSnapshot *snapshot = plasma_snapshot_parse(shim_text(data, size));

	if (snapshot != NULL)
	{
		char	   *text = plasma_snapshot_write(snapshot);
		SyncSnapshot *again = plasma_snapshot_parse(text);

		HOLDS(again != NULL && plasma_snapshot_equal(snapshot, again));
		HOLDS(strcmp(plasma_snapshot_write(again), text) == 0);
		HOLDS(plasma_snapshot_covers(snapshot, again));
		HOLDS(plasma_snapshot_covers_below(snapshot, strtoul(text, NULL, 10)));
		HOLDS(!plasma_snapshot_covers_below(snapshot, snapshot->xmax + 1));
		check_cut(snapshot, again);
	}
	shim_reset();
	return 0;
}

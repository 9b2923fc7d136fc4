/*
 * quota.c
 *		How many entries of the log the push that is running may still write.
 *
 *		What a rolled back subtransaction took is given back: a mutation that
 *		failed, or was run in vain, takes nothing from those after it.  So that
 *		this costs nothing where nothing is written, a subtransaction is noted
 *		when it takes its first entry.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/guc.h"
#include "log/quota.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

typedef struct QuotaLevel
{
	SubTransactionId id;
	int64		before;			/* taken when it began */
} QuotaLevel;

static int64 taken = 0;
static List *levels = NIL;		/* QuotaLevel *, the innermost one last */

static QuotaLevel *
innermost(void)
{
	return levels == NIL ? NULL : llast(levels);
}

/* Its memory goes with the transaction. */
static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
	{
		taken = 0;
		levels = NIL;
	}
}

/* Of a subtransaction that commits, the one around it is the heir. */
static void
end_subtransaction(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *arg)
{
	QuotaLevel *level = innermost();

	if (level == NULL || level->id != mine)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		taken = level->before;
		levels = list_delete_last(levels);
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		QuotaLevel *around = list_length(levels) < 2 ? NULL :
			list_nth(levels, list_length(levels) - 2);

		if (around != NULL && around->id == parent)
			levels = list_delete_last(levels);
		else
			level->id = parent;
	}
}

static void
note_level(void)
{
	static bool registered = false;
	SubTransactionId current = GetCurrentSubTransactionId();
	QuotaLevel *level = innermost();
	MemoryContext old;

	if (level != NULL && level->id == current)
		return;
	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		registered = true;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	level = palloc(sizeof(QuotaLevel));
	level->id = current;
	level->before = taken;
	levels = lappend(levels, level);
	MemoryContextSwitchTo(old);
}

void
plasma_quota_begin(void)
{
	taken = 0;
	levels = NIL;
}

void
plasma_quota_take(void)
{
	if (plasma_max_rows_per_push == 0)
		return;
	note_level();
	if (++taken > plasma_max_rows_per_push)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("push writes more rows than plasma.max_rows_per_push allows"),
				 errdetail("It allows %d entries in the log.", plasma_max_rows_per_push),
				 errhint("Write less in one push, or raise the setting.")));
}

/*
 * batch.c
 *		Running the new mutations of a push in as few subtransactions as can be.
 *
 *		A mutation that fails must leave nothing behind, and those before it must
 *		stand; a subtransaction for each would do that.  But a backend with more
 *		than 64 of them that wrote something overflows its cache of them, and from
 *		then on every other backend looks them up on disk.  So a whole group runs
 *		in one subtransaction, at first all of them:
 *
 *		- Nothing fails: one subtransaction in all.
 *		- Mutation k fails: the group is rolled back.  Those before k, which are
 *		  known to work, are run again as a group of their own and kept; k is a
 *		  failure; what comes after it is the next group.
 *		- When MAX_GROUPS groups are kept already, the current group stays one and
 *		  is run again without its known failures, until it goes through.
 *
 *		Every round but one either keeps a group or finds one more failure, so
 *		there are at most two rounds per mutation and MAX_GROUPS + 1 kept
 *		subtransactions.  Running a mutation again is safe since it was
 *		rolled back; what no rollback undoes, such as the numbers of a sequence or
 *		a notice, may be seen twice.
 *
 *		An error worth a retry, and any error outside of a mutation, is raised:
 *		the push has then done nothing.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "push/batch.h"
#include "push/deferred.h"
#include "push/mutator.h"
#include "utils/elog.h"

#define MAX_GROUPS	32

/* Longest message that is told and kept, in bytes. */
#define MAX_MESSAGE	2000

typedef struct Batch
{
	const char *client_group_id;
	Deferred   *deferred;
	Mutators   *mutators;
	LedgerEntry **entries;
	int			count;
	int			first;			/* the group: [first, end) */
	int			end;
	int			at;				/* whose error an error would be, or -1 */
} Batch;

static void
run_group(void *arg)
{
	Batch	   *batch = arg;

	for (int i = batch->first; i < batch->end; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (batch->entries[i]->status == LEDGER_FAILED)
			continue;
		batch->at = i;
		plasma_mutator_run(batch->mutators, batch->client_group_id,
						   batch->entries[i]->mutation);
		batch->at = -1;
		plasma_deferred_restore(batch->deferred);
	}
}

static bool
group_is_empty(const Batch *batch)
{
	for (int i = batch->first; i < batch->end; i++)
		if (batch->entries[i]->status != LEDGER_FAILED)
			return false;
	return true;
}

/* A message may repeat what the client sent, at any length: 1e130000 written out. */
static char *
shorten(const char *message)
{
	int			len = strlen(message);
	int			shown = pg_mbcliplen(message, len, MAX_MESSAGE);

	return psprintf("%.*s%s", shown, message, shown < len ? "…" : "");
}

static void
note_failure(LedgerEntry *entry, const ErrorData *error)
{
	entry->status = LEDGER_FAILED;
	entry->code = pstrdup(unpack_sql_state(plasma_error_code(error)));
	entry->message = shorten(error->message);
}

static void
run_groups(Batch *batch)
{
	int			kept = 0;

	batch->end = batch->count;
	while (batch->first < batch->count)
	{
		ErrorData  *error = NULL;

		if (!group_is_empty(batch))
		{
			batch->at = -1;
			error = plasma_spi_try(run_group, batch);
			kept += error == NULL;
		}
		if (error == NULL)
		{
			batch->first = batch->end;
			batch->end = batch->count;
			continue;
		}
		if (batch->at < 0)
			ReThrowError(error);
		plasma_mutator_forget(batch->mutators);
		note_failure(batch->entries[batch->at], error);
		if (kept < MAX_GROUPS)
			batch->end = batch->at;
	}
}

/*
 * What the calling transaction has left pending runs before the ledger is
 * looked at: its violations are no mutation's.
 */
Deferred *
plasma_batch_prepare(void)
{
	Deferred   *deferred = plasma_deferred_find();

	plasma_deferred_fire(deferred);
	plasma_deferred_restore(deferred);
	return deferred;
}

void
plasma_batch_run(Ledger *ledger, Deferred *deferred)
{
	Batch		batch = {.client_group_id = ledger->request->envelope.client_group_id};

	if (ledger->nnew == 0)
		return;
	batch.entries = palloc(sizeof(LedgerEntry *) * ledger->nnew);
	for (int i = 0; i < ledger->request->count; i++)
		if (ledger->entries[i].status == LEDGER_NEW)
			batch.entries[batch.count++] = &ledger->entries[i];
	batch.deferred = deferred;
	batch.mutators = plasma_mutator_open(batch.deferred);
	run_groups(&batch);
	plasma_mutator_close(batch.mutators);
	for (int i = 0; i < batch.count; i++)
		if (batch.entries[i]->status == LEDGER_NEW)
			batch.entries[i]->status = LEDGER_OK;
}

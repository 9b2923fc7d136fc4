/*
 * origin.c
 *		The origin of the writes being made: set by push before it runs a
 *		mutation, read by the triggers that log its writes.
 *
 *		It belongs to the (sub)transaction that set it and goes with it, so that a
 *		write after a failed mutation is never taken for one of the mutation's.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "log/origin.h"
#include "utils/builtins.h"

static Origin current = {0};
static int	nest_level = 0;		/* of the transaction that it belongs to */

const Origin *
plasma_origin_current(void)
{
	return &current;
}

void
plasma_origin_clear(void)
{
	memset(&current, 0, sizeof(current));
	nest_level = 0;
}

static void
end_transaction(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT ||
		event == XACT_EVENT_PREPARE)
		plasma_origin_clear();
}

/*
 * A mutator may catch errors of its own: what aborts deeper than the level at
 * which the origin was set leaves it alone.
 */
static void
end_subtransaction(SubXactEvent event, SubTransactionId mine,
				   SubTransactionId parent, void *arg)
{
	if (nest_level < GetCurrentTransactionNestLevel())
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		plasma_origin_clear();
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		nest_level = GetCurrentTransactionNestLevel() - 1;
}

void
plasma_origin_set(const char *client_group_id, const char *client_id,
				  int64 mutation_id)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(end_transaction, NULL);
		RegisterSubXactCallback(end_subtransaction, NULL);
		registered = true;
	}
	current.client_group_id = client_group_id;
	current.client_id = client_id;
	current.mutation_id = mutation_id;
	nest_level = GetCurrentTransactionNestLevel();
}

PG_FUNCTION_INFO_V1(plasma_origin_read);

/* plasma.origin() */
Datum
plasma_origin_read(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[3] = {0};
	bool		nulls[3] = {true, true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "plasma.origin() does not return a row");
	if (current.client_group_id != NULL)
	{
		values[0] = CStringGetTextDatum(current.client_group_id);
		values[1] = CStringGetTextDatum(current.client_id);
		values[2] = Int64GetDatum(current.mutation_id);
		memset(nulls, false, sizeof(nulls));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}

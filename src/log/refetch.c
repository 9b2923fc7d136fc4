/*
 * refetch.c
 *		Changes of tables that policies read, in the change log.
 *
 *		Which rows come into sight or go out of it with such a change nobody can
 *		tell, so that one entry says for each synced table whose policies read the
 *		relation: fetch it anew.  It is the transaction that counts and not the place
 *		within it, so one entry a table and transaction is enough, unless the
 *		subtransaction that wrote it is rolled back.
 *
 *		Runs as whoever writes the source, and needs no rights: the log is written
 *		below SQL.  What a relation is a source of is read from plasma's own table
 *		in a snapshot of this moment, whatever the writer's is; a relation that is
 *		none writes nothing, whoever put the trigger there.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "log/change.h"
#include "log/row.h"
#include "log/trigger.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

/* A table that has its entry by this transaction. */
typedef struct Noted
{
	char	   *table_name;
	SubTransactionId by;
} Noted;

static List *noted = NIL;

static void
forget(XactEvent event, void *arg)
{
	noted = NIL;
}

static void
forget_sub(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	ListCell   *cell;

	foreach(cell, noted)
	{
		Noted	   *at = lfirst(cell);

		if (at->by != id)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			at->by = parent;
		else if (event == SUBXACT_EVENT_ABORT_SUB)
			noted = foreach_delete_current(noted, cell);
	}
}

static bool
is_noted(const char *table_name)
{
	ListCell   *cell;

	foreach(cell, noted)
		if (strcmp(((Noted *) lfirst(cell))->table_name, table_name) == 0)
			return true;
	return false;
}

static void
note(const char *table_name)
{
	static bool registered = false;
	ChangeWriter *writer = plasma_change_open(table_name);
	MemoryContext old;
	Noted	   *made;

	plasma_change_refetch(writer);
	plasma_change_close(writer);
	if (!registered)
	{
		RegisterXactCallback(forget, NULL);
		RegisterSubXactCallback(forget_sub, NULL);
		registered = true;
	}
	old = MemoryContextSwitchTo(TopTransactionContext);
	made = palloc(sizeof(Noted));
	made->table_name = pstrdup(table_name);
	made->by = GetCurrentSubTransactionId();
	noted = lappend(noted, made);
	MemoryContextSwitchTo(old);
}

/* table_name, columns or NULL of the tables whose policies read the relation. */
static SpiRows *
read_dependents(Oid relid)
{
	SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(relid))};

	return plasma_trigger_read("WITH RECURSIVE up (relid) AS (SELECT $1"
							   " UNION SELECT i.inhparent FROM up u"
							   "  JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) u.relid)"
							   " SELECT s.table_name, s.columns FROM up u"
							   " JOIN plasma.policy_sources s ON s.source OPERATOR(pg_catalog.=) u.relid"
							   " JOIN plasma.tables t ON t.table_name OPERATOR(pg_catalog.=) s.table_name"
							   "  AND NOT t.suppressed",
							   lengthof(params), params);
}

/* The columns that count; NULL for all of them, as where one has another name now. */
static Bitmapset *
find_columns(const SpiRows *dependents, uint64 row, Oid relid, bool *all)
{
	Bitmapset  *columns = NULL;
	Datum		names = plasma_spi_datum(dependents, row, 2, all);
	ListCell   *cell;

	foreach(cell, *all ? NIL : plasma_text_list(names))
	{
		AttrNumber	attnum = get_attnum(relid, lfirst(cell));

		if (attnum <= 0)
			*all = true;
		else
			columns = bms_add_member(columns, attnum);
	}
	return columns;
}

/* Other triggers read the same rows, each with a place of its own. */
static void
start_reading(Tuplestorestate *rows, int *place)
{
	*place = tuplestore_alloc_read_pointer(rows, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(rows, *place);
	tuplestore_rescan(rows);
}

static bool
next_row(Tuplestorestate *rows, int place, TupleTableSlot *slot)
{
	tuplestore_select_read_pointer(rows, place);
	return tuplestore_gettupleslot(rows, true, false, slot);
}

/*
 * Whether an UPDATE changed any of the columns.  Rows are compared in the order in
 * which they come: should old and new ones not go together pair by pair, and be equal
 * all the same, then the table holds what it held before.
 */
static bool
rows_differ(const TriggerData *trigger, const Bitmapset *columns, bool all)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	TupleTableSlot *old = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	TupleTableSlot *new = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	bool		differ = tuplestore_tuple_count(trigger->tg_oldtable) !=
		tuplestore_tuple_count(trigger->tg_newtable);
	int			old_place;
	int			new_place;

	start_reading(trigger->tg_oldtable, &old_place);
	start_reading(trigger->tg_newtable, &new_place);
	while (!differ && next_row(trigger->tg_oldtable, old_place, old) &&
		   next_row(trigger->tg_newtable, new_place, new))
	{
		CHECK_FOR_INTERRUPTS();
		differ = !plasma_row_same(desc, columns, all, old, new);
	}
	ExecDropSingleTupleTableSlot(old);
	ExecDropSingleTupleTableSlot(new);
	return differ;
}

/* Whether the trigger was fired for any row at all. */
static bool
touches_rows(const TriggerData *trigger)
{
	Tuplestorestate *rows = trigger->tg_newtable != NULL ?
		trigger->tg_newtable : trigger->tg_oldtable;

	return rows == NULL || tuplestore_tuple_count(rows) > 0;
}

static bool
touches_columns(const TriggerData *trigger, const Bitmapset *columns, bool all)
{
	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return true;
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		return !plasma_row_same(RelationGetDescr(trigger->tg_relation), columns, all,
								trigger->tg_trigslot, trigger->tg_newslot);
	return trigger->tg_oldtable == NULL || trigger->tg_newtable == NULL ||
		rows_differ(trigger, columns, all);
}

/*
 * The trigger for rows is that of a replica, beside which no other one fires but
 * that of TRUNCATE; ENABLE TRIGGER ALL makes it fire elsewhere, too.
 */
static bool
is_of_interest(const TriggerData *trigger)
{
	if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		return SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA;
	return touches_rows(trigger);
}

PG_FUNCTION_INFO_V1(plasma_refetch_note);

Datum
plasma_refetch_note(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	SpiRows    *dependents;
	Oid			relid;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("plasma.log_source_change is not called as a trigger that fires after its event")));
	if (!is_of_interest(trigger))
		return PointerGetDatum(NULL);
	relid = RelationGetRelid(trigger->tg_relation);
	dependents = read_dependents(relid);
	for (uint64 i = 0; i < dependents->nrows; i++)
	{
		char	   *table_name = plasma_spi_text(dependents, i, 1);
		bool		all;
		Bitmapset  *columns = find_columns(dependents, i, relid, &all);

		if (!is_noted(table_name) && touches_columns(trigger, columns, all))
			note(table_name);
	}
	return PointerGetDatum(NULL);
}

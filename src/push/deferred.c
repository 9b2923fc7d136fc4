/*
 * deferred.c
 *		Running deferred constraints and triggers at the end of each mutation, so
 *		that a violation belongs to the mutation that made it and not to COMMIT,
 *		where it would undo the whole push for ever.
 *
 *		SET CONSTRAINTS ALL IMMEDIATE runs what is pending, and leaves all of
 *		them immediate.  Back to their declared modes they go by ALL DEFERRED and
 *		then IMMEDIATE for those that are declared so, in this order: a name may
 *		also be that of a constraint that is not deferrable, which may be set
 *		IMMEDIATE but not DEFERRED.  A name that stands for constraints of both
 *		declared modes is left deferred, so that its check comes at the end of
 *		the mutation.
 *
 *		Modes that the calling transaction had set itself are not kept.
 *
 *		Invariant: no event of a deferrable trigger is pending when the modes are
 *		set back.  That is done with the owner's rights, and IMMEDIATE runs what is
 *		pending there and then: with these rights, whoever wrote the trigger.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "push/deferred.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

static const char find_query[] =
"SELECT ARRAY(SELECT DISTINCT t.tgrelid FROM pg_catalog.pg_trigger AS t"
" WHERE t.tgdeferrable),"
" (SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', '"
"   ORDER BY n.nspname, c.conname)"
"  FROM (SELECT connamespace, conname FROM pg_catalog.pg_constraint"
"   WHERE condeferrable GROUP BY connamespace, conname"
"   HAVING NOT pg_catalog.bool_or(condeferred)) AS c"
"  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.connamespace"
"  WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid))";

/*
 * What this backend found last, if it came to the end of its look.  Each deferrable
 * trigger has a constraint, of whose changes the server tells.
 */
static Deferred found = {NIL, NULL};
static bool known = false;

/* Whether it was read in a snapshot that stays for the transaction: it may be of old. */
static bool dated = false;

/* Whether a constraint or a schema was made, altered or dropped since the look began. */
static bool outdated = false;

static void
note_change(Datum arg, int cache, uint32 hash)
{
	outdated = true;
}

static void
look(void)
{
	SpiRows    *rows;
	Datum	   *values;
	int			count;
	bool		isnull;
	char	   *immediate;
	MemoryContext old;

	known = false;
	outdated = false;
	dated = IsolationUsesXactSnapshot();
	rows = plasma_spi_write(SPI_OWNER, find_query, 0, NULL);
	deconstruct_array(DatumGetArrayTypeP(plasma_spi_datum(rows, 0, 1, &isnull)),
					  OIDOID, sizeof(Oid), true, TYPALIGN_INT, &values, NULL, &count);
	immediate = plasma_spi_text(rows, 0, 2);
	old = MemoryContextSwitchTo(TopMemoryContext);
	list_free(found.relations);
	found.relations = NIL;
	for (int i = 0; i < count; i++)
		found.relations = lappend_oid(found.relations, DatumGetObjectId(values[i]));
	if (found.immediate != NULL)
		pfree(found.immediate);
	found.immediate = immediate == NULL ? NULL : pstrdup(immediate);
	MemoryContextSwitchTo(old);
	known = true;
}

static void
look_again(void)
{
	if (outdated || !known)
		look();
}

Deferred *
plasma_deferred_find(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(CONSTROID, note_change, (Datum) 0);
		CacheRegisterSyscacheCallback(NAMESPACEOID, note_change, (Datum) 0);
	}
	registered = true;
	known &= !dated;
	look_again();
	return &found;
}

/* SET CONSTRAINTS ALL, for every mutation and so without a statement. */
static void
set_all(bool deferred)
{
	ConstraintsSetStmt *stmt = makeNode(ConstraintsSetStmt);

	stmt->deferred = deferred;
	CommandCounterIncrement();
	AfterTriggerSetState(stmt);
	pfree(stmt);
}

/* A trigger can put off what it causes, by SET CONSTRAINTS of its own. */
static void
refuse_pending(const Deferred *deferred)
{
	ListCell   *cell;

	foreach(cell, deferred->relations)
		if (AfterTriggerPendingOnRel(lfirst_oid(cell)))
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
					 errmsg("deferred triggers of \"%s\" are still pending",
							get_rel_name(lfirst_oid(cell))),
					 errdetail("What is deferred is run at the end of each mutation, and then nothing may be left."),
					 errhint("Do not defer constraints in a trigger that is deferred itself.")));
}

void
plasma_deferred_fire(Deferred *deferred)
{
	look_again();
	if (deferred->relations == NIL)
		return;
	set_all(false);
	look_again();
	refuse_pending(deferred);
}

/* As the owner, who may look names up in every schema. */
void
plasma_deferred_restore(Deferred *deferred)
{
	look_again();
	if (deferred->relations == NIL)
		return;
	set_all(true);
	if (deferred->immediate != NULL)
		plasma_spi_write(SPI_OWNER,
						 psprintf("SET CONSTRAINTS %s IMMEDIATE", deferred->immediate),
						 0, NULL);
}

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
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "commands/trigger.h"
#include "nodes/parsenodes.h"
#include "push/deferred.h"

static const char find_query[] =
"SELECT pg_catalog.count(*),"
" pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.conname), ', '"
"  ORDER BY n.nspname, c.conname) FILTER (WHERE NOT c.deferred)"
" FROM (SELECT connamespace, conname, pg_catalog.bool_or(condeferred) AS deferred"
"  FROM pg_catalog.pg_constraint WHERE condeferrable"
"  GROUP BY connamespace, conname) AS c"
" JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.connamespace"
" WHERE NOT pg_catalog.pg_is_other_temp_schema(n.oid)";

Deferred *
plasma_deferred_find(void)
{
	Deferred   *deferred = palloc(sizeof(Deferred));
	SpiRows    *rows = plasma_spi_write(SPI_OWNER, find_query, 0, NULL);

	deferred->any = plasma_spi_int8(rows, 0, 1) > 0;
	deferred->immediate = plasma_spi_text(rows, 0, 2);
	return deferred;
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

void
plasma_deferred_fire(const Deferred *deferred)
{
	if (deferred->any)
		set_all(false);
}

/*
 * The names are looked up as the owner, who may do so in every schema.  Nothing
 * is pending any more, so nobody's code runs under these rights.
 */
void
plasma_deferred_restore(const Deferred *deferred)
{
	if (!deferred->any)
		return;
	set_all(true);
	if (deferred->immediate != NULL)
		plasma_spi_write(SPI_OWNER,
						 psprintf("SET CONSTRAINTS %s IMMEDIATE", deferred->immediate),
						 0, NULL);
}

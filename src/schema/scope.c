/*
 * scope.c
 *		The scopes of the active declaration, as plasma.scopes holds them.
 *
 *		Apply writes the bound queries there, the registry is read from there.  A
 *		scope that a table names and whose row is missing shows nobody anything.
 *		No lock beyond what reading and writing one's own rows takes.
 */
#include "postgres.h"

#include "base/spi.h"
#include "lib/stringinfo.h"
#include "schema/scope.h"

List *
plasma_scope_read(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT scope, query,"
									   " (SELECT max(cardinality(t.scope_columns))"
									   "  FROM plasma.tables t WHERE t.scope = s.scope)"
									   " FROM plasma.scopes s ORDER BY scope COLLATE \"C\"",
									   0, NULL);
	List	   *scopes = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		SyncScope  *scope = palloc0(sizeof(SyncScope));
		bool		isnull;

		scope->name = plasma_spi_text(rows, i, 1);
		scope->query = plasma_spi_text(rows, i, 2);
		scope->ncolumns = DatumGetInt32(plasma_spi_datum(rows, i, 3, &isnull));
		scopes = lappend(scopes, scope);
	}
	return scopes;
}

/* One whose row is not there, as halfway through a restore: nobody has a slice of it. */
static SyncScope *
missing_scope(const char *name, int ncolumns)
{
	SyncScope  *scope = palloc0(sizeof(SyncScope));
	StringInfoData query;

	initStringInfo(&query);
	for (int i = 0; i < ncolumns; i++)
		appendStringInfo(&query, "%s NULL::text", i == 0 ? "SELECT" : ",");
	appendStringInfoString(&query, " WHERE false");
	scope->name = pstrdup(name);
	scope->query = query.data;
	scope->ncolumns = ncolumns;
	return scope;
}

const SyncScope *
plasma_scope_find(List **scopes, const char *name, int ncolumns)
{
	SyncScope  *scope;
	ListCell   *cell;

	foreach(cell, *scopes)
	{
		scope = lfirst(cell);
		if (strcmp(scope->name, name) == 0)
			return scope;
	}
	scope = missing_scope(name, ncolumns);
	*scopes = lappend(*scopes, scope);
	return scope;
}

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
#include "base/text.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "schema/scope.h"
#include "utils/builtins.h"

List *
plasma_scope_read(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT scope, query, declared,"
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
		scope->declared = plasma_spi_text(rows, i, 3);
		scope->ncolumns = DatumGetInt32(plasma_spi_datum(rows, i, 4, &isnull));
		scopes = lappend(scopes, scope);
	}
	return scopes;
}

const SyncScope *
plasma_scope_stored(List *scopes, const char *name)
{
	ListCell   *cell;

	foreach(cell, scopes)
	{
		const SyncScope *scope = lfirst(cell);

		if (strcmp(scope->name, name) == 0)
			return scope;
	}
	return NULL;
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
	const SyncScope *scope = plasma_scope_stored(*scopes, name);

	if (scope == NULL)
	{
		scope = missing_scope(name, ncolumns);
		*scopes = lappend(*scopes, unconstify(SyncScope *, scope));
	}
	return scope;
}

static bool
is_stored(const BoundScope *bound, const SyncScope *there)
{
	return there != NULL && bound->query != NULL && there->declared != NULL &&
		strcmp(there->query, bound->query) == 0 &&
		strcmp(there->declared, bound->scope->query) == 0;
}

bool
plasma_scope_agrees(List *bound)
{
	List	   *stored = plasma_scope_read();
	ListCell   *cell;

	foreach(cell, bound)
	{
		const BoundScope *scope = lfirst(cell);

		if (!is_stored(scope, plasma_scope_stored(stored, scope->scope->name)))
			return false;
	}
	return list_length(stored) == list_length(bound);
}

static void
write_scope(const BoundScope *bound)
{
	SpiParam	params[] = {
		SPI_TEXT(bound->scope->name),
		SPI_TEXT(bound->query),
		SPI_TEXT(bound->scope->query)
	};

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.scopes VALUES ($1, $2, $3)"
					 " ON CONFLICT (scope) DO UPDATE SET query = EXCLUDED.query,"
					 " declared = EXCLUDED.declared",
					 lengthof(params), params);
}

static bool
remove_others(List *bound)
{
	List	   *names = NIL;
	SpiParam	params[1];
	ListCell   *cell;

	foreach(cell, bound)
		names = lappend(names, ((const BoundScope *) lfirst(cell))->scope->name);
	params[0] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(names));
	return plasma_spi_write(SPI_OWNER,
							"DELETE FROM plasma.scopes WHERE scope <> ALL ($1) RETURNING 1",
							lengthof(params), params)->nrows > 0;
}

bool
plasma_scope_put(List *bound, List **retyped)
{
	List	   *stored = plasma_scope_read();
	bool		changed = remove_others(bound);
	ListCell   *cell;

	*retyped = NIL;
	foreach(cell, bound)
	{
		const BoundScope *scope = lfirst(cell);
		const SyncScope *there = plasma_scope_stored(stored, scope->scope->name);

		if (is_stored(scope, there))
			continue;
		if (there != NULL && !equal(plasma_scope_types(there->query, NULL), scope->types))
			*retyped = lappend(*retyped, scope->scope->name);
		write_scope(scope);
		changed = true;
	}
	return changed;
}

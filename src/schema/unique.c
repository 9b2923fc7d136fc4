/*
 * unique.c
 *		From pg_index to keys and unique columns.
 *
 *		What counts is unique now and for every row: valid, ready, checked at
 *		once, without a predicate or an expression, NULLs distinct.  A deferrable
 *		index may hold the same key twice for a while and makes no key.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/text.h"
#include "commands/defrem.h"
#include "schema/unique.h"

typedef struct UniqueIndex
{
	CatalogTable *table;
	char	   *name;
	bool		primary;
	bool		immediate;
	bool		finished;		/* valid and ready */
	bool		nulls_equal;
	bool		constraint;
	List	   *columns;		/* ModelColumn * */
} UniqueIndex;

static SpiRows *
find_indexes(const Catalog *catalog)
{
	return plasma_spi_read(SPI_OWNER,
						   "SELECT i.indrelid, c.relname::text, i.indisprimary,"
						   " i.indimmediate, i.indisvalid AND i.indisready,"
						   " i.indnullsnotdistinct,"
						   " EXISTS (SELECT FROM pg_constraint k"
						   "  WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid"
						   "  AND k.contype IN ('p', 'u')),"
						   " i.indnkeyatts, i.indkey"
						   " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
						   " WHERE i.indrelid = ANY ($1) AND i.indisunique AND i.indislive"
						   " AND NOT i.indisexclusion"
						   " AND i.indpred IS NULL AND i.indexprs IS NULL",
						   1, &catalog->relids);
}

static UniqueIndex
read_index(const Catalog *catalog, const SpiRows *rows, uint64 i)
{
	UniqueIndex index = {plasma_catalog_table(catalog, plasma_spi_oid(rows, i, 1))};
	int			nkeys = plasma_catalog_int2(rows, i, 8);
	bool		isnull;
	int2vector *attnums = (int2vector *) DatumGetPointer(plasma_spi_datum(rows, i, 9, &isnull));

	index.name = plasma_spi_text(rows, i, 2);
	index.primary = plasma_spi_bool(rows, i, 3);
	index.immediate = plasma_spi_bool(rows, i, 4);
	index.finished = plasma_spi_bool(rows, i, 5);
	index.nulls_equal = plasma_spi_bool(rows, i, 6);
	index.constraint = plasma_spi_bool(rows, i, 7);
	for (int n = 0; n < nkeys; n++)
		index.columns = lappend(index.columns,
								plasma_catalog_column(index.table, attnums->values[n]));
	return index;
}

/* The name that the server and plasma give to a unique index of one column. */
static bool
has_generated_name(const UniqueIndex *index, const ModelColumn *column)
{
	return strcmp(index->name, makeObjectName(index->table->live->declared->name,
											  column->name, "key")) == 0;
}

/*
 * The primary key makes its column unique without being what "unique" asked
 * for; of several others the one is named that plasma may drop again.
 */
static void
note_unique_column(const UniqueIndex *index)
{
	ModelColumn *column = linitial(index->columns);
	ColumnFacts *facts = column->facts;
	bool		generated = has_generated_name(index, column);
	bool		passing = plasma_model_is_passing(index->name, MODEL_UNFINISHED_UNIQUE);

	if (!index->finished)
	{
		if (generated || passing)
			facts->invalid_unique = index->name;
		return;
	}
	if (passing && !index->constraint)
	{
		facts->unfinished_unique = index->name;
		return;
	}
	if (!index->immediate || index->nulls_equal)
		return;
	column->unique = true;
	if (index->primary)
		return;
	if (facts->unique_name == NULL || generated ||
		(strcmp(index->name, facts->unique_name) < 0 &&
		 strcmp(facts->unique_name, makeObjectName(index->table->live->declared->name,
												   column->name, "key")) != 0))
	{
		facts->unique_name = index->name;
		facts->unique_constraint = index->constraint;
	}
}

static bool
are_names_of(List *names, List *columns)
{
	ListCell   *cell;

	if (list_length(names) != list_length(columns))
		return false;
	foreach(cell, columns)
		if (plasma_text_position(names, ((ModelColumn *) lfirst(cell))->name) < 0)
			return false;
	return true;
}

static bool
all_not_null(List *columns)
{
	ListCell   *cell;

	foreach(cell, columns)
		if (((ModelColumn *) lfirst(cell))->nullable)
			return false;
	return true;
}

static List *
names_of(List *columns)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, columns)
		names = lappend(names, ((ModelColumn *) lfirst(cell))->name);
	return names;
}

/*
 * The key is the one that the declaration names, if a unique index of NOT NULL
 * columns says so, else the primary key.
 */
static void
note_key(const UniqueIndex *index)
{
	LiveTable  *live = index->table->live;
	bool		declared = are_names_of(live->declared->key, index->columns);

	if (!index->finished || !all_not_null(index->columns))
		return;
	if (!index->immediate)
		live->deferrable_key |= declared;
	else if (declared)
		live->table->key = live->declared->key;
	else if (index->primary && live->table->key == NIL)
		live->table->key = names_of(index->columns);
}

void
plasma_unique_read(const Catalog *catalog)
{
	SpiRows    *rows = find_indexes(catalog);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		UniqueIndex index = read_index(catalog, rows, i);

		if (list_length(index.columns) == 1)
			note_unique_column(&index);
		note_key(&index);
	}
}

/*
 * catalog.c
 *		Where the rows of catalog queries belong.
 *
 *		introspect asks one question for all tables at once; the answers come in
 *		any order, and are put where they belong by oid and attnum, so that many
 *		tables with many columns cost no more than their number.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "schema/catalog.h"
#include "utils/array.h"

static int
by_relid(const void *a, const void *b)
{
	Oid			left = ((const CatalogTable *) a)->relid;
	Oid			right = ((const CatalogTable *) b)->relid;

	return left < right ? -1 : left > right;
}

SpiParam
plasma_catalog_oids(List *oids)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(oids), 1));
	SpiParam	param = {OIDARRAYOID};
	ListCell   *cell;

	foreach(cell, oids)
		values[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	param.value = PointerGetDatum(construct_array(values, list_length(oids), OIDOID,
												  sizeof(Oid), true, TYPALIGN_INT));
	return param;
}

Catalog *
plasma_catalog_make(List *live)
{
	Catalog    *catalog = palloc0(sizeof(Catalog));
	List	   *relids = NIL;
	ListCell   *cell;

	catalog->tables = palloc0(sizeof(CatalogTable) * Max(list_length(live), 1));
	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);
		CatalogTable *made = &catalog->tables[catalog->ntables];

		if (table->table == NULL)
			continue;
		made->relid = table->relid;
		made->live = table;
		made->columns = palloc0(sizeof(ModelColumn *) * Max(table->natts, 1));
		catalog->ntables++;
		relids = lappend_oid(relids, table->relid);
	}
	qsort(catalog->tables, catalog->ntables, sizeof(CatalogTable), by_relid);
	catalog->relids = plasma_catalog_oids(relids);
	return catalog;
}

CatalogTable *
plasma_catalog_find(const Catalog *catalog, Oid relid)
{
	CatalogTable key = {relid};

	return bsearch(&key, catalog->tables, catalog->ntables, sizeof(CatalogTable),
				   by_relid);
}

CatalogTable *
plasma_catalog_table(const Catalog *catalog, Oid relid)
{
	CatalogTable *table = plasma_catalog_find(catalog, relid);

	if (table == NULL)
		elog(ERROR, "relation %u was not asked for", relid);
	return table;
}

ModelColumn *
plasma_catalog_column(const CatalogTable *table, AttrNumber attnum)
{
	return attnum > 0 && attnum <= table->live->natts ? table->columns[attnum - 1] : NULL;
}

char
plasma_catalog_char(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? '\0' : DatumGetChar(value);
}

int32
plasma_catalog_int4(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? 0 : DatumGetInt32(value);
}

int16
plasma_catalog_int2(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? 0 : DatumGetInt16(value);
}

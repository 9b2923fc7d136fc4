/*
 * catalog.h
 *		Where the rows of catalog queries belong: a table by its oid, a column by
 *		its number.
 */
#ifndef PLASMA_CATALOG_H
#define PLASMA_CATALOG_H

#include "postgres.h"

#include "access/attnum.h"
#include "base/spi.h"
#include "schema/introspect.h"

typedef struct CatalogTable
{
	Oid			relid;
	LiveTable  *live;
	ModelColumn **columns;		/* by attnum - 1; NULL where it is dropped */
} CatalogTable;

typedef struct Catalog
{
	CatalogTable *tables;		/* those that are tables, by relid */
	int			ntables;
	SpiParam	relids;			/* all of them, as oid[] */
} Catalog;

/* Of LiveTable *, without columns. */
extern Catalog *plasma_catalog_make(List *live);

/* NULL when it is none of them. */
extern CatalogTable *plasma_catalog_find(const Catalog *catalog, Oid relid);

/* The table of a row that was asked for by relids. */
extern CatalogTable *plasma_catalog_table(const Catalog *catalog, Oid relid);

/* NULL when there is no such column, or it is dropped. */
extern ModelColumn *plasma_catalog_column(const CatalogTable *table, AttrNumber attnum);

/* A parameter of a query: a list of oids as oid[]. */
extern SpiParam plasma_catalog_oids(List *oids);

/* One field of a row; InvalidOid, '\0' and 0 where it is null. */
extern char plasma_catalog_char(const SpiRows *rows, uint64 row, int column);
extern int32 plasma_catalog_int4(const SpiRows *rows, uint64 row, int column);
extern int16 plasma_catalog_int2(const SpiRows *rows, uint64 row, int column);

#endif							/* PLASMA_CATALOG_H */

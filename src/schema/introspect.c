/*
 * introspect.c
 *		From the catalogs to a Model: the database's side of what diff compares.
 *
 *		In comes the declared Model, whose names say where to look; out goes what
 *		stands under each. One query for each kind of object, however many tables
 *		there are, all in the active snapshot; who needs the tables to stay as
 *		they are locks them first. A kind, an encryption or a table option cannot
 *		be seen in a catalog and is left at its default.
 *
 *		No query sorts: as the owner sorting is shunned (base/spi.c), and an index
 *		that has the order would be read from end to end.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "log/setting.h"
#include "schema/catalog.h"
#include "schema/constraint.h"
#include "schema/enumeration.h"
#include "schema/introspect.h"
#include "schema/policy.h"
#include "schema/unique.h"

static ModelTable *
make_table(const LiveTable *live)
{
	ModelTable *table = palloc0(sizeof(ModelTable));

	table->name = live->declared->name;
	table->schema = live->declared->schema;
	table->relid = live->relid;
	table->history = true;
	return table;
}

/* The schemas and names of the tables of a list of LiveTable *, as text[]. */
static void
name_params(List *live, SpiParam params[2])
{
	List	   *schemas = NIL;
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, live)
	{
		const ModelTable *table = ((LiveTable *) lfirst(cell))->declared;

		schemas = lappend(schemas, table->schema);
		names = lappend(names, table->name);
	}
	params[0] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(schemas));
	params[1] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(names));
}

static SpiRows *
find_names(List *live)
{
	SpiParam	params[2];

	name_params(live, params);
	return plasma_spi_read(SPI_OWNER,
						   "SELECT w.position::int4, n.oid, c.oid, c.relkind,"
						   " COALESCE(p.persistence, c.relpersistence),"
						   " c.relispartition,"
						   " c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i"
						   "  WHERE i.inhparent = c.oid"
						   "  OR i.inhrelid = c.oid AND NOT c.relispartition),"
						   " (SELECT e.extname FROM pg_depend d"
						   "  JOIN pg_extension e ON e.oid = d.refobjid"
						   "  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
						   "  AND d.refclassid = 'pg_extension'::regclass"
						   "  AND d.deptype = 'e'), p.has_foreign, c.relnatts::int4,"
						   " CASE WHEN c.relkind = 'p' THEN"
						   "  (SELECT array_agg(COALESCE(a.attname::text, 'an expression') ORDER BY u.position)"
						   "   FROM pg_partitioned_table k,"
						   "   unnest(k.partattrs::int2[]) WITH ORDINALITY u (attnum, position)"
						   "   LEFT JOIN pg_attribute a ON a.attrelid = c.oid"
						   "    AND a.attnum = u.attnum AND u.attnum > 0"
						   "   WHERE k.partrelid = c.oid) END"
						   " FROM unnest($1, $2) WITH ORDINALITY w (nsp, rel, position)"
						   " LEFT JOIN pg_namespace n ON n.nspname = w.nsp::name"
						   " LEFT JOIN pg_class c ON c.relnamespace = n.oid"
						   "  AND c.relname = w.rel::name"
						   " LEFT JOIN LATERAL (WITH RECURSIVE tree (relid) AS ("
						   "  SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid"
						   "  UNION SELECT inhrelid FROM tree JOIN pg_inherits ON inhparent = relid)"
						   "  SELECT min(relpersistence) FILTER (WHERE relpersistence <> 'p')::\"char\" AS persistence,"
						   "  bool_or(relkind = 'f') AS has_foreign"
						   "  FROM tree JOIN pg_class ON oid = relid) p ON c.relkind = 'p'",
						   2, params);
}

static void
read_relation(LiveTable *live, const SpiRows *rows, uint64 i)
{
	bool		isnull;
	Datum		partition_key = plasma_spi_datum(rows, i, 11, &isnull);

	if (!isnull)
		live->partition_key = plasma_text_list(partition_key);
	live->nspid = plasma_spi_oid(rows, i, 2);
	live->relid = plasma_spi_oid(rows, i, 3);
	live->relkind = plasma_catalog_char(rows, i, 4);
	live->persistence = plasma_catalog_char(rows, i, 5);
	live->partition = plasma_spi_bool(rows, i, 6);
	live->inherits = plasma_spi_bool(rows, i, 7);
	live->extension = plasma_spi_text(rows, i, 8);
	live->foreign_partition = plasma_spi_bool(rows, i, 9);
	live->natts = plasma_catalog_int4(rows, i, 10);
	live->owned = OidIsValid(live->relid) &&
		object_ownercheck(RelationRelationId, live->relid, GetUserId());
	if (live->relkind == RELKIND_RELATION ||
		live->relkind == RELKIND_PARTITIONED_TABLE)
		live->table = make_table(live);
}

static List *
read_relations(const Model *declared)
{
	List	   *live = NIL;
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, declared->tables)
	{
		LiveTable  *table = palloc0(sizeof(LiveTable));

		table->declared = lfirst(cell);
		live = lappend(live, table);
	}
	rows = find_names(live);
	for (uint64 i = 0; i < rows->nrows; i++)
		read_relation(list_nth(live, plasma_catalog_int4(rows, i, 1) - 1), rows, i);
	return live;
}

/*
 * What stands in the way of a name that is free: the registered table under
 * another one, a name that differs only in case, a type.
 */
static void
read_neighbours(List *live)
{
	List	   *free = NIL;
	SpiParam	params[2];
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);

		if (!OidIsValid(table->relid) && OidIsValid(table->nspid))
			free = lappend(free, table);
	}
	if (free == NIL)
		return;
	name_params(free, params);
	rows = plasma_spi_read(SPI_OWNER,
						   "SELECT w.position::int4, t.relation::oid,"
						   " (SELECT min(x.relname::text) FROM pg_class x"
						   "  WHERE x.relnamespace = n.oid AND x.relkind IN ('r', 'p', 'v', 'm', 'f')"
						   "  AND lower(x.relname::text COLLATE \"C\") = lower(w.rel COLLATE \"C\")),"
						   " EXISTS (SELECT FROM pg_type y WHERE y.typnamespace = n.oid"
						   "  AND y.typname = w.rel::name AND y.typcategory <> 'A')"
						   " FROM unnest($1, $2) WITH ORDINALITY w (nsp, rel, position)"
						   " JOIN pg_namespace n ON n.nspname = w.nsp::name"
						   " LEFT JOIN plasma.tables t ON t.table_name = w.rel",
						   2, params);
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		LiveTable  *table = list_nth(free, plasma_catalog_int4(rows, i, 1) - 1);
		Oid			registered = plasma_spi_oid(rows, i, 2);

		if (OidIsValid(registered))
			table->moved = plasma_text_relation(registered);
		table->twin = plasma_spi_text(rows, i, 3);
		table->type_taken = plasma_spi_bool(rows, i, 4);
	}
}

static ModelColumn *
make_column(const SpiRows *rows, uint64 i)
{
	ModelColumn *column = palloc0(sizeof(ModelColumn));
	char		identity = plasma_catalog_char(rows, i, 8);
	char		generated = plasma_catalog_char(rows, i, 9);
	char	   *expression = plasma_spi_text(rows, i, 10);

	column->facts = palloc0(sizeof(ColumnFacts));
	column->facts->attnum = plasma_catalog_int2(rows, i, 2);
	column->name = plasma_spi_text(rows, i, 3);
	column->kind = KIND_SQL;
	column->typid = plasma_spi_oid(rows, i, 4);
	column->typmod = plasma_catalog_int4(rows, i, 5);
	column->nullable = !plasma_spi_bool(rows, i, 6);
	column->collation = plasma_spi_oid(rows, i, 7);
	if (identity != '\0')
		column->identity = identity == ATTRIBUTE_IDENTITY_ALWAYS ?
			IDENTITY_ALWAYS : IDENTITY_BY_DEFAULT;
	if (generated == '\0')
		column->default_sql = expression;
	else
	{
		column->generated = expression;
		column->facts->virtual = generated != ATTRIBUTE_GENERATED_STORED;
	}
	return column;
}

/* Returns whether the default of any of them draws from a sequence. */
static bool
read_columns(const Catalog *catalog)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT a.attrelid, a.attnum, a.attname::text,"
									   " a.atttypid, a.atttypmod, a.attnotnull,"
									   " a.attcollation, a.attidentity, a.attgenerated,"
									   " pg_get_expr(d.adbin, d.adrelid)"
									   " FROM pg_attribute a LEFT JOIN pg_attrdef d"
									   "  ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
									   " WHERE a.attrelid = ANY ($1) AND a.attnum > 0"
									   " AND NOT a.attisdropped", 1, &catalog->relids);
	bool		sequences = false;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		CatalogTable *table = plasma_catalog_table(catalog, plasma_spi_oid(rows, i, 1));
		ModelColumn *column = make_column(rows, i);

		table->columns[column->facts->attnum - 1] = column;
		sequences |= column->default_sql != NULL &&
			strncmp(column->default_sql, "nextval(", strlen("nextval(")) == 0;
	}
	for (int i = 0; i < catalog->ntables; i++)
	{
		CatalogTable *table = &catalog->tables[i];

		for (int n = 0; n < table->live->natts; n++)
			if (table->columns[n] != NULL)
				table->live->table->columns = lappend(table->live->table->columns,
													  table->columns[n]);
	}
	return sequences;
}

/* A default that is the next value of a sequence that goes with the column. */
static void
read_serials(const Catalog *catalog)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT o.refobjid, o.refobjsubid"
									   " FROM pg_depend o"
									   " JOIN pg_attrdef d ON d.adrelid = o.refobjid"
									   "  AND d.adnum = o.refobjsubid"
									   " JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass"
									   "  AND u.objid = d.oid AND u.refobjid = o.objid"
									   "  AND u.refclassid = 'pg_class'::regclass"
									   " WHERE o.refclassid = 'pg_class'::regclass"
									   " AND o.refobjid = ANY ($1)"
									   " AND o.classid = 'pg_class'::regclass"
									   " AND o.deptype = 'a'", 1, &catalog->relids);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		CatalogTable *table = plasma_catalog_table(catalog, plasma_spi_oid(rows, i, 1));
		ModelColumn *column = plasma_catalog_column(table, plasma_catalog_int4(rows, i, 2));

		if (strncmp(column->default_sql, "nextval(", strlen("nextval(")) == 0)
			column->identity = IDENTITY_SERIAL;
	}
}

/* Columns whose older rows still wait for the value of a default, or did. */
static void
read_backfills(const Catalog *catalog)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT relation::oid, column_name, filled FROM plasma.backfills"
									   " WHERE relation = ANY ($1)", 1, &catalog->relids);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		CatalogTable *table = plasma_catalog_table(catalog, plasma_spi_oid(rows, i, 1));
		ModelColumn *column = plasma_model_column(table->live->table,
												  plasma_spi_text(rows, i, 2));

		if (column == NULL)
			continue;
		column->facts->backfill = !plasma_spi_bool(rows, i, 3);
		column->facts->arriving = true;
	}
}

List *
plasma_introspect_read(const Model *declared)
{
	int			level = plasma_setting_fix(SETTING_ALL);
	List	   *live = read_relations(declared);
	Catalog    *catalog = plasma_catalog_make(live);

	read_neighbours(live);
	if (read_columns(catalog))
		read_serials(catalog);
	plasma_enumeration_read(catalog);
	plasma_constraint_read(catalog);
	plasma_unique_read(catalog);
	plasma_policy_read(catalog);
	read_backfills(catalog);
	plasma_setting_restore(level);
	return live;
}

Model *
plasma_introspect_model(List *live)
{
	Model	   *model = palloc0(sizeof(Model));
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);

		if (table->table != NULL)
			model->tables = lappend(model->tables, table->table);
	}
	return model;
}

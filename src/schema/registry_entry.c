/*
 * registry_entry.c
 *		The rows of plasma.tables, for those who write them.
 *
 *		Unlike the registry that a backend keeps, what is read here is read anew
 *		each time, with tables that are suppressed, and beside what the catalogs say
 *		of partitions.  Written under the lock of apply.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "schema/registry.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* All relations below one, whatever the depth; takes no lock on them. */
#define PARTITIONS(root) \
	"ARRAY(WITH RECURSIVE tree (relid) AS (" \
	"  SELECT inhrelid FROM pg_inherits" \
	"  WHERE inhparent = " root " AND NOT inhdetachpending" \
	"  UNION" \
	"  SELECT i.inhrelid FROM tree" \
	"  JOIN pg_inherits i ON i.inhparent = tree.relid AND NOT i.inhdetachpending)" \
	" SELECT relid::regclass FROM tree ORDER BY relid)"

/*
 * The look into the catalogs is a subquery per table so that each one is found
 * by its oid: a join may be made by reading all of pg_class, in every request.
 */
bool
plasma_registry_is_sound(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT NOT EXISTS (SELECT FROM plasma.tables t"
									   " WHERE (SELECT c.relname::text = t.table_name"
									   "  AND n.nspname::text = t.schema_name"
									   "  AND (c.relpersistence = 'p' OR t.suppressed) AND NOT c.relispartition"
									   "  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
									   "  WHERE c.oid = t.relation) IS NOT TRUE"
									   " OR EXISTS (SELECT FROM pg_class p WHERE p.oid = ANY (t.partitions)"
									   "  AND (p.relpersistence <> 'p' AND NOT t.suppressed OR p.relkind = 'f'))"
									   " OR t.partitions <> " PARTITIONS("t.relation")
									   " OR t.scope IS NOT NULL"
									   "  AND NOT EXISTS (SELECT FROM plasma.scopes s WHERE s.scope = t.scope))",
									   0, NULL);

	return plasma_spi_bool(rows, 0, 1);
}

static List *
oid_list(Datum array)
{
	Datum	   *values;
	int			count;
	List	   *oids = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), OIDOID, sizeof(Oid), true,
					  TYPALIGN_INT, &values, NULL, &count);
	for (int i = 0; i < count; i++)
		oids = lappend_oid(oids, DatumGetObjectId(values[i]));
	return oids;
}

List *
plasma_registry_entries(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT t.table_name, t.relation::oid, t.generation,"
									   " t.suppressed, t.partitions <> p.now,"
									   " ARRAY(SELECT unnest(t.partitions) EXCEPT SELECT unnest(p.now))::oid[],"
									   " t.scope, COALESCE(t.scope_columns, '{}')"
									   " FROM plasma.tables t,"
									   " LATERAL (SELECT " PARTITIONS("t.relation") ") p (now)"
									   " ORDER BY t.table_name COLLATE \"C\"", 0, NULL);
	List	   *entries = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		RegistryEntry *entry = palloc0(sizeof(RegistryEntry));
		bool		isnull;

		entry->name = plasma_spi_text(rows, i, 1);
		entry->relid = plasma_spi_oid(rows, i, 2);
		entry->generation = plasma_spi_int8(rows, i, 3);
		entry->suppressed = plasma_spi_bool(rows, i, 4);
		entry->repartitioned = plasma_spi_bool(rows, i, 5);
		entry->detached = oid_list(plasma_spi_datum(rows, i, 6, &isnull));
		entry->scope = plasma_spi_text(rows, i, 7);
		entry->scope_columns = plasma_text_list(plasma_spi_datum(rows, i, 8, &isnull));
		entries = lappend(entries, entry);
	}
	return entries;
}

RegistryEntry *
plasma_registry_entry(List *entries, const char *name)
{
	ListCell   *cell;

	foreach(cell, entries)
	{
		RegistryEntry *entry = lfirst(cell);

		if (strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

static char *
write_columns(const ModelTable *table)
{
	StringInfoData json;
	ListCell   *cell;

	initStringInfo(&json);
	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);

		appendStringInfoString(&json, foreach_current_index(cell) == 0 ? "[" : ",");
		appendStringInfoString(&json, "{\"name\":");
		plasma_text_json(&json, column->name);
		appendStringInfoString(&json, ",\"kind\":");
		plasma_text_json(&json, plasma_kind_ops(column->kind)->name);
		appendStringInfoString(&json, column->encrypted ? ",\"encrypted\":true}" : "}");
	}
	appendStringInfoChar(&json, ']');
	return json.data;
}

#define SCOPE_COLUMNS(table) \
	{TEXTARRAYOID, plasma_text_array((table)->scope_columns), (table)->scope == NULL}

bool
plasma_registry_put(const ModelTable *table, int64 generation)
{
	SpiParam	params[] = {
		SPI_TEXT(table->name),
		SPI_TEXT(table->schema),
		SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(table->relid)),
		SPI_DATUM(TEXTARRAYOID, plasma_text_array(table->key)),
		SPI_TEXT(write_columns(table)),
		SPI_INT8(generation),
		SPI_DATUM(BOOLOID, BoolGetDatum(table->suppressed)),
		SPI_DATUM(BOOLOID, BoolGetDatum(table->history)),
		SPI_TEXT(table->scope),
		SCOPE_COLUMNS(table)
	};

	return plasma_spi_write(SPI_OWNER,
							"INSERT INTO plasma.tables AS t (table_name, schema_name,"
							" relation, key_columns, columns, generation, suppressed,"
							" history, partitions, scope, scope_columns)"
							" VALUES ($1, $2, $3, $4, $5::json, $6, $7, $8, " PARTITIONS("$3") ", $9, $10)"
							" ON CONFLICT (table_name) DO UPDATE SET"
							" schema_name = EXCLUDED.schema_name,"
							" relation = EXCLUDED.relation,"
							" key_columns = EXCLUDED.key_columns,"
							" columns = EXCLUDED.columns,"
							" generation = EXCLUDED.generation,"
							" suppressed = EXCLUDED.suppressed,"
							" history = EXCLUDED.history,"
							" partitions = EXCLUDED.partitions,"
							" scope = EXCLUDED.scope,"
							" scope_columns = EXCLUDED.scope_columns"
							" WHERE (t.schema_name, t.relation, t.key_columns,"
							"  t.columns::text, t.generation, t.suppressed, t.history,"
							"  t.partitions, t.scope, t.scope_columns)"
							" IS DISTINCT FROM (EXCLUDED.schema_name, EXCLUDED.relation,"
							"  EXCLUDED.key_columns, EXCLUDED.columns::text,"
							"  EXCLUDED.generation, EXCLUDED.suppressed,"
							"  EXCLUDED.history, EXCLUDED.partitions,"
							"  EXCLUDED.scope, EXCLUDED.scope_columns)"
							" RETURNING 1", lengthof(params), params)->nrows > 0;
}

bool
plasma_registry_agrees(const ModelTable *table)
{
	SpiParam	params[] = {
		SPI_TEXT(table->name),
		SPI_TEXT(table->schema),
		SPI_DATUM(TEXTARRAYOID, plasma_text_array(table->key)),
		SPI_TEXT(write_columns(table)),
		SPI_DATUM(BOOLOID, BoolGetDatum(table->suppressed)),
		SPI_DATUM(BOOLOID, BoolGetDatum(table->history)),
		SPI_TEXT(table->scope),
		SCOPE_COLUMNS(table)
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT FROM plasma.tables WHERE table_name = $1"
						   " AND schema_name = $2 AND key_columns = $3 AND columns::text = $4"
						   " AND suppressed = $5 AND history = $6"
						   " AND scope IS NOT DISTINCT FROM $7"
						   " AND scope_columns IS NOT DISTINCT FROM $8",
						   lengthof(params), params)->nrows > 0;
}

void
plasma_registry_retire(const char *name)
{
	SpiParam	params[] = {SPI_TEXT(name)};

	plasma_spi_write(SPI_OWNER,
					 "WITH gone AS (DELETE FROM plasma.tables WHERE table_name = $1"
					 "  RETURNING table_name, generation)"
					 " INSERT INTO plasma.former_tables SELECT * FROM gone",
					 lengthof(params), params);
}

int64
plasma_registry_first_generation(const char *name)
{
	SpiParam	params[] = {SPI_TEXT(name)};
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"DELETE FROM plasma.former_tables"
										" WHERE table_name = $1 RETURNING generation",
										lengthof(params), params);

	return rows->nrows == 0 ? 1 : plasma_spi_int8(rows, 0, 1) + 1;
}

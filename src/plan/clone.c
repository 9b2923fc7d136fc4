/*
 * clone.c
 *		Temporary tables that look like the tables of the application.
 *
 *		In come tables as introspect found them, out come tables without rows
 *		under the same names: columns, defaults, checks, indexes, then the
 *		foreign keys among them, and plasma's own policies.  Asks for a
 *		subtransaction that will be rolled back.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "plan/clone.h"
#include "schema/create.h"
#include "schema/ddl.h"
#include "schema/introspect.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

char *
plasma_clone_schema(void)
{
	return get_namespace_name(LookupCreationNamespace("pg_temp"));
}

static ModelColumn *
copy_column(const ModelColumn *column)
{
	ModelColumn *copy = palloc(sizeof(ModelColumn));

	*copy = *column;
	if (column->enumeration != NULL)
	{
		copy->enumeration = palloc(sizeof(ModelEnum));
		*copy->enumeration = *column->enumeration;
	}
	return copy;
}

static ModelTable *
copy_table(const ModelTable *table, const char *schema)
{
	ModelTable *copy = palloc(sizeof(ModelTable));
	ListCell   *cell;

	*copy = *table;
	copy->schema = pstrdup(schema);
	copy->relid = InvalidOid;
	copy->columns = NIL;
	foreach(cell, table->columns)
		copy->columns = lappend(copy->columns, copy_column(lfirst(cell)));
	return copy;
}

Model *
plasma_clone_model(const Model *model, List *names, const char *schema)
{
	Model	   *copy;
	ListCell   *cell;

	if (model == NULL)
		return NULL;
	copy = palloc0(sizeof(Model));
	copy->version = model->version;
	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);

		if (plasma_text_position(names, table->name) >= 0)
			copy->tables = lappend(copy->tables, copy_table(table, schema));
	}
	return copy;
}

static void
clone_table(const LiveTable *live, const char *schema)
{
	plasma_spi_command(SPI_CALLER,
					   psprintf("CREATE TEMPORARY TABLE %s (LIKE %s INCLUDING ALL EXCLUDING STATISTICS)",
								plasma_text_qualified(schema, live->declared->name),
								plasma_text_relation(live->relid)));
}

/*
 * Only those whose target is among the clones: a temporary table can name no other.
 * What is not enforced, or is about periods, has no part in a plan.
 */
static void
clone_foreign_keys(const LiveTable *live, const char *schema, const Datum relids)
{
	SpiParam	params[] = {
		SPI_DATUM(OIDOID, ObjectIdGetDatum(live->relid)),
		SPI_DATUM(OIDARRAYOID, relids),
		SPI_TEXT(schema)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT format('CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %I.%I (%s)%s',"
									   " k.conname,"
									   " (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n)"
									   "  FROM unnest(k.conkey) WITH ORDINALITY u (num, n)"
									   "  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),"
									   " $3, c.relname,"
									   " (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n)"
									   "  FROM unnest(k.confkey) WITH ORDINALITY u (num, n)"
									   "  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),"
									   " CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE'"
									   "  WHEN 'r' THEN ' ON DELETE RESTRICT' WHEN 'n' THEN ' ON DELETE SET NULL'"
									   "  WHEN 'd' THEN ' ON DELETE SET DEFAULT' ELSE '' END)"
									   " FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid"
									   " WHERE k.contype = 'f' AND k.conrelid = $1 AND k.conparentid = 0"
									   " AND k.confrelid = ANY ($2) AND " PLASMA_CONSTRAINT_ENFORCED("k")
									   " AND NOT " PLASMA_CONSTRAINT_PERIOD("k")
									   " ORDER BY k.conname", lengthof(params), params);

	for (uint64 i = 0; i < rows->nrows; i++)
		plasma_spi_command(SPI_CALLER,
						   psprintf("ALTER TABLE %s ADD %s",
									plasma_text_qualified(schema, live->declared->name),
									plasma_spi_text(rows, i, 1)));
}

static void
clone_policies(const LiveTable *live, const char *schema)
{
	ModelTable *table = copy_table(live->table, schema);
	ListCell   *cell;

	if (table->auth_read == NULL && table->auth_write == NULL)
		return;
	foreach(cell, plasma_ddl_policies(table, true))
	{
		DdlStatement *statement = lfirst(cell);

		plasma_create_run(table, statement->sql, statement->auth);
	}
}

void
plasma_clone_tables(List *live, const char *schema)
{
	List	   *present = NIL;
	ListCell   *cell;
	Datum	   *relids = palloc(sizeof(Datum) * Max(list_length(live), 1));
	Datum		array;

	foreach(cell, live)
	{
		LiveTable  *at = lfirst(cell);

		if (at->table == NULL)
			continue;
		clone_table(at, schema);
		relids[list_length(present)] = ObjectIdGetDatum(at->relid);
		present = lappend(present, at);
	}
	array = PointerGetDatum(construct_array(relids, list_length(present), OIDOID,
											sizeof(Oid), true, TYPALIGN_INT));
	foreach(cell, present)
	{
		clone_foreign_keys(lfirst(cell), schema, array);
		clone_policies(lfirst(cell), schema);
	}
}

/*
 * introspect.c
 *		From the catalogs to a Model: the database's side of what diff compares.
 *
 *		In comes the declared Model, whose names say where to look; out goes what
 *		stands under each. One query for each kind of object, however many tables
 *		there are, all in the active snapshot and with no lock on the tables: who
 *		needs them to stay as they are locks them first. A kind, an encryption or
 *		a table option cannot be seen in a catalog and is left at its default.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "schema/introspect.h"
#include "utils/array.h"

static LiveTable *
live_by_relid(List *live, Oid relid)
{
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);

		if (table->relid == relid)
			return table;
	}
	elog(ERROR, "relation %u was not asked for", relid);
	return NULL;
}

static Oid
field_oid(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(value);
}

static char
field_char(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? '\0' : DatumGetChar(value);
}

static SpiParam
relids_param(List *live)
{
	Datum	   *relids = palloc(sizeof(Datum) * Max(list_length(live), 1));
	int			count = 0;
	SpiParam	param = {OIDARRAYOID};
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);

		if (table->table != NULL)
			relids[count++] = ObjectIdGetDatum(table->relid);
	}
	param.value = PointerGetDatum(construct_array(relids, count, OIDOID,
												  sizeof(Oid), true, TYPALIGN_INT));
	return param;
}

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

static SpiRows *
find_names(const Model *declared)
{
	List	   *schemas = NIL;
	List	   *names = NIL;
	SpiParam	params[2] = {{TEXTARRAYOID}, {TEXTARRAYOID}};
	ListCell   *cell;

	foreach(cell, declared->tables)
	{
		ModelTable *table = lfirst(cell);

		schemas = lappend(schemas, table->schema);
		names = lappend(names, table->name);
	}
	params[0].value = plasma_text_array(schemas);
	params[1].value = plasma_text_array(names);
	return plasma_spi_read(SPI_OWNER,
						   "SELECT n.oid, c.oid, c.relkind,"
						   " COALESCE(p.persistence, c.relpersistence),"
						   " c.relispartition,"
						   " c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits i"
						   "  WHERE i.inhparent = c.oid"
						   "  OR i.inhrelid = c.oid AND NOT c.relispartition),"
						   " (SELECT e.extname FROM pg_depend d"
						   "  JOIN pg_extension e ON e.oid = d.refobjid"
						   "  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid"
						   "  AND d.refclassid = 'pg_extension'::regclass"
						   "  AND d.deptype = 'e'), p.has_foreign"
						   " FROM unnest($1, $2) WITH ORDINALITY w (nsp, rel, position)"
						   " LEFT JOIN pg_namespace n ON n.nspname = w.nsp::name"
						   " LEFT JOIN pg_class c ON c.relnamespace = n.oid"
						   "  AND c.relname = w.rel::name"
						   " LEFT JOIN LATERAL (WITH RECURSIVE tree (relid) AS ("
						   "  SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid"
						   "  UNION SELECT inhrelid FROM tree JOIN pg_inherits ON inhparent = relid)"
						   "  SELECT min(relpersistence) FILTER (WHERE relpersistence <> 'p')::\"char\" AS persistence,"
						   "  bool_or(relkind = 'f') AS has_foreign"
						   "  FROM tree JOIN pg_class ON oid = relid) p ON c.relkind = 'p'"
						   " ORDER BY w.position", lengthof(params), params);
}

static List *
read_relations(const Model *declared)
{
	SpiRows    *rows = find_names(declared);
	List	   *result = NIL;
	ListCell   *cell;

	foreach(cell, declared->tables)
	{
		int			i = foreach_current_index(cell);
		LiveTable  *live = palloc0(sizeof(LiveTable));

		live->declared = lfirst(cell);
		live->nspid = field_oid(rows, i, 1);
		live->relid = field_oid(rows, i, 2);
		live->relkind = field_char(rows, i, 3);
		live->persistence = field_char(rows, i, 4);
		live->partition = plasma_spi_bool(rows, i, 5);
		live->inherits = plasma_spi_bool(rows, i, 6);
		live->extension = plasma_spi_text(rows, i, 7);
		live->foreign_partition = plasma_spi_bool(rows, i, 8);
		if (live->relkind == RELKIND_RELATION ||
			live->relkind == RELKIND_PARTITIONED_TABLE)
			live->table = make_table(live);
		result = lappend(result, live);
	}
	return result;
}

static void
read_columns(List *live, SpiParam relids)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT a.attrelid, a.attname::text, a.atttypid,"
									   " a.atttypmod, a.attnotnull,"
									   " pg_get_expr(d.adbin, d.adrelid)"
									   " FROM pg_attribute a LEFT JOIN pg_attrdef d"
									   "  ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
									   " WHERE a.attrelid = ANY ($1) AND a.attnum > 0"
									   " AND NOT a.attisdropped"
									   " ORDER BY a.attrelid, a.attnum", 1, &relids);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		ModelTable *table = live_by_relid(live, field_oid(rows, i, 1))->table;
		ModelColumn *column = palloc0(sizeof(ModelColumn));
		bool		isnull;

		column->name = plasma_spi_text(rows, i, 2);
		column->kind = KIND_SQL;
		column->typid = field_oid(rows, i, 3);
		column->typmod = DatumGetInt32(plasma_spi_datum(rows, i, 4, &isnull));
		column->nullable = !plasma_spi_bool(rows, i, 5);
		column->default_sql = plasma_spi_text(rows, i, 6);
		table->columns = lappend(table->columns, column);
	}
}

static bool
same_names(List *a, List *b)
{
	ListCell   *cell;

	if (list_length(a) != list_length(b))
		return false;
	foreach(cell, a)
		if (plasma_text_position(b, lfirst(cell)) < 0)
			return false;
	return true;
}

static bool
all_not_null(const ModelTable *table, List *names)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		ModelColumn *column = plasma_model_column(table, lfirst(cell));

		if (column == NULL || column->nullable)
			return false;
	}
	return true;
}

/*
 * The key is the one that the declaration names, if a unique index of NOT NULL
 * columns says so, else the primary key.  A deferrable one may hold the same
 * key twice for a while and makes no key.
 */
static void
read_unique_indexes(List *live, SpiParam relids)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT i.indrelid, i.indisprimary, i.indimmediate,"
									   " (SELECT array_agg(a.attname::text ORDER BY k.position)"
									   "  FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, position)"
									   "  JOIN pg_attribute a ON a.attrelid = i.indrelid"
									   "   AND a.attnum = k.attnum"
									   "  WHERE k.position <= i.indnkeyatts)"
									   " FROM pg_index i"
									   " WHERE i.indrelid = ANY ($1) AND i.indisunique"
									   " AND i.indisvalid AND i.indpred IS NULL"
									   " AND i.indexprs IS NULL"
									   " ORDER BY i.indisprimary, i.indexrelid", 1, &relids);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		LiveTable  *at = live_by_relid(live, field_oid(rows, i, 1));
		bool		primary = plasma_spi_bool(rows, i, 2);
		bool		immediate = plasma_spi_bool(rows, i, 3);
		bool		isnull;
		List	   *names = plasma_text_list(plasma_spi_datum(rows, i, 4, &isnull));

		if (list_length(names) == 1)
			plasma_model_column(at->table, linitial(names))->unique = true;
		if (!immediate || !all_not_null(at->table, names))
			continue;
		if (same_names(names, at->declared->key))
			at->table->key = at->declared->key;
		else if (primary && at->table->key == NIL)
			at->table->key = names;
	}
}

static OnDelete
on_delete_of(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			return ON_DELETE_CASCADE;
		case FKCONSTR_ACTION_RESTRICT:
			return ON_DELETE_RESTRICT;
		case FKCONSTR_ACTION_SETNULL:
			return ON_DELETE_SET_NULL;
		case FKCONSTR_ACTION_SETDEFAULT:
			return ON_DELETE_SET_DEFAULT;
		default:
			return ON_DELETE_NO_ACTION;
	}
}

/* Foreign keys to tables of the declaration; others are the application's. */
static void
read_references(List *live, SpiParam relids)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.conrelid, a.attname::text, c.confrelid,"
									   " f.attname::text, c.confdeltype"
									   " FROM pg_constraint c"
									   " JOIN pg_attribute a ON a.attrelid = c.conrelid"
									   "  AND a.attnum = c.conkey[1]"
									   " JOIN pg_attribute f ON f.attrelid = c.confrelid"
									   "  AND f.attnum = c.confkey[1]"
									   " WHERE c.conrelid = ANY ($1)"
									   " AND c.confrelid = ANY ($1)"
									   " AND c.contype = 'f' AND c.convalidated"
									   " AND cardinality(c.conkey) = 1"
									   " ORDER BY c.conrelid, c.oid", 1, &relids);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		LiveTable  *from = live_by_relid(live, field_oid(rows, i, 1));
		LiveTable  *to = live_by_relid(live, field_oid(rows, i, 3));
		char	   *name = plasma_spi_text(rows, i, 2);
		OnDelete	on_delete = on_delete_of(field_char(rows, i, 5));
		ModelColumn *column = plasma_model_column(from->table, name);
		ModelColumn *declared = plasma_model_column(from->declared, name);
		bool		as_declared = declared != NULL &&
			declared->references != NULL &&
			strcmp(declared->references, to->declared->name) == 0 &&
			declared->on_delete == on_delete;

		if (list_length(to->declared->key) != 1 ||
			strcmp(linitial(to->declared->key), plasma_spi_text(rows, i, 4)) != 0)
			continue;
		if (column->references == NULL || as_declared)
		{
			column->references = to->declared->name;
			column->on_delete = on_delete;
			column->enforced = true;
		}
	}
}

/*
 * A predicate holds only where row-level security is on and each policy that
 * it needs is there, restrictive and for everybody.
 */
static void
read_policies(List *live, SpiParam relids)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.oid,"
									   " max(d.description) FILTER (WHERE p.polname = '" PLASMA_POLICY_READ "'),"
									   " max(d.description) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "'),"
									   " count(DISTINCT d.description) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "') = 1"
									   " AND count(*) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "') = 3"
									   " FROM pg_class c"
									   " JOIN pg_policy p ON p.polrelid = c.oid"
									   " JOIN pg_description d ON d.objoid = p.oid"
									   "  AND d.classoid = 'pg_policy'::regclass"
									   " JOIN (VALUES ('" PLASMA_POLICY_READ "', 'r'),"
									   "  ('" PLASMA_POLICY_INSERT "', 'a'),"
									   "  ('" PLASMA_POLICY_UPDATE "', 'w'),"
									   "  ('" PLASMA_POLICY_DELETE "', 'd')) own (name, command)"
									   "  ON p.polname = own.name::name AND p.polcmd = own.command::\"char\""
									   " WHERE c.oid = ANY ($1) AND c.relrowsecurity"
									   " AND NOT p.polpermissive AND p.polroles = '{0}'"
									   " GROUP BY c.oid", 1, &relids);
	int			prefix = strlen(PLASMA_POLICY_COMMENT);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		ModelTable *table = live_by_relid(live, field_oid(rows, i, 1))->table;
		char	   *read = plasma_spi_text(rows, i, 2);
		char	   *write = plasma_spi_text(rows, i, 3);

		if (read != NULL && strncmp(read, PLASMA_POLICY_COMMENT, prefix) == 0)
			table->auth_read = read + prefix;
		if (plasma_spi_bool(rows, i, 4) &&
			strncmp(write, PLASMA_POLICY_COMMENT, prefix) == 0)
			table->auth_write = write + prefix;
	}
}

List *
plasma_introspect_read(const Model *declared)
{
	List	   *live = read_relations(declared);
	SpiParam	relids = relids_param(live);

	read_columns(live, relids);
	read_unique_indexes(live, relids);
	read_references(live, relids);
	read_policies(live, relids);
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

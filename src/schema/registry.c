/*
 * registry.c
 *		The synced tables as the rest of plasma sees them.
 *
 *		In comes what apply wrote into plasma.tables and plasma.declarations, out
 *		goes a struct that a backend keeps.  What is kept is keyed by a random id
 *		that every writer renews: an id that was rolled back never comes again,
 *		so nothing stale can be taken for current, in whatever snapshot it is
 *		asked for.  No lock beyond AccessShare on plasma's own tables.
 */
#include "postgres.h"

#include "base/json.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "schema/registry.h"
#include "schema/scope.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/xid8.h"

static Registry *cached = NULL;
static MemoryContext cached_context = NULL;

static JsonNode *
read_json(const char *column, const char *text)
{
	char	   *error;
	JsonNode   *node = plasma_json_parse(text, strlen(text), &error);

	if (node == NULL)
		elog(ERROR, "plasma.tables.%s is no JSON: %s", column, error);
	return node;
}

static void
read_kept(SyncColumn *column, const JsonNode *kept)
{
	const JsonNode *node = plasma_json_get(kept, column->name);

	if (node == NULL)
		return;
	plasma_json_int8(plasma_json_get(node, "shape"), &column->shape);
	column->mark = strtoull(plasma_json_get(node, "mark")->text, NULL, 16);
	column->counts_as = strtoull(plasma_json_get(node, "counts_as")->text, NULL, 16);
}

/* An encrypted column holds an envelope, whatever kind is inside. */
static List *
read_columns(const char *json, const char *kept_json)
{
	JsonNode   *array = read_json("columns", json);
	JsonNode   *kept = read_json("kept", kept_json);
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, array->items)
	{
		SyncColumn *column = palloc0(sizeof(SyncColumn));
		const char *kind = plasma_json_get(lfirst(cell), "kind")->text;

		column->name = plasma_json_get(lfirst(cell), "name")->text;
		if (!plasma_kind_find(kind, &column->kind))
			elog(ERROR, "plasma.tables holds a column of unknown kind \"%s\"", kind);
		if (plasma_json_get(lfirst(cell), "encrypted") != NULL)
			column->kind = KIND_JSON;
		read_kept(column, kept);
		columns = lappend(columns, column);
	}
	return columns;
}

#define SYNC_TABLE \
	"SELECT table_name, relation::oid, generation, key_columns, columns, history," \
	" shape, kept, scope, scope_columns FROM plasma.tables WHERE NOT suppressed"

static void
read_scope(SyncTable *table, List **scopes, const SpiRows *rows, uint64 row)
{
	char	   *name = plasma_spi_text(rows, row, 9);
	bool		isnull;

	if (name == NULL)
		return;
	table->scope_columns = plasma_text_list(plasma_spi_datum(rows, row, 10, &isnull));
	table->scope = plasma_scope_find(scopes, name, list_length(table->scope_columns));
}

static List *
read_tables(const SpiRows *rows, List **scopes)
{
	List	   *tables = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		SyncTable  *table = palloc0(sizeof(SyncTable));
		bool		isnull;

		table->name = plasma_spi_text(rows, i, 1);
		table->relid = plasma_spi_oid(rows, i, 2);
		table->generation = plasma_spi_int8(rows, i, 3);
		table->key = plasma_text_list(plasma_spi_datum(rows, i, 4, &isnull));
		table->columns = read_columns(plasma_spi_text(rows, i, 5),
									  plasma_spi_text(rows, i, 8));
		table->history = plasma_spi_bool(rows, i, 6);
		table->shape = plasma_spi_int8(rows, i, 7);
		read_scope(table, scopes, rows, i);
		tables = lappend(tables, table);
	}
	return tables;
}

/* A version that was declared more than once is served when each of them is. */
static void
read_versions(Registry *registry)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT version, bool_or(active)"
									   " FROM plasma.declarations GROUP BY version"
									   " HAVING bool_or(active) OR bool_and(served)",
									   0, NULL);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		char	   *version = plasma_spi_text(rows, i, 1);

		if (plasma_spi_bool(rows, i, 2))
			registry->version = version;
		else
			registry->served = lappend(registry->served, version);
	}
}

/* What the active declaration says, whatever has become of its policies. */
static void
read_auths(Registry *registry)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT t.table_name, t.relation::oid, t.suppressed,"
									   " j.value #> '{auth,read}' IS NOT NULL,"
									   " j.value #> '{auth,write}' IS NOT NULL"
									   " FROM plasma.declarations d, json_each(d.declaration -> 'tables') j"
									   " JOIN plasma.tables t ON t.table_name = j.key"
									   " WHERE d.active"
									   " AND COALESCE(j.value #>> '{auth,read}', j.value #>> '{auth,write}') IS NOT NULL"
									   " ORDER BY t.table_name COLLATE \"C\"", 0, NULL);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		SyncAuth   *auth = palloc0(sizeof(SyncAuth));

		auth->name = plasma_spi_text(rows, i, 1);
		auth->relid = plasma_spi_oid(rows, i, 2);
		auth->suppressed = plasma_spi_bool(rows, i, 3);
		auth->read = plasma_spi_bool(rows, i, 4);
		auth->write = plasma_spi_bool(rows, i, 5);
		registry->auths = lappend(registry->auths, auth);
	}
}

/*
 * Takes the place of what is cached only when it has been read to the end.  A
 * pull up the stack may still be reading the old one, if a policy pulls, too.
 */
static void
load(const pg_uuid_t *id)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "plasma registry",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Registry   *registry = palloc0(sizeof(Registry));

	registry->id = *id;
	registry->scopes = plasma_scope_read();
	registry->tables = read_tables(plasma_spi_read(SPI_OWNER, SYNC_TABLE
												   " ORDER BY table_name COLLATE \"C\"",
												   0, NULL), &registry->scopes);
	read_versions(registry);
	read_auths(registry);
	MemoryContextSwitchTo(old);

	MemoryContextSetParent(context, TopMemoryContext);
	if (cached_context != NULL)
		MemoryContextSetParent(cached_context, TopTransactionContext);
	cached_context = context;
	cached = registry;
}

const Registry *
plasma_registry_read(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT registry, epoch, floor FROM plasma.state",
									   0, NULL);
	bool		isnull;
	pg_uuid_t  *id;

	if (rows->nrows != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("plasma.state does not hold its one row"),
				 errhint("Run SELECT plasma.repair(); every client then starts afresh.")));
	id = DatumGetUUIDP(plasma_spi_datum(rows, 0, 1, &isnull));
	if (cached == NULL || memcmp(&cached->id, id, sizeof(pg_uuid_t)) != 0)
		load(id);
	cached->epoch = *DatumGetUUIDP(plasma_spi_datum(rows, 0, 2, &isnull));
	cached->floor = U64FromFullTransactionId(DatumGetFullTransactionId(plasma_spi_datum(rows, 0, 3, &isnull)));
	return cached;
}

void
plasma_registry_forget(void)
{
	cached = NULL;
}

SyncTable *
plasma_registry_lock(Oid relid)
{
	SpiParam	params[] = {SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(relid))};
	SpiRows    *rows = plasma_spi_write(SPI_OWNER, SYNC_TABLE
										" AND relation = $1 FOR UPDATE",
										lengthof(params), params);
	List	   *scopes = plasma_scope_read();
	List	   *tables = read_tables(rows, &scopes);

	return tables == NIL ? NULL : linitial(tables);
}

List *
plasma_registry_bigints(const SyncTable *table)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		SyncColumn *column = lfirst(cell);

		if (column->kind == KIND_BIGINT)
			names = lappend(names, column->name);
	}
	return names;
}

void
plasma_registry_touch(void)
{
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.state SET registry = gen_random_uuid()", 0, NULL);
}

PG_FUNCTION_INFO_V1(plasma_registry_note);

/* Of a row that came or went by whatever way, a restore or a hand. */
Datum
plasma_registry_note(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("plasma.note_registry is not called as a trigger")));
	plasma_registry_touch();
	return PointerGetDatum(NULL);
}

/*
 * digest.c
 *		One hash of what plasma manages in the database.
 *
 *		In come the tables that introspect found, out goes the sha256 of a text
 *		that says all that a plan depends on, in a fixed order and with names in
 *		place of oids.  So a plan is bound to the catalog that it was made on, by
 *		whatever server or session, and other DDL leaves it good.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "log/setting.h"
#include "log/trigger.h"
#include "schema/digest.h"
#include "schema/introspect.h"
#include "schema/version.h"
#include "utils/builtins.h"

/* A text that may be missing, and ends where it ends. */
static void
append_text(StringInfo out, const char *text)
{
	if (text == NULL)
		appendStringInfoString(out, "-,");
	else
		appendStringInfo(out, "%zu:%s,", strlen(text), text);
}

static void
append_texts(StringInfo out, List *texts)
{
	ListCell   *cell;

	appendStringInfo(out, "%d[", list_length(texts));
	foreach(cell, texts)
		append_text(out, lfirst(cell));
	appendStringInfoChar(out, ']');
}

static void
append_facts(StringInfo out, const ColumnFacts *facts)
{
	append_text(out, facts->unique_name);
	append_text(out, facts->invalid_unique);
	append_text(out, facts->unfinished_unique);
	append_text(out, facts->foreign_key);
	append_text(out, facts->old_foreign_key);
	append_text(out, facts->check);
	append_text(out, facts->not_null_check);
	append_text(out, facts->not_null_unproven);
	appendStringInfo(out, "%d%d%d%d%d%d,", facts->virtual, facts->backfill,
					 facts->unique_constraint, facts->foreign_key_valid,
					 facts->check_valid, facts->not_null_check_valid);
}

static void
append_column(StringInfo out, const ModelColumn *column)
{
	append_text(out, column->name);
	append_text(out, format_type_extended(column->typid, column->typmod,
										  FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	append_text(out, plasma_model_collation(column));
	append_texts(out, column->enumeration ? column->enumeration->labels : NIL);
	append_text(out, column->default_sql);
	append_text(out, column->generated);
	append_text(out, column->references);
	appendStringInfo(out, "%d%d%d%d%d,", column->nullable, column->unique,
					 column->identity, column->on_delete, column->enforced);
	append_facts(out, column->facts);
}

static void
append_relation(StringInfo out, const LiveTable *live)
{
	append_text(out, live->declared->schema);
	append_text(out, live->declared->name);
	appendStringInfo(out, "%d%d%d%d%d%d,", OidIsValid(live->nspid), live->partition,
					 live->inherits, live->foreign_partition, live->deferrable_key,
					 live->type_taken);
	if (OidIsValid(live->relid))
		appendStringInfo(out, "%c%c,", live->relkind, live->persistence);
	append_texts(out, live->partition_key);
	append_text(out, live->extension);
	append_text(out, live->moved);
	append_text(out, live->twin);
}

static void
append_table(StringInfo out, const LiveTable *live)
{
	const ModelTable *table = live->table;
	ListCell   *cell;

	appendStringInfoString(out, "\n");
	append_relation(out, live);
	if (table == NULL)
		return;
	append_texts(out, table->key);
	append_text(out, table->auth_read);
	append_text(out, table->auth_write);
	foreach(cell, table->columns)
		append_column(out, lfirst(cell));
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(((const TriggerFound *) lfirst(a))->name,
				  ((const TriggerFound *) lfirst(b))->name);
}

static char *
place_text(TriggerPlace *place)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	append_text(&out, plasma_text_relation(place->relid));
	list_sort(place->found, by_name);
	foreach(cell, place->found)
	{
		const TriggerFound *found = lfirst(cell);

		append_text(&out, found->name);
		append_text(&out, found->function_name);
		appendStringInfo(&out, "%d%c%d%d%d" INT64_FORMAT ",", found->type,
						 found->enabled, found->cloned, found->plain,
						 found->function_safe, found->function_hash);
	}
	return out.data;
}

static int
by_text(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* The triggers that capture writes. */
static void
append_capture(StringInfo out, List *live)
{
	List	   *relids = NIL;
	List	   *texts = NIL;
	ListCell   *cell;

	foreach(cell, live)
	{
		const LiveTable *table = lfirst(cell);

		if (table->table != NULL)
			relids = lappend_oid(relids, table->relid);
	}
	foreach(cell, plasma_trigger_places(relids))
		texts = lappend(texts, place_text(lfirst(cell)));
	list_sort(texts, by_text);
	append_texts(out, texts);
}

/* Not the generations: they say what became of rows, not of the schema. */
static void
append_registry(StringInfo out)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT (SELECT encode(sha256, 'hex')"
									   "  FROM plasma.declarations WHERE active),"
									   " (SELECT string_agg(format('%s', row (table_name,"
									   "   schema_name, relation::text, key_columns,"
									   "   columns::text, suppressed, history,"
									   "   scope, scope_columns)), E'\\n'"
									   "   ORDER BY table_name COLLATE \"C\")"
									   "  FROM plasma.tables),"
									   " (SELECT string_agg(format('%s', s), E'\\n'"
									   "   ORDER BY scope COLLATE \"C\")"
									   "  FROM plasma.scopes s)", 0, NULL);

	append_text(out, plasma_spi_text(rows, 0, 1));
	append_text(out, plasma_spi_text(rows, 0, 2));
	append_text(out, plasma_spi_text(rows, 0, 3));
}

char *
plasma_digest_catalog(List *live)
{
	int			level = plasma_setting_fix(SETTING_ALL);
	StringInfoData out;
	VersionHash hash;
	char	   *hex = palloc(sizeof(hash.bytes) * 2 + 1);
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, live)
		append_table(&out, lfirst(cell));
	append_capture(&out, live);
	append_registry(&out);
	plasma_setting_restore(level);
	hash = plasma_version_hash(out.data, out.len);
	hex[hex_encode((const char *) hash.bytes, sizeof(hash.bytes), hex)] = '\0';
	return hex;
}

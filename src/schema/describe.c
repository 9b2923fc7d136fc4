/*
 * describe.c
 *		plasma.declare_from_catalog: the declaration of what is there.
 *
 *		In comes what survey found; kinds are chosen, and it is written as JSON.
 *		A table of the active declaration keeps its kinds and options, so that
 *		what clients see of it stays.  To plan what comes out changes nothing.
 */
#include "postgres.h"

#include "base/json.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/setting.h"
#include "schema/declare.h"
#include "schema/depict.h"
#include "schema/diff.h"
#include "schema/fault.h"
#include "schema/introspect.h"
#include "schema/settle.h"
#include "schema/survey.h"
#include "schema/version.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

PG_FUNCTION_INFO_V1(plasma_describe_catalog);

/* The schemas that the argument names: char *, each once. */
static List *
read_schemas(ArrayType *array)
{
	List	   *schemas = NIL;
	List	   *given;
	ListCell   *cell;

	if (array == NULL || array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the schemas must not be null")));
	given = plasma_text_list(PointerGetDatum(array));
	foreach(cell, given)
	{
		char	   *name = lfirst(cell);
		FaultList	faults = {NIL};

		plasma_fault_schema(&faults, NULL, name);
		if (strlen(name) >= NAMEDATALEN || !OidIsValid(get_namespace_oid(name, true)))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_SCHEMA),
					 errmsg("schema \"%s\" does not exist", name)));
		if (faults.lines != NIL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("schema \"%s\" holds no tables that can be declared", name),
					 errhint("Any schema but pg_*, information_schema and plasma will do.")));
		if (plasma_text_position(schemas, name) < 0)
			schemas = lappend(schemas, name);
	}
	return schemas;
}

/* The active declaration; one that became unreadable counts as none. */
typedef struct Active
{
	char	   *text;
	JsonNode   *root;
	Model	   *model;
} Active;

static void
try_parse(void *arg)
{
	Active	   *active = arg;

	active->model = plasma_declare_parse(active->text, strlen(active->text));
}

static Active *
read_active(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT declaration::text FROM plasma.declarations"
									   " WHERE active", 0, NULL);
	Active	   *active = palloc0(sizeof(Active));
	char	   *error;

	if (rows->nrows == 0)
		return active;
	active->text = plasma_spi_text(rows, 0, 1);
	active->root = plasma_json_parse(active->text, strlen(active->text), &error);
	if (plasma_spi_try(try_parse, active) != NULL)
		active->model = NULL;
	return active;
}

static bool
is_whole_key(const ModelTable *table, const ModelColumn *column)
{
	return list_length(table->key) == 1 && strcmp(linitial(table->key), column->name) == 0;
}

/* Whether the declared kind still says what the column is. */
static bool
keeps_kind(const ModelTable *table, const ModelColumn *column, const ModelColumn *declared)
{
	if (declared == NULL || declared->kind == KIND_REF)
		return false;
	if (declared->encrypted)
		return column->typid == JSONBOID && column->default_sql == NULL;
	if (declared->kind == KIND_ID &&
		(column->generated != NULL || plasma_text_position(table->key, column->name) < 0))
		return false;
	return declared->kind == KIND_SQL ||
		plasma_settle_accepts(declared->kind, column->typid, column->typmod);
}

/* A kind whose columns are made as this one is. */
static ColumnKind
kind_of_type(const ModelTable *table, const ModelColumn *column)
{
	switch (column->typid)
	{
		case TEXTOID:
			return strcmp(column->name, "id") == 0 && is_whole_key(table, column) &&
				column->default_sql == NULL && column->generated == NULL ?
				KIND_ID : KIND_TEXT;
		case INT8OID:
			return KIND_INT;
		case BOOLOID:
			return KIND_BOOLEAN;
		case BYTEAOID:
			return KIND_BLOB;
		case JSONBOID:
			return KIND_JSON;
		default:
			return KIND_SQL;
	}
}

static void
choose_kinds(Model *model, const Model *active)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);
		ModelTable *past = plasma_model_same_table(active, table);

		foreach(inner, table->columns)
		{
			ModelColumn *column = lfirst(inner);
			ModelColumn *declared = past ? plasma_model_column(past, column->name) : NULL;

			if (column->references != NULL)
				column->kind = KIND_REF;
			else if (keeps_kind(table, column, declared))
			{
				column->kind = declared->kind;
				column->encrypted = declared->encrypted;
			}
			else
				column->kind = kind_of_type(table, column);
		}
	}
}

/* Whether both say the same of the tables of the first one, which exist. */
static bool
same_declaration(const char *text, const Active *active)
{
	Active		found = {pstrdup(text)};
	List	   *live;

	if (active->model == NULL || plasma_spi_try(try_parse, &found) != NULL)
		return false;
	live = plasma_introspect_read(found.model);
	plasma_settle_model(found.model, live);
	plasma_settle_model(active->model, live);
	return plasma_diff_compare(found.model, active->model, DIFF_DECLARATION) == NIL;
}

/* Nobody gave it a name, so it is named after what it says. */
static char *
write_declaration(const char *scopes, const char *tables)
{
	char	   *all = scopes == NULL ? pstrdup(tables) : psprintf("%s%s", scopes, tables);
	VersionHash hash = plasma_version_hash(all, strlen(all));

	return psprintf("{\"version\":\"catalog-%02x%02x%02x%02x\",%s%s%s\"tables\":%s}",
					hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3],
					scopes ? "\"scopes\":" : "", scopes ? scopes : "", scopes ? "," : "",
					tables);
}

static void
tell_gaps(List *gaps)
{
	StringInfoData lines;
	ListCell   *cell;

	if (gaps == NIL)
		return;
	initStringInfo(&lines);
	foreach(cell, gaps)
	{
		SurveyGap  *gap = lfirst(cell);

		appendStringInfo(&lines, "%s%s: %s", foreach_current_index(cell) > 0 ? "\n" : "",
						 gap->object, gap->why);
	}
	ereport(NOTICE,
			(errmsg_plural("%d object is left out of the declaration",
						   "%d objects are left out of the declaration",
						   list_length(gaps), list_length(gaps)),
			 errdetail_internal("%s", lines.data)));
}

Datum
plasma_describe_catalog(PG_FUNCTION_ARGS)
{
	List	   *schemas = read_schemas(PG_ARGISNULL(0) ? NULL : PG_GETARG_ARRAYTYPE_P(0));
	Active	   *active = read_active();
	List	   *gaps = NIL;
	int			level = plasma_setting_fix(SETTING_ALL);
	Model	   *model = plasma_survey_read(schemas, active->model, &gaps);
	char	   *text;

	choose_kinds(model, active->model);
	text = write_declaration(plasma_depict_scopes(model),
							 plasma_depict_tables(model, active->root));
	plasma_setting_restore(level);
	tell_gaps(gaps);
	if (same_declaration(text, active))
		text = active->text;
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
}

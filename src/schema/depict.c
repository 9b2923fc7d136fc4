/*
 * depict.c
 *		From a Model of the database to the JSON of a declaration.
 *
 *		What is the same without being said is left out.  Expressions and types
 *		are written as the server prints them: whatever is not in pg_catalog has
 *		its schema, so that they mean the same under every search path.
 */
#include "postgres.h"

#include "base/text.h"
#include "schema/depict.h"
#include "schema/fault.h"
#include "schema/literal.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static void
write_name(StringInfo out, const char *key)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoChar(out, ',');
	plasma_text_json(out, key);
	appendStringInfoChar(out, ':');
}

static void
write_string(StringInfo out, const char *key, const char *value)
{
	if (value == NULL)
		return;
	write_name(out, key);
	plasma_text_json(out, value);
}

static void
write_raw(StringInfo out, const char *key, const char *json)
{
	write_name(out, key);
	appendStringInfoString(out, json);
}

static void
write_strings(StringInfo out, const char *key, List *values)
{
	ListCell   *cell;

	write_name(out, key);
	appendStringInfoChar(out, '[');
	foreach(cell, values)
	{
		appendStringInfoString(out, foreach_current_index(cell) > 0 ? "," : "");
		plasma_text_json(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

/* The labels are the declaration's affair where the type could be made by it. */
static bool
lists_labels(const ModelEnum *enumeration)
{
	FaultList	faults = {NIL};

	if (enumeration == NULL)
		return false;
	plasma_fault_schema(&faults, NULL, enumeration->schema);
	plasma_fault_name(&faults, NULL, "type", enumeration->name);
	return faults.lines == NIL;
}

static char *
type_text(const ModelColumn *column)
{
	return format_type_extended(column->typid, column->typmod, FORMAT_TYPE_TYPEMOD_GIVEN);
}

/* Of an encrypted column the database has an envelope, whatever is inside. */
static const char *
encrypted_type(const JsonNode *past, const ModelTable *table, const ModelColumn *column)
{
	const char *const path[] = {"tables", table->name, "columns", column->name, "type"};

	for (int i = 0; i < lengthof(path) && past != NULL; i++)
		past = plasma_json_get(past, path[i]);
	return past ? past->text : NULL;
}

static void
write_type(StringInfo out, const ModelColumn *column)
{
	if (column->kind == KIND_SQL)
		write_string(out, "type", type_text(column));
	if (column->kind == KIND_SQL && lists_labels(column->enumeration))
		write_strings(out, "enum", column->enumeration->labels);
	if (OidIsValid(column->collation) &&
		column->collation != get_typcollation(column->typid))
		write_string(out, "collation", plasma_model_collation(column));
}

/* A default of an id is the application's; a declaration has none there. */
static void
write_value(StringInfo out, const ModelColumn *column)
{
	char	   *constant;

	if (column->kind == KIND_ID)
		return;
	if (column->generated != NULL || column->identity != IDENTITY_NONE)
	{
		write_string(out, "generated", column->generated);
		write_string(out, "identity", plasma_model_identity_name(column->identity));
		return;
	}
	if (column->default_sql == NULL)
		return;
	constant = plasma_literal_json(column);
	if (constant != NULL)
		write_raw(out, "default", constant);
	else
		write_string(out, "defaultExpression", column->default_sql);
}

static void
write_reference(StringInfo out, const ModelColumn *column)
{
	if (column->references == NULL)
		return;
	write_string(out, "references", column->references);
	if (column->on_delete != ON_DELETE_NO_ACTION)
		write_string(out, "onDelete", plasma_model_on_delete_name(column->on_delete));
	else if (column->enforced)
		write_raw(out, "enforced", "true");
}

static void
write_column(StringInfo out, const JsonNode *past, const ModelTable *table,
			 const ModelColumn *column)
{
	appendStringInfoChar(out, '{');
	write_string(out, "kind", plasma_kind_ops(column->kind)->name);
	if (column->encrypted)
	{
		write_string(out, "type", encrypted_type(past, table, column));
		write_raw(out, "encrypted", "true");
	}
	else
	{
		write_type(out, column);
		write_value(out, column);
		write_reference(out, column);
	}
	if (column->nullable)
		write_raw(out, "nullable", "true");
	if (column->unique && !column->encrypted)
		write_raw(out, "unique", "true");
	appendStringInfoChar(out, '}');
}

/* A column id of kind id is the key without being named. */
static bool
has_plain_key(const ModelTable *table)
{
	return list_length(table->key) == 1 && strcmp(linitial(table->key), "id") == 0 &&
		plasma_model_column(table, "id")->kind == KIND_ID;
}

static void
write_auth(StringInfo out, const ModelTable *table)
{
	if (table->auth_read == NULL && table->auth_write == NULL && table->depends_on == NULL)
		return;
	write_raw(out, "auth", "{");
	write_string(out, "read", table->auth_read);
	write_string(out, "write", table->auth_write);
	if (table->depends_on != NULL)
		write_raw(out, "dependsOn", table->depends_on);
	appendStringInfoChar(out, '}');
}

static void
write_scope(StringInfo out, const ModelTable *table)
{
	if (table->scope == NULL)
		return;
	write_raw(out, "scope", "{");
	write_strings(out, table->scope, table->scope_columns);
	appendStringInfoChar(out, '}');
}

static void
write_table(StringInfo out, const JsonNode *past, const ModelTable *table)
{
	ListCell   *cell;

	appendStringInfoChar(out, '{');
	if (strcmp(table->schema, "public") != 0)
		write_string(out, "schema", table->schema);
	if (!has_plain_key(table))
		write_strings(out, "key", table->key);
	if (table->suppressed)
		write_raw(out, "changeLogSuppressed", "true");
	if (!table->history)
		write_raw(out, "history", "false");
	write_auth(out, table);
	write_scope(out, table);
	write_raw(out, "columns", "{");
	foreach(cell, table->columns)
	{
		const ModelColumn *column = lfirst(cell);

		write_name(out, column->name);
		write_column(out, past, table, column);
	}
	appendStringInfoString(out, "}}");
}

char *
plasma_depict_scopes(const Model *model)
{
	StringInfoData out;
	List	   *done = NIL;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	foreach(cell, model->tables)
	{
		const ModelTable *table = lfirst(cell);

		if (table->scope == NULL || plasma_text_position(done, table->scope) >= 0)
			continue;
		done = lappend(done, table->scope);
		write_string(&out, table->scope, table->scope_query);
	}
	appendStringInfoChar(&out, '}');
	return done == NIL ? NULL : out.data;
}

char *
plasma_depict_tables(const Model *model, const JsonNode *past)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	foreach(cell, model->tables)
	{
		const ModelTable *table = lfirst(cell);

		write_name(&out, table->name);
		write_table(&out, past, table);
	}
	appendStringInfoChar(&out, '}');
	return out.data;
}

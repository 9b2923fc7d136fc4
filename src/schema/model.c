/*
 * model.c
 *		Looking things up in a model, and writing it down for people.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/pg_collation.h"
#include "schema/model.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

static const char *const on_delete_names[] = {
	[ON_DELETE_NO_ACTION] = "noAction",
	[ON_DELETE_CASCADE] = "cascade",
	[ON_DELETE_RESTRICT] = "restrict",
	[ON_DELETE_SET_NULL] = "setNull",
	[ON_DELETE_SET_DEFAULT] = "setDefault"
};

static const char *const identity_names[] = {
	[IDENTITY_NONE] = NULL,
	[IDENTITY_ALWAYS] = "always",
	[IDENTITY_BY_DEFAULT] = "byDefault",
	[IDENTITY_SERIAL] = "serial"
};

ModelTable *
plasma_model_table(const Model *model, const char *name)
{
	ListCell   *cell;

	foreach(cell, model->tables)
		if (strcmp(((ModelTable *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

ModelTable *
plasma_model_same_table(const Model *model, const ModelTable *table)
{
	ModelTable *found = model ? plasma_model_table(model, table->name) : NULL;

	return found && strcmp(found->schema, table->schema) == 0 ? found : NULL;
}

ModelColumn *
plasma_model_column(const ModelTable *table, const char *name)
{
	ListCell   *cell;

	foreach(cell, table->columns)
		if (strcmp(((ModelColumn *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

bool
plasma_model_is_passing(const char *name, const char *prefix)
{
	int			len = strlen(prefix);

	return name != NULL && strncmp(name, prefix, len) == 0 && name[len] == '_';
}

char *
plasma_model_type(const ModelColumn *column)
{
	if (!OidIsValid(column->typid) && column->enumeration != NULL)
		return psprintf("%s%s",
						plasma_text_qualified(column->enumeration->schema,
											  column->enumeration->name),
						column->array ? "[]" : "");
	return format_type_extended(column->typid, column->typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

char *
plasma_model_collation(const ModelColumn *column)
{
	HeapTuple	tuple;
	Form_pg_collation form;
	char	   *text;

	if (!OidIsValid(column->collation))
		return NULL;
	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(column->collation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", column->collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	text = plasma_text_qualified(get_namespace_name(form->collnamespace),
								 NameStr(form->collname));
	ReleaseSysCache(tuple);
	return text;
}

char *
plasma_model_check(const ModelColumn *column)
{
	const char *condition = plasma_kind_check(column->kind, column->encrypted);

	return condition ? psprintf(condition, quote_identifier(column->name)) : NULL;
}

const char *
plasma_model_on_delete_name(OnDelete on_delete)
{
	return on_delete_names[on_delete];
}

bool
plasma_model_find_on_delete(const char *name, OnDelete *on_delete)
{
	for (int i = 0; i < lengthof(on_delete_names); i++)
	{
		if (strcmp(on_delete_names[i], name) != 0)
			continue;
		*on_delete = i;
		return true;
	}
	return false;
}

const char *
plasma_model_identity_name(ColumnIdentity identity)
{
	return identity_names[identity];
}

bool
plasma_model_find_identity(const char *name, ColumnIdentity *identity)
{
	for (int i = IDENTITY_NONE + 1; i < lengthof(identity_names); i++)
	{
		if (strcmp(identity_names[i], name) != 0)
			continue;
		*identity = i;
		return true;
	}
	return false;
}

static void
write_names(StringInfo out, const char *key, List *names)
{
	ListCell   *cell;

	appendStringInfo(out, ",\"%s\":[", key);
	foreach(cell, names)
	{
		appendStringInfoString(out, foreach_current_index(cell) > 0 ? "," : "");
		plasma_text_json(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

static void
write_string(StringInfo out, const char *key, const char *value)
{
	appendStringInfo(out, ",\"%s\":", key);
	if (value != NULL)
		plasma_text_json(out, value);
	else
		appendStringInfoString(out, "null");
}

static void
write_bool(StringInfo out, const char *key, bool value)
{
	appendStringInfo(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void
write_column(StringInfo out, const ModelColumn *column)
{
	appendStringInfoString(out, "{\"name\":");
	plasma_text_json(out, column->name);
	write_string(out, "kind", plasma_kind_ops(column->kind)->name);
	write_string(out, "type", plasma_model_type(column));
	write_bool(out, "nullable", column->nullable);
	write_bool(out, "unique", column->unique);
	write_bool(out, "encrypted", column->encrypted);
	write_string(out, "collation", plasma_model_collation(column));
	if (column->enumeration != NULL && column->references == NULL)
		write_names(out, "enum", column->enumeration->labels);
	else
		write_string(out, "enum", NULL);
	write_string(out, "default", column->default_sql);
	write_string(out, "generated", column->generated);
	write_string(out, "identity", plasma_model_identity_name(column->identity));
	write_string(out, "check", plasma_model_check(column));
	write_string(out, "references", column->references);
	write_string(out, "onDelete", column->references ?
				 plasma_model_on_delete_name(column->on_delete) : NULL);
	if (column->references != NULL)
		write_bool(out, "enforced", column->enforced);
	else
		write_string(out, "enforced", NULL);
	appendStringInfoChar(out, '}');
}

static void
write_scope(StringInfo out, const ModelTable *table)
{
	if (table->scope == NULL)
	{
		write_string(out, "scope", NULL);
		return;
	}
	appendStringInfoString(out, ",\"scope\":{\"name\":");
	plasma_text_json(out, table->scope);
	write_names(out, "columns", table->scope_columns);
	appendStringInfoChar(out, '}');
}

static void
write_table(StringInfo out, const ModelTable *table)
{
	ListCell   *cell;

	appendStringInfoString(out, "{\"name\":");
	plasma_text_json(out, table->name);
	write_string(out, "schema", table->schema);
	write_names(out, "key", table->key);
	write_bool(out, "changeLogSuppressed", table->suppressed);
	write_bool(out, "history", table->history);
	write_scope(out, table);
	appendStringInfoString(out, ",\"auth\":{\"read\":");
	if (table->auth_read != NULL)
		plasma_text_json(out, table->auth_read);
	else
		appendStringInfoString(out, "null");
	write_string(out, "write", table->auth_write);
	if (table->depends_on != NULL)
		appendStringInfo(out, ",\"dependsOn\":%s", table->depends_on);
	appendStringInfoString(out, "},\"columns\":[");
	foreach(cell, table->columns)
	{
		appendStringInfoString(out, foreach_current_index(cell) > 0 ? "," : "");
		write_column(out, lfirst(cell));
	}
	appendStringInfoString(out, "]}");
}

char *
plasma_model_write(const Model *model)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"version\":");
	plasma_text_json(&out, model->version);
	appendStringInfoString(&out, ",\"scopes\":[");
	foreach(cell, model->scopes)
	{
		const ModelScope *scope = lfirst(cell);

		appendStringInfoString(&out, foreach_current_index(cell) > 0 ? ",{\"name\":" : "{\"name\":");
		plasma_text_json(&out, scope->name);
		write_string(&out, "query", scope->query);
		appendStringInfoChar(&out, '}');
	}
	appendStringInfoString(&out, "],\"tables\":[");
	foreach(cell, model->tables)
	{
		appendStringInfoString(&out, foreach_current_index(cell) > 0 ? "," : "");
		write_table(&out, lfirst(cell));
	}
	appendStringInfoString(&out, "]}");
	return out.data;
}

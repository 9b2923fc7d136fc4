/*
 * ddl.c
 *		Statements that make and remove tables and enum types.
 *
 *		In comes a Model, out goes text for the caller's rights.  Columns,
 *		constraints and policies have files of their own beside this one.
 */
#include "postgres.h"

#include "base/text.h"
#include "commands/defrem.h"
#include "schema/ddl.h"
#include "utils/builtins.h"

/*
 * The checks of a table that is still to be made: two columns with long names
 * may ask for the same one, which is cut in the server's way.
 */
static char *
check_name(const ModelTable *table, const ModelColumn *column, List **used)
{
	const char *what = plasma_ddl_check_label(column);
	const char *label = what;
	char	   *name;

	for (int n = 1;; n++)
	{
		name = makeObjectName(table->name, column->name, label);
		if (plasma_text_position(*used, name) < 0)
			break;
		label = psprintf("%s%d", what, n);
	}
	*used = lappend(*used, name);
	return name;
}

static void
append_item(StringInfo out, const char *item)
{
	appendStringInfo(out, "%s\n\t%s", out->data[out->len - 1] == '(' ? "" : ",", item);
}

char *
plasma_ddl_create_table(const ModelTable *table)
{
	StringInfoData out;
	List	   *used = NIL;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TABLE %s (",
					 plasma_text_qualified(table->schema, table->name));
	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);
		char	   *check = plasma_model_check(column) == NULL ? NULL :
			check_name(table, column, &used);

		append_item(&out, plasma_ddl_column(column, DDL_EVERYTHING, check, NULL));
	}
	if (table->key != NIL)
		append_item(&out, psprintf("PRIMARY KEY (%s)", plasma_text_names(table->key)));
	appendStringInfoString(&out, "\n)");
	return out.data;
}

static bool
begins_with(List *columns, List *others)
{
	ListCell   *cell;

	if (list_length(columns) < list_length(others))
		return false;
	foreach(cell, others)
		if (strcmp(lfirst(cell), list_nth(columns, foreach_current_index(cell))) != 0)
			return false;
	return true;
}

char *
plasma_ddl_scope_index(const ModelTable *table, List **used)
{
	List	   *columns = list_copy(table->scope_columns);
	const ModelColumn *first;
	ListCell   *cell;

	if (table->scope == NULL || begins_with(table->key, table->scope_columns))
		return NULL;
	first = plasma_model_column(table, linitial(columns));
	foreach(cell, table->key)
		if (plasma_text_position(columns, lfirst(cell)) < 0 &&
			list_length(columns) < INDEX_MAX_KEYS)
			columns = lappend(columns, lfirst(cell));
	return psprintf("CREATE INDEX %s ON %s (%s)",
					quote_identifier(plasma_ddl_choose_name(table, first, "scope", used)),
					plasma_text_qualified(table->schema, table->name),
					plasma_text_names(columns));
}

char *
plasma_ddl_drop_table(const ModelTable *table)
{
	return psprintf("DROP TABLE %s RESTRICT",
					plasma_text_qualified(table->schema, table->name));
}

char *
plasma_ddl_create_type(const ModelEnum *type)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TYPE %s AS ENUM (",
					 plasma_text_qualified(type->schema, type->name));
	foreach(cell, type->labels)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
						 plasma_text_literal(lfirst(cell)));
	appendStringInfoChar(&out, ')');
	return out.data;
}

char *
plasma_ddl_drop_type(const char *schema, const char *name)
{
	return psprintf("DROP TYPE %s RESTRICT", plasma_text_qualified(schema, name));
}

char *
plasma_ddl_rename_type(const ModelEnum *type, const char *name)
{
	return psprintf("ALTER TYPE %s RENAME TO %s",
					plasma_text_qualified(type->schema, type->name),
					quote_identifier(name));
}

char *
plasma_ddl_add_label(const ModelEnum *type, const char *label,
					 const char *after, const char *before)
{
	const char *neighbour = after ? after : before;

	return psprintf("ALTER TYPE %s ADD VALUE %s%s%s",
					plasma_text_qualified(type->schema, type->name),
					plasma_text_literal(label),
					after ? " AFTER " : before ? " BEFORE " : "",
					neighbour ? plasma_text_literal(neighbour) : "");
}

/* All of them begin alike, up to what they do. */
char *
plasma_ddl_combine(const ModelTable *table, List *statements)
{
	char	   *beginning = psprintf("ALTER TABLE %s ",
									 plasma_text_qualified(table->schema, table->name));
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, statements)
	{
		Assert(strncmp(lfirst(cell), beginning, strlen(beginning)) == 0);
		appendStringInfo(&out, "%s%s", out.len == 0 ? beginning : ", ",
						 (char *) lfirst(cell) + strlen(beginning));
	}
	return out.data;
}

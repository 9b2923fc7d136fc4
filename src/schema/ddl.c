/*
 * ddl.c
 *		From a declared table to the statements that make it.
 *
 *		In comes a Model, out goes text for the caller's rights.  Names are
 *		quoted and qualified; a declared predicate or default is the caller's own
 *		SQL, which declare has found to be one expression.
 */
#include "postgres.h"

#include "base/text.h"
#include "commands/defrem.h"
#include "schema/ddl.h"
#include "schema/introspect.h"
#include "utils/builtins.h"

static const char *
quoted(const char *name)
{
	return quote_identifier(name);
}

static char *
quoted_list(List *names)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, names)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
						 quoted(lfirst(cell)));
	return out.data;
}

static char *
qualified(const ModelTable *table)
{
	return plasma_text_qualified(table->schema, table->name);
}

/*
 * A name of at most 63 bytes for a check of a column.  Long names are cut in
 * the server's way, so two columns may ask for the same.
 */
static char *
check_name(const ModelTable *table, const ModelColumn *column, List **used)
{
	const char *what = column->encrypted ? "envelope" : "check";
	char	   *label = pstrdup(what);
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
append_column(StringInfo out, const ModelTable *table, const ModelColumn *column,
			  List **used)
{
	const char *check = plasma_kind_check(column->kind, column->encrypted);

	appendStringInfo(out, "\n\t%s %s", quoted(column->name), plasma_model_type(column));
	if (!column->nullable)
		appendStringInfoString(out, " NOT NULL");
	if (column->default_sql != NULL)
		appendStringInfo(out, " DEFAULT (%s)", column->default_sql);
	if (column->unique)
		appendStringInfoString(out, " UNIQUE");
	if (check != NULL)
	{
		const char *at = strstr(check, "%s");

		appendStringInfo(out, " CONSTRAINT %s CHECK (%.*s%s%s)",
						 quoted(check_name(table, column, used)),
						 (int) (at - check), check, quoted(column->name), at + 2);
	}
	appendStringInfoChar(out, ',');
}

char *
plasma_ddl_create_table(const ModelTable *table)
{
	StringInfoData out;
	List	   *used = NIL;
	ListCell   *cell;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TABLE %s (", qualified(table));
	foreach(cell, table->columns)
		append_column(&out, table, lfirst(cell), &used);
	appendStringInfo(&out, "\n\tPRIMARY KEY (%s)\n)", quoted_list(table->key));
	return out.data;
}

static const char *
on_delete_sql(OnDelete on_delete)
{
	switch (on_delete)
	{
		case ON_DELETE_CASCADE:
			return "CASCADE";
		case ON_DELETE_RESTRICT:
			return "RESTRICT";
		case ON_DELETE_SET_NULL:
			return "SET NULL";
		case ON_DELETE_NO_ACTION:
			break;
	}
	elog(ERROR, "no foreign key stands for this action");
	return NULL;
}

/*
 * noAction makes none: a client that deletes the target leaves the reference
 * dangling, and a constraint would refuse its mutation.
 */
List *
plasma_ddl_foreign_keys(const Model *model, const ModelTable *table)
{
	List	   *statements = NIL;
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);
		ModelTable *target;

		if (column->references == NULL || column->on_delete == ON_DELETE_NO_ACTION)
			continue;
		target = plasma_model_table(model, column->references);
		statements = lappend(statements,
							 psprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s",
									  qualified(table), quoted(column->name),
									  qualified(target), quoted_list(target->key),
									  on_delete_sql(column->on_delete)));
	}
	return statements;
}

static List *
add_statement(List *list, const char *auth, char *sql)
{
	DdlStatement *statement = palloc(sizeof(DdlStatement));

	statement->sql = sql;
	statement->auth = auth;
	return lappend(list, statement);
}

/* A policy and the comment in which introspect finds what was declared. */
static List *
add_policy(List *list, const ModelTable *table, const char *auth,
		   const char *name, const char *command, const char *predicate,
		   bool uses, bool checks)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE POLICY %s ON %s AS RESTRICTIVE FOR %s",
					 name, qualified(table), command);
	if (uses)
		appendStringInfo(&out, " USING (\n%s\n)", predicate);
	if (checks)
		appendStringInfo(&out, " WITH CHECK (\n%s\n)", predicate);
	list = add_statement(list, auth, out.data);
	return add_statement(list, auth,
						 psprintf("COMMENT ON POLICY %s ON %s IS %s",
								  name, qualified(table),
								  plasma_text_literal(psprintf(PLASMA_POLICY_COMMENT "%s",
															   predicate))));
}

List *
plasma_ddl_policies(const ModelTable *table, bool allow)
{
	const char *write = table->auth_write;
	List	   *list = NIL;

	if (table->auth_read == NULL && write == NULL)
		return NIL;
	list = add_statement(list, NULL,
						 psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
								  qualified(table)));
	if (table->auth_read != NULL)
		list = add_policy(list, table, "read", PLASMA_POLICY_READ, "SELECT",
						  table->auth_read, true, false);
	if (write != NULL)
	{
		list = add_policy(list, table, "write", PLASMA_POLICY_INSERT, "INSERT",
						  write, false, true);
		list = add_policy(list, table, "write", PLASMA_POLICY_UPDATE, "UPDATE",
						  write, true, true);
		list = add_policy(list, table, "write", PLASMA_POLICY_DELETE, "DELETE",
						  write, true, false);
	}
	if (allow)
		list = add_statement(list, NULL,
							 psprintf("CREATE POLICY " PLASMA_POLICY_ALLOW " ON %s"
									  " USING (true) WITH CHECK (true)",
									  qualified(table)));
	return list;
}

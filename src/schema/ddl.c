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
	const char *check = plasma_model_check(column);

	appendStringInfo(out, "\n\t%s %s", quoted(column->name), plasma_model_type(column));
	if (!column->nullable)
		appendStringInfoString(out, " NOT NULL");
	if (column->default_sql != NULL)
		appendStringInfo(out, " DEFAULT (%s)", column->default_sql);
	if (column->unique)
		appendStringInfoString(out, " UNIQUE");
	if (check != NULL)
		appendStringInfo(out, " CONSTRAINT %s CHECK (%s)",
						 quoted(check_name(table, column, used)), check);
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
		case ON_DELETE_SET_DEFAULT:
			return "SET DEFAULT";
		case ON_DELETE_NO_ACTION:
			break;
	}
	return "NO ACTION";
}

/*
 * One that is not enforced has none: a client that deletes the target leaves
 * the reference dangling, and a constraint would refuse its mutation.
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

		if (column->references == NULL || !column->enforced)
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

/* The policies of a table with auth, one for each command. */
typedef struct PolicySpec
{
	const char *name;
	const char *command;
	const char *suffix;			/* of the permissive one's name */
	const char *auth;			/* the key whose predicate it has */
	bool		uses;
	bool		checks;
} PolicySpec;

static const PolicySpec policy_specs[] = {
	{PLASMA_POLICY_READ, "SELECT", "select", "read", true, false},
	{PLASMA_POLICY_INSERT, "INSERT", "insert", "write", false, true},
	{PLASMA_POLICY_UPDATE, "UPDATE", "update", "write", true, true},
	{PLASMA_POLICY_DELETE, "DELETE", "delete", "write", true, false},
};

static char *
policy_sql(const PolicySpec *spec, const ModelTable *table, const char *name,
		   const char *mode, const char *predicate)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE POLICY %s ON %s AS %s FOR %s",
					 name, qualified(table), mode, spec->command);
	if (spec->uses)
		appendStringInfo(&out, " USING (%s)", predicate);
	if (spec->checks)
		appendStringInfo(&out, " WITH CHECK (%s)", predicate);
	return out.data;
}

/* The restrictive policy and the comment in which introspect finds what was declared. */
static List *
add_policy(List *list, const PolicySpec *spec, const ModelTable *table,
		   const char *predicate)
{
	list = add_statement(list, spec->auth,
						 policy_sql(spec, table, spec->name, "RESTRICTIVE",
									psprintf("\n%s\n", predicate)));
	return add_statement(list, spec->auth,
						 psprintf("COMMENT ON POLICY %s ON %s IS %s",
								  spec->name, qualified(table),
								  plasma_text_literal(psprintf(PLASMA_POLICY_COMMENT "%s",
															   predicate))));
}

/*
 * The permissive policy is true and names the predicate all the same: what the
 * predicate needs, this then needs too.  So DROP ... CASCADE of a column or of
 * the extension takes both away, which leaves the rows to nobody; with the
 * restrictive one alone gone they would be everybody's.
 */
static List *
add_permission(List *list, const PolicySpec *spec, const ModelTable *table,
			   const char *predicate)
{
	const char *sql = predicate == NULL ? "true" :
		psprintf("true OR (\n%s\n)", predicate);

	return add_statement(list, NULL,
						 policy_sql(spec, table,
									psprintf(PLASMA_POLICY_ALLOW "%s", spec->suffix),
									"PERMISSIVE", sql));
}

List *
plasma_ddl_policies(const ModelTable *table, bool allow)
{
	List	   *list;

	if (table->auth_read == NULL && table->auth_write == NULL)
		return NIL;
	list = add_statement(NIL, NULL,
						 psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
								  qualified(table)));
	for (int i = 0; i < lengthof(policy_specs); i++)
	{
		const PolicySpec *spec = &policy_specs[i];
		const char *predicate = strcmp(spec->auth, "read") == 0 ?
			table->auth_read : table->auth_write;

		if (predicate != NULL)
			list = add_policy(list, spec, table, predicate);
		if (allow)
			list = add_permission(list, spec, table, predicate);
	}
	return list;
}

/*
 * ddl_policy.c
 *		Statements about row-level security.
 *
 *		Each declared predicate is a restrictive policy, with a comment in which
 *		introspect finds what was declared.  Restrictive ones alone refuse all
 *		rows, so a permissive one stands beside each where the application has
 *		none of its own.
 */
#include "postgres.h"

#include "base/text.h"
#include "schema/ddl.h"
#include "schema/introspect.h"
#include "utils/builtins.h"

const PolicySpec plasma_ddl_policy_specs[POLICY_SPECS] = {
	{PLASMA_POLICY_READ, PLASMA_POLICY_ALLOW "select", "SELECT", 'r', "read", true, false},
	{PLASMA_POLICY_INSERT, PLASMA_POLICY_ALLOW "insert", "INSERT", 'a', "write", false, true},
	{PLASMA_POLICY_UPDATE, PLASMA_POLICY_ALLOW "update", "UPDATE", 'w', "write", true, true},
	{PLASMA_POLICY_DELETE, PLASMA_POLICY_ALLOW "delete", "DELETE", 'd', "write", true, false},
};

const char *
plasma_ddl_policy_predicate(const PolicySpec *spec, const ModelTable *table)
{
	return strcmp(spec->auth, "read") == 0 ? table->auth_read : table->auth_write;
}

static char *
qualified(const ModelTable *table)
{
	return plasma_text_qualified(table->schema, table->name);
}

/* The clauses of a policy, each with the same condition. */
static char *
clauses(const PolicySpec *spec, const char *condition)
{
	StringInfoData out;

	initStringInfo(&out);
	if (spec->uses)
		appendStringInfo(&out, " USING (%s)", condition);
	if (spec->checks)
		appendStringInfo(&out, " WITH CHECK (%s)", condition);
	return out.data;
}

static char *
restriction(const PolicySpec *spec, const ModelTable *table)
{
	return clauses(spec, psprintf("\n%s\n", plasma_ddl_policy_predicate(spec, table)));
}

/*
 * The permissive policy is true and names the predicate all the same: what the
 * predicate needs, this then needs too.  So DROP ... CASCADE of a column or of
 * the extension takes both away, which leaves the rows to nobody; with the
 * restrictive one alone gone they would be everybody's.
 */
static char *
permission(const PolicySpec *spec, const ModelTable *table)
{
	const char *predicate = plasma_ddl_policy_predicate(spec, table);

	return clauses(spec, predicate == NULL ? "true" :
				   psprintf("true OR (\n%s\n)", predicate));
}

static char *
create_policy(const PolicySpec *spec, const ModelTable *table, const char *name,
			  const char *mode, const char *body)
{
	return psprintf("CREATE POLICY %s ON %s AS %s FOR %s%s", name, qualified(table),
					mode, spec->command, body);
}

char *
plasma_ddl_create_policy(const PolicySpec *spec, const ModelTable *table)
{
	return create_policy(spec, table, spec->name, "RESTRICTIVE", restriction(spec, table));
}

char *
plasma_ddl_alter_policy(const PolicySpec *spec, const ModelTable *table)
{
	return psprintf("ALTER POLICY %s ON %s%s", spec->name, qualified(table),
					restriction(spec, table));
}

char *
plasma_ddl_comment_policy(const PolicySpec *spec, const ModelTable *table)
{
	char	   *comment = psprintf(PLASMA_POLICY_COMMENT "%s",
								   plasma_ddl_policy_predicate(spec, table));

	return psprintf("COMMENT ON POLICY %s ON %s IS %s", spec->name, qualified(table),
					plasma_text_literal(comment));
}

char *
plasma_ddl_create_permission(const PolicySpec *spec, const ModelTable *table)
{
	return create_policy(spec, table, spec->allow, "PERMISSIVE", permission(spec, table));
}

char *
plasma_ddl_alter_permission(const PolicySpec *spec, const ModelTable *table)
{
	return psprintf("ALTER POLICY %s ON %s%s", spec->allow, qualified(table),
					permission(spec, table));
}

char *
plasma_ddl_drop_policy(const ModelTable *table, const char *name)
{
	return psprintf("DROP POLICY %s ON %s", quote_identifier(name), qualified(table));
}

char *
plasma_ddl_row_security(const ModelTable *table, bool enable)
{
	return psprintf("ALTER TABLE %s %s ROW LEVEL SECURITY", qualified(table),
					enable ? "ENABLE" : "DISABLE");
}

static List *
add_statement(List *list, const char *auth, char *sql)
{
	DdlStatement *statement = palloc(sizeof(DdlStatement));

	statement->sql = sql;
	statement->auth = auth;
	return lappend(list, statement);
}

List *
plasma_ddl_policies(const ModelTable *table, bool allow)
{
	List	   *list;

	if (table->auth_read == NULL && table->auth_write == NULL)
		return NIL;
	list = add_statement(NIL, NULL, plasma_ddl_row_security(table, true));
	for (int i = 0; i < POLICY_SPECS; i++)
	{
		const PolicySpec *spec = &plasma_ddl_policy_specs[i];

		if (plasma_ddl_policy_predicate(spec, table) != NULL)
		{
			list = add_statement(list, spec->auth, plasma_ddl_create_policy(spec, table));
			list = add_statement(list, spec->auth, plasma_ddl_comment_policy(spec, table));
		}
		if (allow)
			list = add_statement(list, NULL, plasma_ddl_create_permission(spec, table));
	}
	return list;
}

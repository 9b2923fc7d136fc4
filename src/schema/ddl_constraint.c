/*
 * ddl_constraint.c
 *		Statements about what a table demands of its rows, and the names of it.
 *
 *		Names are the server's own, <table>_<column>_key and so on, written out:
 *		so a constraint is the same whichever way it came about.
 */
#include "postgres.h"

#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "schema/ddl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static bool
name_is_free(const char *name, Oid nspid, List *used)
{
	return plasma_text_position(used, name) < 0 &&
		(!OidIsValid(nspid) ||
		 (!OidIsValid(get_relname_relid(name, nspid)) &&
		  !ConstraintNameExists(name, nspid)));
}

char *
plasma_ddl_choose_name(const ModelTable *table, const ModelColumn *column,
					   const char *label, List **used)
{
	Oid			nspid = get_namespace_oid(table->schema, true);
	char	   *name = makeObjectName(table->name, column->name, label);

	for (int n = 1; !name_is_free(name, nspid, *used); n++)
		name = makeObjectName(table->name, column->name, psprintf("%s%d", label, n));
	*used = lappend(*used, name);
	return name;
}

const char *
plasma_ddl_check_label(const ModelColumn *column)
{
	return column->encrypted ? "envelope" : "check";
}

static char *
alter_table(const ModelTable *table, const char *action)
{
	return psprintf("ALTER TABLE %s %s",
					plasma_text_qualified(table->schema, table->name), action);
}

char *
plasma_ddl_add_unique(const ModelTable *table, const char *column, const char *name)
{
	return alter_table(table, psprintf("ADD CONSTRAINT %s UNIQUE (%s)",
									   quote_identifier(name), quote_identifier(column)));
}

char *
plasma_ddl_create_unique_index(const ModelTable *table, const char *column,
							   const char *name, bool concurrently)
{
	return psprintf("CREATE UNIQUE INDEX %s%s ON %s (%s)",
					concurrently ? "CONCURRENTLY " : "", quote_identifier(name),
					plasma_text_qualified(table->schema, table->name),
					quote_identifier(column));
}

char *
plasma_ddl_adopt_unique_index(const ModelTable *table, const char *name, const char *index)
{
	return alter_table(table, psprintf("ADD CONSTRAINT %s UNIQUE USING INDEX %s",
									   quote_identifier(name), quote_identifier(index)));
}

char *
plasma_ddl_drop_index(const ModelTable *table, const char *index, bool concurrently)
{
	return psprintf("DROP INDEX %s%s", concurrently ? "CONCURRENTLY " : "",
					plasma_text_qualified(table->schema, index));
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

static char *
references_sql(const ModelTable *target, const ModelColumn *column)
{
	return psprintf("REFERENCES %s (%s) ON DELETE %s",
					plasma_text_qualified(target->schema, target->name),
					quote_identifier(linitial(target->key)),
					on_delete_sql(column->on_delete));
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
							 alter_table(table, psprintf("ADD FOREIGN KEY (%s) %s",
														 quote_identifier(column->name),
														 references_sql(target, column))));
	}
	return statements;
}

char *
plasma_ddl_reference(const ModelTable *target, const ModelColumn *column, const char *name)
{
	return psprintf("CONSTRAINT %s %s", quote_identifier(name),
					references_sql(target, column));
}

char *
plasma_ddl_add_foreign_key(const ModelTable *table, const ModelColumn *column,
						   const ModelTable *target, const char *name,
						   const char *dropped, bool not_valid)
{
	char	   *drop = dropped == NULL ? "" :
		psprintf("DROP CONSTRAINT %s, ", quote_identifier(dropped));

	return alter_table(table, psprintf("%sADD CONSTRAINT %s FOREIGN KEY (%s) %s%s",
									   drop, quote_identifier(name),
									   quote_identifier(column->name),
									   references_sql(target, column),
									   not_valid ? " NOT VALID" : ""));
}

char *
plasma_ddl_add_check(const ModelTable *table, const char *condition, const char *name,
					 bool not_valid)
{
	return alter_table(table, psprintf("ADD CONSTRAINT %s CHECK (%s)%s",
									   quote_identifier(name), condition,
									   not_valid ? " NOT VALID" : ""));
}

char *
plasma_ddl_add_not_null_check(const ModelTable *table, const char *column, const char *name)
{
	return plasma_ddl_add_check(table,
								psprintf("%s IS NOT NULL", quote_identifier(column)),
								name, true);
}

char *
plasma_ddl_add_not_null_unproven(const ModelTable *table, const char *column,
								 const char *name)
{
	return alter_table(table, psprintf("ADD CONSTRAINT %s NOT NULL %s NOT VALID",
									   quote_identifier(name), quote_identifier(column)));
}

char *
plasma_ddl_validate_constraint(const ModelTable *table, const char *name)
{
	return alter_table(table, psprintf("VALIDATE CONSTRAINT %s", quote_identifier(name)));
}

char *
plasma_ddl_rename_constraint(const ModelTable *table, const char *name,
							 const char *new_name)
{
	return alter_table(table, psprintf("RENAME CONSTRAINT %s TO %s",
									   quote_identifier(name), quote_identifier(new_name)));
}

char *
plasma_ddl_drop_constraint(const ModelTable *table, const char *name)
{
	return alter_table(table, psprintf("DROP CONSTRAINT %s RESTRICT", quote_identifier(name)));
}

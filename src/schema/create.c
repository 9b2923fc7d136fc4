/*
 * create.c
 *		The tables of a model that are not there: types, tables, indexes, foreign
 *		keys, policies.
 *
 *		In comes a model with what introspect found, out goes the same with a relid
 *		for each table.  All is made as the caller, who has been found to have the
 *		rights to it.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "schema/create.h"
#include "schema/ddl.h"
#include "schema/enumeration.h"
#include "schema/fault.h"
#include "schema/introspect.h"
#include "utils/lsyscache.h"

static void
policy_context(void *path)
{
	errcontext("%s of the declaration", plasma_fault_path_text(path));
}

void
plasma_create_run(const ModelTable *table, const char *sql, const char *auth)
{
	const FaultPath *path = NULL;
	ErrorContextCallback callback = {error_context_stack, policy_context, NULL};

	if (auth != NULL)
	{
		path = plasma_fault_key(plasma_fault_key(NULL, "tables"), table->name);
		path = plasma_fault_key(plasma_fault_key(path, "auth"), auth);
		callback.arg = (void *) path;
		error_context_stack = &callback;
	}
	plasma_spi_command(SPI_CALLER, sql);
	error_context_stack = callback.previous;
}

/* An event trigger of the application may have put policies of its own there. */
static bool
has_permissive_policy(Oid relid)
{
	SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(relid))};

	plasma_enrol_look_again();
	return plasma_spi_read(SPI_OWNER,
						   "SELECT FROM pg_policy WHERE polrelid = $1 AND polpermissive",
						   lengthof(params), params)->nrows > 0;
}

/*
 * What may name other tables of the declaration comes when all are there:
 * foreign keys, which may go round in circles, and predicates.
 */
static void
finish_table(const Model *model, const ModelTable *table)
{
	ListCell   *cell;

	foreach(cell, plasma_ddl_foreign_keys(model, table))
		plasma_spi_command(SPI_CALLER, lfirst(cell));
	if (table->auth_read == NULL && table->auth_write == NULL)
		return;
	foreach(cell, plasma_ddl_policies(table, !has_permissive_policy(table->relid)))
	{
		DdlStatement *statement = lfirst(cell);

		plasma_create_run(table, statement->sql, statement->auth);
	}
}

void
plasma_create_types(List *live)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, live)
	{
		LiveTable  *at = lfirst(cell);

		if (OidIsValid(at->relid))
			continue;
		foreach(inner, at->declared->columns)
		{
			ModelColumn *column = lfirst(inner);

			if (column->enumeration != NULL && !OidIsValid(column->enumeration->typid))
				plasma_spi_command(SPI_CALLER, plasma_ddl_create_type(column->enumeration));
			plasma_enumeration_bind(column);
		}
	}
}

static void
create_table(const ModelTable *table)
{
	List	   *names = NIL;
	char	   *index;

	plasma_spi_command(SPI_CALLER, plasma_ddl_create_table(table));
	index = plasma_ddl_scope_index(table, &names);
	if (index != NULL)
		plasma_spi_command(SPI_CALLER, index);
}

void
plasma_create_tables(Model *model, List *live, List *entries, Enrolled *done)
{
	List	   *created = NIL;
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *at = lfirst(cell);
		ModelTable *table = list_nth(model->tables, foreach_current_index(cell));
		RegistryEntry *entry = plasma_registry_entry(entries, table->name);

		CHECK_FOR_INTERRUPTS();
		table->relid = at->relid;
		if (OidIsValid(at->relid))
		{
			if (entry == NULL || entry->relid != at->relid)
				done->adopted = lappend(done->adopted, table->name);
			continue;
		}
		create_table(table);
		table->relid = get_relname_relid(table->name, at->nspid);
		created = lappend(created, table);
		done->created = lappend(done->created, table->name);
	}
	foreach(cell, created)
		finish_table(model, lfirst(cell));
}

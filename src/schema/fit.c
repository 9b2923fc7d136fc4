/*
 * fit.c
 *		Whether existing tables can be adopted as they are, by whoever calls.
 *
 *		In come the declared Model and what introspect found; out comes nothing,
 *		or one error that tells every difference of every table.  It runs before
 *		anything is made, so that an error leaves nothing behind.  Columns, unique
 *		indexes, foreign keys and defaults beyond the declared ones are the
 *		application's, and a kind's check is wanted of new tables only.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "schema/diff.h"
#include "schema/fit.h"
#include "schema/introspect.h"
#include "schema/misfit.h"
#include "schema/obstacle.h"
#include "schema/registry.h"
#include "schema/settle.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct Misfits
{
	List	   *lines;			/* char * */
	List	   *tables;			/* char *: names */
	bool		changes;		/* some that a migration may know to make */
} Misfits;

static void
check_schema(const LiveTable *live)
{
	const char *schema = live->declared->schema;

	if (!OidIsValid(live->nspid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" of table \"%s\" does not exist",
						schema, live->declared->name),
				 errhint("Create it first: CREATE SCHEMA %s.", quote_identifier(schema))));
}

static void
check_owner(Oid relid, const char *name)
{
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table \"%s\"", name),
				 errhint("Call ensure_schema as the role that owns the table, since it makes or removes triggers there.")));
}

static void
check_right(const LiveTable *live)
{
	const char *name = live->declared->name;
	const char *schema = live->declared->schema;

	if (live->table != NULL)
		check_owner(live->relid, name);
	if (!OidIsValid(live->relid) &&
		object_aclcheck(NamespaceRelationId, live->nspid, GetUserId(), ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to create table \"%s\" in schema \"%s\"",
						name, schema),
				 errhint("Run GRANT CREATE ON SCHEMA %s TO %s, or call ensure_schema as a role that may create tables there.",
						 quote_identifier(schema),
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

void
plasma_fit_check_rights(const Model *model, List *live, List *entries)
{
	ListCell   *cell;

	foreach(cell, live)
	{
		check_schema(lfirst(cell));
		check_right(lfirst(cell));
	}
	foreach(cell, entries)
	{
		RegistryEntry *entry = lfirst(cell);

		if (plasma_model_table(model, entry->name) == NULL &&
			get_rel_name(entry->relid) != NULL)
			check_owner(entry->relid, entry->name);
	}
}

static void
add_misfit(Misfits *misfits, const ModelTable *table, const char *column,
		   const char *what)
{
	char	   *name = plasma_text_qualified(table->schema, table->name);

	misfits->lines = lappend(misfits->lines,
							 psprintf("%s%s%s: %s", name, column ? "." : "",
									  column ? quote_identifier(column) : "", what));
	misfits->tables = list_append_unique_ptr(misfits->tables, table->name);
}

/* What ensure_schema lets be, since no client is hurt by it and DDL would be wanted. */
static bool
fits_anyway(const Change *change)
{
	switch (change->kind)
	{
		case CHANGE_DEFAULT:
			return change->live->default_sql != NULL;
		case CHANGE_NULLABLE:
			return change->declared->nullable == change->live->nullable;
		case CHANGE_ENFORCED:
			return change->declared->enforced == change->live->enforced &&
				change->live->facts->foreign_key_valid;
		case CHANGE_CHECK:
		case CHANGE_BACKFILL:
			return true;
		default:
			return false;
	}
}

static void
add_change(Misfits *misfits, const Change *change)
{
	char	   *what = fits_anyway(change) ? NULL : plasma_misfit_change(change);

	if (what == NULL)
		return;
	misfits->changes = true;
	add_misfit(misfits, change->table,
			   change->declared ? change->declared->name : NULL, what);
}

static void
raise_misfits(const Misfits *misfits)
{
	StringInfoData lines;
	ListCell   *cell;

	if (misfits->lines == NIL)
		return;
	initStringInfo(&lines);
	foreach(cell, misfits->lines)
		appendStringInfo(&lines, "%s%s", foreach_current_index(cell) ? "\n" : "",
						 (char *) lfirst(cell));
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_MISFIT),
			 list_length(misfits->tables) == 1 ?
			 errmsg("table \"%s\" does not fit the declaration",
					(char *) linitial(misfits->tables)) :
			 errmsg("%d tables do not fit the declaration",
					list_length(misfits->tables)),
			 errdetail_internal("%s", lines.data),
			 misfits->changes ?
			 errhint("Call plasma.run_migrations, which changes tables, or alter the table or the declaration so that they agree.") :
			 errhint("Alter the table or the declaration so that they agree.")));
}

void
plasma_fit_check(Model *model, List *live)
{
	Misfits		misfits = {NIL};
	ListCell   *cell;
	ListCell   *inner;

	plasma_settle_model(model, live);
	foreach(cell, live)
		foreach(inner, plasma_obstacle_find(lfirst(cell)))
			add_misfit(&misfits, ((LiveTable *) lfirst(cell))->declared,
					   ((Obstacle *) lfirst(inner))->column,
					   plasma_misfit_obstacle(lfirst(inner)));
	foreach(cell, plasma_diff_compare(model, plasma_introspect_model(live), DIFF_CATALOG))
		add_change(&misfits, lfirst(cell));
	raise_misfits(&misfits);
}

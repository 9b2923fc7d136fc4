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

/* What is wrong with a change, or NULL where the table fits all the same. */
typedef char *(*ChangeMisfit) (const Change *change);

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

/* For people: qualified only where the name alone would be another type. */
static char *
type_text(const ModelColumn *column)
{
	if (!OidIsValid(column->typid))
		return plasma_model_type(column);
	return format_type_extended(column->typid, column->typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN);
}

static char *
column_missing(const Change *change)
{
	return psprintf("missing in the database, %s declared",
					type_text(change->declared));
}

static char *
type_misfit(const Change *change)
{
	return psprintf("%s in the database, %s declared",
					type_text(change->live),
					type_text(change->declared));
}

static char *
nullable_misfit(const Change *change)
{
	return change->declared->nullable ?
		"NOT NULL in the database, nullable declared" :
		"nullable in the database, NOT NULL declared";
}

static char *
unique_misfit(const Change *change)
{
	return change->declared->unique ?
		"not unique in the database, unique declared" : NULL;
}

/* Texts of expressions, where a declared one is to be there. */
static char *
expression_misfit(const char *what, const char *live, const char *declared)
{
	if (declared == NULL)
		return NULL;
	return live == NULL ?
		psprintf("no %s in the database, %s declared", what, declared) :
		psprintf("%s %s in the database, %s declared", what, live, declared);
}

/* One that was declared anew is set by a migration; any will do for a client. */
static char *
default_misfit(const Change *change)
{
	return change->live->default_sql != NULL ? NULL :
		expression_misfit("default", NULL, change->declared->default_sql);
}

static char *
generated_misfit(const Change *change)
{
	if (change->live->facts->virtual)
		return "generated when it is read in the database, which triggers do not see";
	if (change->declared->generated == NULL)
		return "a generated column in the database, a plain one declared";
	return expression_misfit("generated expression", change->live->generated,
							 change->declared->generated);
}

static char *
identity_misfit(const Change *change)
{
	return psprintf("identity %s in the database, %s declared",
					plasma_model_identity_name(change->live->identity),
					plasma_model_identity_name(change->declared->identity));
}

static char *
collation_misfit(const Change *change)
{
	return psprintf("another collation than \"%s\" in the database",
					get_collation_name(change->declared->collation));
}

static char *
label_misfit(const Change *change)
{
	return "an enum in the database whose labels are not those declared";
}

static char *
reference_text(const ModelColumn *column)
{
	if (column->references == NULL)
		return "no foreign key";
	return psprintf("a foreign key to \"%s\" with %s", column->references,
					plasma_model_on_delete_name(column->on_delete));
}

static char *
reference_misfit(const Change *change)
{
	if (!change->declared->enforced)
		return NULL;
	return psprintf("%s in the database, %s declared",
					reference_text(change->live), reference_text(change->declared));
}

static char *
enforced_misfit(const Change *change)
{
	if (change->declared->enforced && change->live->references != NULL)
		return psprintf("foreign key \"%s\" is not validated",
						change->live->facts->foreign_key);
	return reference_misfit(change);
}

static char *
key_text(List *key)
{
	StringInfoData out;
	ListCell   *cell;

	if (key == NIL)
		return "no key";
	initStringInfo(&out);
	foreach(cell, key)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) ? ", " : "key (",
						 quote_identifier(lfirst(cell)));
	appendStringInfoChar(&out, ')');
	return out.data;
}

static char *
key_misfit(const Change *change)
{
	return psprintf("%s in the database, %s declared",
					key_text(change->live_table->key), key_text(change->table->key));
}

static char *
auth_text(const char *name, const char *declared, const char *live)
{
	if (live == NULL)
		return psprintf("no policy of %s in the database, one declared", name);
	if (declared == NULL)
		return psprintf("a policy of %s in the database, none declared", name);
	return psprintf("a policy of another %s in the database", name);
}

static char *
auth_read_misfit(const Change *change)
{
	return auth_text("auth.read", change->table->auth_read,
					 change->live_table->auth_read);
}

static char *
auth_write_misfit(const Change *change)
{
	return auth_text("auth.write", change->table->auth_write,
					 change->live_table->auth_write);
}

/* Kinds that are not listed are no misfit. */
static const ChangeMisfit misfit_of[CHANGE_KINDS] = {
	[CHANGE_KEY] = key_misfit,
	[CHANGE_AUTH_READ] = auth_read_misfit,
	[CHANGE_AUTH_WRITE] = auth_write_misfit,
	[CHANGE_COLUMN_ADDED] = column_missing,
	[CHANGE_TYPE] = type_misfit,
	[CHANGE_COLLATION] = collation_misfit,
	[CHANGE_ENUM_ADDED] = label_misfit,
	[CHANGE_ENUM_REMOVED] = label_misfit,
	[CHANGE_ENUM_ORDER] = label_misfit,
	[CHANGE_GENERATED] = generated_misfit,
	[CHANGE_IDENTITY] = identity_misfit,
	[CHANGE_NULLABLE] = nullable_misfit,
	[CHANGE_UNIQUE] = unique_misfit,
	[CHANGE_DEFAULT] = default_misfit,
	[CHANGE_REFERENCE] = reference_misfit,
	[CHANGE_ON_DELETE] = reference_misfit,
	[CHANGE_ENFORCED] = enforced_misfit,
};

static void
add_change(Misfits *misfits, const Change *change)
{
	char	   *what;

	if (change->table == NULL || misfit_of[change->kind] == NULL)
		return;
	what = misfit_of[change->kind] (change);
	if (what == NULL)
		return;
	misfits->changes = true;
	add_misfit(misfits, change->table,
			   change->declared ? change->declared->name : NULL, what);
}

/* How an obstacle is told, %s being what it is; those not listed are not tables. */
static const struct
{
	const char *code;
	bool		column;
	const char *format;
}			obstacle_formats[] = {
	{"UN107", true, "cannot be part of the key: %s"},
	{"UN107", false, "%s in the database"},
	{"UN103", true, "%s"},
	{"UN113", false, "%s"},
	{"UN114", false, "%s in the database, renamed or moved"},
	{"ID102", true, "\"%s\" in the database, which differs only in case"},
	{"ID102", false, "\"%s\" in the database, which differs only in case"},
	{"ID104", false, "a type \"%s\" in the database, and a table has a type of its name"},
	{NULL, false, "%s in the database, a table declared"}
};

static void
add_obstacle(Misfits *misfits, const LiveTable *live, const Obstacle *obstacle)
{
	int			i = 0;

	while (obstacle_formats[i].code != NULL &&
		   (strcmp(obstacle_formats[i].code, obstacle->code) != 0 ||
			obstacle_formats[i].column != (obstacle->column != NULL)))
		i++;
	add_misfit(misfits, live->declared, obstacle->column,
			   psprintf(obstacle_formats[i].format, obstacle->what));
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
			add_obstacle(&misfits, lfirst(cell), lfirst(inner));
	foreach(cell, plasma_diff_compare(model, plasma_introspect_model(live), DIFF_CATALOG))
		add_change(&misfits, lfirst(cell));
	raise_misfits(&misfits);
}

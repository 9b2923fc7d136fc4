/*
 * fit.c
 *		Whether existing tables can be adopted as they are, by whoever calls.
 *
 *		In come the declared Model and what introspect found; out comes nothing,
 *		or one error that tells every difference of every table.  It runs before
 *		anything is made, so that an error leaves nothing behind.  Columns, unique
 *		indexes and foreign keys beyond the declared ones are the application's.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/error.h"
#include "base/text.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "log/encode.h"
#include "schema/diff.h"
#include "schema/fit.h"
#include "schema/introspect.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

typedef struct Misfits
{
	List	   *lines;			/* char * */
	List	   *tables;			/* char *: names */
	bool		auth;
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

/* Why what stands under the name is no table to sync, or NULL. */
static const char *
obstacle(const LiveTable *live)
{
	switch (live->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
			break;
		case RELKIND_VIEW:
			return "a view";
		case RELKIND_MATVIEW:
			return "a materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "a foreign table";
		case RELKIND_SEQUENCE:
			return "a sequence";
		case RELKIND_COMPOSITE_TYPE:
			return "a composite type";
		default:
			return "an index";
	}
	if (live->extension != NULL)
		return psprintf("a table of extension \"%s\"", live->extension);
	if (live->foreign_partition)
		return "a table with a foreign partition";
	if (live->persistence == RELPERSISTENCE_UNLOGGED)
		return live->relkind == RELKIND_PARTITIONED_TABLE ?
			"a table with an unlogged partition" : "an unlogged table";
	if (live->persistence == RELPERSISTENCE_TEMP)
		return "a temporary table";
	if (live->partition)
		return "a partition of another table";
	if (live->inherits)
		return "a table with inheritance";
	return NULL;
}

/* For people: qualified only where the name alone would be another type. */
static char *
type_text(const ModelColumn *column)
{
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

static char *
default_misfit(const Change *change)
{
	return change->declared->default_sql == NULL ? NULL :
		psprintf("no default in the database, %s declared", change->declared->default_sql);
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
	[CHANGE_NULLABLE] = nullable_misfit,
	[CHANGE_UNIQUE] = unique_misfit,
	[CHANGE_DEFAULT] = default_misfit,
	[CHANGE_REFERENCE] = reference_misfit,
	[CHANGE_ON_DELETE] = reference_misfit,
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
	add_misfit(misfits, change->table,
			   change->declared ? change->declared->name : NULL, what);
	if (change->kind == CHANGE_AUTH_READ || change->kind == CHANGE_AUTH_WRITE)
		misfits->auth = true;
}

/* The declared type is known to make keys; a column may have another collation. */
static void
check_key_collations(Misfits *misfits, const LiveTable *live)
{
	ListCell   *cell;

	foreach(cell, live->declared->key)
	{
		HeapTuple	tuple = SearchSysCacheAttName(live->relid, lfirst(cell));
		Form_pg_attribute attribute;
		const char *fault;

		if (!HeapTupleIsValid(tuple))
			continue;
		attribute = (Form_pg_attribute) GETSTRUCT(tuple);
		fault = attribute->attcollation == get_typcollation(attribute->atttypid) ? NULL :
			plasma_encode_key_fault(attribute->atttypid, attribute->attcollation);
		if (fault != NULL)
			add_misfit(misfits, live->declared, lfirst(cell),
					   psprintf("cannot be part of the key: %s", fault));
		ReleaseSysCache(tuple);
	}
}

/* A table that was renamed or moved is not made a second time under its name. */
static void
check_renamed(Misfits *misfits, const LiveTable *live, List *entries)
{
	RegistryEntry *entry = plasma_registry_entry(entries, live->declared->name);
	char	   *name = entry ? plasma_text_relation(entry->relid) : NULL;

	if (name != NULL)
		add_misfit(misfits, live->declared, NULL,
				   psprintf("%s in the database, renamed or moved", name));
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
			 errhint("Alter the table or the declaration so that they agree.%s",
					 misfits->auth ?
					 " Policies are made only for a table that ensure_schema creates." : "")));
}

void
plasma_fit_check(const Model *model, List *live, List *entries)
{
	Misfits		misfits = {NIL};
	ListCell   *cell;

	foreach(cell, live)
	{
		LiveTable  *table = lfirst(cell);
		const char *what = OidIsValid(table->relid) ? obstacle(table) : NULL;

		if (!OidIsValid(table->relid))
			check_renamed(&misfits, table, entries);
		else if (what != NULL)
			add_misfit(&misfits, table->declared, NULL,
					   psprintf("%s in the database, a table declared", what));
		else
			check_key_collations(&misfits, table);
	}
	foreach(cell, plasma_diff_compare(model, plasma_introspect_model(live), DIFF_CATALOG))
		add_change(&misfits, lfirst(cell));
	raise_misfits(&misfits);
}

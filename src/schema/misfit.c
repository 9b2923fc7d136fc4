/*
 * misfit.c
 *		How a difference between a declaration and the database is told, in words
 *		for whoever has to make them agree.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "schema/misfit.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef char *(*ChangeMisfit) (const Change *change);

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
not_validated(const char *constraint)
{
	return psprintf("constraint \"%s\" is not validated", constraint);
}

static char *
nullable_misfit(const Change *change)
{
	const ColumnFacts *facts = change->live->facts;

	if (!change->declared->nullable && facts->not_null_unproven != NULL)
		return not_validated(facts->not_null_unproven);
	if (change->declared->nullable == change->live->nullable)
		return psprintf("constraint \"%s\" is left over from a migration",
						facts->not_null_unproven ? facts->not_null_unproven : facts->not_null_check);
	return change->declared->nullable ?
		"NOT NULL in the database, nullable declared" :
		"nullable in the database, NOT NULL declared";
}

static char *
unique_misfit(const Change *change)
{
	if (!change->declared->unique)
		return NULL;
	if (change->live->facts->invalid_unique != NULL)
		return psprintf("index \"%s\" is invalid", change->live->facts->invalid_unique);
	return "not unique in the database, unique declared";
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

static char *
default_misfit(const Change *change)
{
	return expression_misfit("default", change->live->default_sql,
							 change->declared->default_sql);
}

static char *
check_misfit(const Change *change)
{
	const ColumnFacts *facts = change->live->facts;

	if (facts->check != NULL)
		return not_validated(facts->check);
	return psprintf("no check of %s in the database",
					change->declared->encrypted ? "its envelope" :
					psprintf("kind %s", plasma_kind_ops(change->declared->kind)->name));
}

static char *
backfill_misfit(const Change *change)
{
	return "rows of before the column still wait for its default";
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

static const char *
identity_text(ColumnIdentity identity)
{
	return identity == IDENTITY_NONE ? "no identity" :
		psprintf("identity %s", plasma_model_identity_name(identity));
}

static char *
identity_misfit(const Change *change)
{
	return psprintf("%s in the database, %s declared",
					identity_text(change->live->identity),
					identity_text(change->declared->identity));
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
	switch (change->kind)
	{
		case CHANGE_ENUM_ADDED:
			return "an enum in the database that lacks declared labels";
		case CHANGE_ENUM_REMOVED:
			return "an enum in the database with labels that are not declared";
		default:
			return "an enum in the database with its labels in another order";
	}
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
	const ColumnFacts *facts = change->live->facts;

	if (change->declared->enforced && change->live->references != NULL)
		return facts->foreign_key_valid && facts->old_foreign_key != NULL ?
			psprintf("foreign key \"%s\" is left over from a migration", facts->old_foreign_key) :
			not_validated(facts->foreign_key);
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
	[CHANGE_BACKFILL] = backfill_misfit,
	[CHANGE_CHECK] = check_misfit,
	[CHANGE_REFERENCE] = reference_misfit,
	[CHANGE_ON_DELETE] = reference_misfit,
	[CHANGE_ENFORCED] = enforced_misfit,
};

char *
plasma_misfit_change(const Change *change)
{
	if (change->table == NULL || misfit_of[change->kind] == NULL)
		return NULL;
	return misfit_of[change->kind] (change);
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

char *
plasma_misfit_obstacle(const Obstacle *obstacle)
{
	int			i = 0;

	while (obstacle_formats[i].code != NULL &&
		   (strcmp(obstacle_formats[i].code, obstacle->code) != 0 ||
			obstacle_formats[i].column != (obstacle->column != NULL)))
		i++;
	return psprintf(obstacle_formats[i].format, obstacle->what);
}

/*
 * breaking.c
 *		One table of the changes that old clients cannot follow.
 *
 *		In comes a change between two declarations, out comes the code under
 *		which it is told.  Two ask: version, which decides whose clients are
 *		served, and the verdicts of a plan.  Pure but for look-ups of types.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "schema/breaking.h"
#include "schema/castable.h"
#include "utils/lsyscache.h"

/* The first row of a change's kind that applies tells; no row, no break. */
typedef struct BreakingRow
{
	ChangeKind	kind;
	bool		(*applies) (const Change *change);	/* NULL: always */
	const char *code;
} BreakingRow;

/* An old client writes no value for a column that it does not know. */
bool
plasma_breaking_demands_value(const ModelColumn *column)
{
	bool		takes_null = column->nullable &&
		(column->facts == NULL || column->facts->not_null_unproven == NULL);

	return !takes_null && column->default_sql == NULL &&
		column->generated == NULL && column->identity == IDENTITY_NONE;
}

static bool
demands_value(const Change *change)
{
	return plasma_breaking_demands_value(change->declared);
}

/* A table that clients held and that is no longer sent. */
static bool
hides_table(const Change *change)
{
	return change->table->suppressed;
}

/* Kinds that do nothing to a value but write it as its type is written. */
static bool
is_plain(const ModelColumn *column)
{
	switch (column->kind)
	{
		case KIND_ID:
		case KIND_TEXT:
		case KIND_INT:
		case KIND_BOOLEAN:
		case KIND_BLOB:
		case KIND_JSON:
		case KIND_REF:
		case KIND_SQL:
			return true;
		default:
			return false;
	}
}

bool
plasma_breaking_same_form(const ModelColumn *a, const ModelColumn *b)
{
	if (a->encrypted != b->encrypted)
		return false;
	if (a->kind == b->kind)
		return true;
	return is_plain(a) && is_plain(b) && OidIsValid(a->typid) &&
		a->typid == b->typid && a->typmod == b->typmod;
}

static bool
reads_otherwise(const Change *change)
{
	return !plasma_breaking_same_form(change->declared, change->live);
}

/* A wider type of the same family is written in the same form. */
static bool
type_breaks(const Change *change)
{
	const ModelColumn *from = change->live;
	const ModelColumn *to = change->declared;
	char		category[2];
	bool		preferred;

	if (!OidIsValid(from->typid) || !OidIsValid(to->typid))
		return true;
	get_type_category_preferred(from->typid, &category[0], &preferred);
	get_type_category_preferred(to->typid, &category[1], &preferred);
	return category[0] != category[1] ||
		plasma_castable_types(from, to) > CAST_WIDENS;
}

static bool
becomes_required(const Change *change)
{
	return !change->declared->nullable;
}

static bool
becomes_generated(const Change *change)
{
	return change->declared->generated != NULL;
}

/* A reference that comes or goes is not seen in what is sent. */
static bool
keeps_reference(const Change *change)
{
	return change->declared->references != NULL && change->live->references != NULL;
}

static const BreakingRow rows[] = {
	{CHANGE_TABLE_REMOVED, NULL, BREAKING_REMOVED},
	{CHANGE_KEY, NULL, BREAKING_KIND},
	{CHANGE_SUPPRESSED, hides_table, BREAKING_REMOVED},
	{CHANGE_COLUMN_ADDED, demands_value, BREAKING_REQUIRED},
	{CHANGE_COLUMN_REMOVED, NULL, BREAKING_REMOVED},
	{CHANGE_KIND, reads_otherwise, BREAKING_KIND},
	{CHANGE_TYPE, type_breaks, BREAKING_KIND},
	{CHANGE_ENUM_REMOVED, NULL, BREAKING_KIND},
	{CHANGE_ENUM_ORDER, NULL, BREAKING_KIND},
	{CHANGE_GENERATED, becomes_generated, BREAKING_KIND},
	{CHANGE_NULLABLE, becomes_required, BREAKING_REQUIRED},
	{CHANGE_NULLABLE, NULL, BREAKING_NULLS},
	{CHANGE_DEFAULT, demands_value, BREAKING_REQUIRED},
	{CHANGE_REFERENCE, keeps_reference, BREAKING_MEANING},
	{CHANGE_ON_DELETE, keeps_reference, BREAKING_MEANING},
	{CHANGE_ENCRYPTED, NULL, BREAKING_KIND},
};

const char *
plasma_breaking_code(const Change *change)
{
	for (int i = 0; i < lengthof(rows); i++)
		if (rows[i].kind == change->kind &&
			(rows[i].applies == NULL || rows[i].applies(change)))
			return rows[i].code;
	return NULL;
}

bool
plasma_breaking_models(const Model *old, const Model *new)
{
	ListCell   *cell;

	foreach(cell, plasma_diff_compare(new, old, DIFF_DECLARATION))
		if (plasma_breaking_code(lfirst(cell)) != NULL)
			return true;
	return false;
}

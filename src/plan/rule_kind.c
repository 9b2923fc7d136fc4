/*
 * rule_kind.c
 *		Rows of the truth table: kinds and types of columns (Y).
 */
#include "postgres.h"

#include "plan/rule_rows.h"
#include "schema/castable.h"

static bool
adds_virtual(const PlanChange *change)
{
	return change->live->facts != NULL && change->live->facts->virtual;
}

static bool
reads_the_same(const PlanChange *change)
{
	return plasma_breaking_same_form(change->declared, change->past);
}

static bool
same_type(const ModelColumn *a, const ModelColumn *b)
{
	return OidIsValid(a->typid) && a->typid == b->typid && a->typmod == b->typmod;
}

/* The database has the new type already, and had another one before. */
static bool
changed_by_hand(const PlanChange *change)
{
	return change->live != NULL && same_type(change->declared, change->live) &&
		!same_type(change->past, change->live);
}

static bool
keeps_type(const PlanChange *change)
{
	return change->live == NULL || same_type(change->declared, change->live);
}

static Castable
cast_of(const PlanChange *change)
{
	return change->live ? plasma_castable_types(change->live, change->declared) : CAST_NONE;
}

static bool
becomes_enum(const PlanChange *change)
{
	return change->declared->enumeration != NULL && cast_of(change) != CAST_NONE;
}

static bool
relabels(const PlanChange *change)
{
	return cast_of(change) == CAST_RELABEL;
}

static bool
widens(const PlanChange *change)
{
	return cast_of(change) == CAST_WIDENS;
}

static bool
narrows(const PlanChange *change)
{
	return cast_of(change) == CAST_NARROWS;
}

static bool
identity_is_declared(const PlanChange *change)
{
	return is_identity(change) ||
		(change->past != NULL && change->past->identity != IDENTITY_NONE);
}

static bool
has_no_check(const PlanChange *change)
{
	return plasma_model_check(change->declared) == NULL;
}

static bool
has_unproven_check(const PlanChange *change)
{
	return change->live->facts && change->live->facts->check != NULL;
}

static bool
never_declared(const PlanChange *change)
{
	return change->past == NULL;
}

static const Rule rows[] = {
	{IF("R3", "a ref of another type than the key of its target", KIND, cannot_refer, NO),
	.code = "UN109", .breaks = BREAKING_KIND},
	{IF("Y14", "another kind, written in the same form", KIND, reads_the_same, YES)},
	{IF("Y15", "another kind, and the type is there already", KIND, changed_by_hand, YES),
	.breaks = BREAKING_KIND},
	{IF("Y1", "another kind of the same type, such as int to bigint", KIND, keeps_type, ON_DEMAND),
	.code = "DS105", .breaks = BREAKING_KIND},
	{IF("C9", "generated when it is read", GENERATED, adds_virtual, NO),
	.code = "UN112"},
	{IF("R3", "a ref of another type than the key of its target", TYPE, cannot_refer, NO),
	.code = "UN109"},
	{IF("C19", "a column of another type is there, never declared", TYPE, never_declared, BY_DATA),
	.check = CHECK_VALUES, .code = "DS105"},
	{IF("Y10", "another kind, to an enum", KIND, becomes_enum, BY_DATA),
	.check = CHECK_LABELS, .code = "DS106", .breaks = BREAKING_KIND},
	{IF("Y2", "another kind, which takes every value as it is", KIND, relabels, ON_DEMAND),
	.code = "DS105", .breaks = BREAKING_KIND},
	{IF("Y3", "another kind, which takes every value, rewritten", KIND, widens, ON_DEMAND),
	.code = "DS105", .tells = "SY101", .breaks = BREAKING_KIND},
	{IF("Y4", "another kind, which takes some values only", KIND, narrows, BY_DATA),
	.check = CHECK_CASTS, .code = "DS105", .tells = "SY101", .breaks = BREAKING_KIND},
	{VIOLATED("Y4", "... and some are lost", "MF105")},
	{IF("Y5", "another kind, to which there is no cast", KIND, NULL, BY_DATA),
	.check = CHECK_VALUES, .code = "DS105", .breaks = BREAKING_KIND},
	{IF("Y10", "another type, to an enum", TYPE, becomes_enum, BY_DATA),
	.check = CHECK_LABELS, .code = "DS106", .breaks = BREAKING_KIND},
	{IF("Y2", "another type, which takes every value as it is", TYPE, relabels, ON_DEMAND),
	.code = "DS105"},
	{IF("Y3", "another type, which takes every value, rewritten", TYPE, widens, ON_DEMAND),
	.code = "DS105", .tells = "SY101"},
	{IF("Y4", "another type, which takes some values only", TYPE, narrows, BY_DATA),
	.check = CHECK_CASTS, .code = "DS105", .tells = "SY101", .breaks = BREAKING_KIND},
	{VIOLATED("Y4", "... and some are lost", "MF105")},
	{IF("Y5", "another type, to which there is no cast", TYPE, NULL, BY_DATA),
	.check = CHECK_VALUES, .code = "DS105", .breaks = BREAKING_KIND},
	{TOLD("Y6", "... of a column on which a view, policy, trigger or other object depends", NO),
	.code = "UN108"},
	{IF("Y7", "another collation", COLLATION, NULL, NO),
	.code = "UN115"},
	{IF("Y8", "generated or another expression, or no longer", GENERATED, NULL, NO),
	.code = "UN112"},
	{IF("Y8", "identity or serial, or no longer", IDENTITY, identity_is_declared, NO),
	.code = "UN112"},
	{IF("Y8", "an identity that was never declared", IDENTITY, NULL, NOTHING)},
	{IF("Y9", "add labels to an enum", ENUM_ADDED, NULL, YES),
	.tells = "BC105"},
	{IF("Y10", "remove labels of an enum", ENUM_REMOVED, NULL, BY_DATA),
	.check = CHECK_LABELS, .code = "DS106", .breaks = BREAKING_KIND},
	{IF("Y11", "labels in another order", ENUM_ORDER, NULL, NO),
	.code = "DS106", .breaks = BREAKING_KIND},
	{TOLD("Y12", "another element type of an array", BY_DATA),
	.check = CHECK_VALUES, .code = "DS105", .breaks = BREAKING_KIND},
	{IF("Y13", "the check of an older kind", CHECK, has_no_check, YES)},
	{IF("Y13", "the check of the kind was never validated", CHECK, has_unproven_check, CHECK),
	.check = CHECK_SHAPES, .code = "MF105", .tells = "DR106"},
	{IF("Y13", "the check of the kind is missing", CHECK, NULL, CHECK),
	.check = CHECK_SHAPES, .code = "MF105"},
	{IF("D20", "encrypted on or off", ENCRYPTED, NULL, BY_DATA),
	.check = CHECK_VALUES, .code = "DS105", .breaks = BREAKING_KIND},
};

const RuleRows plasma_rule_kind_rows = {rows, lengthof(rows)};

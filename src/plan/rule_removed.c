/*
 * rule_removed.c
 *		Rows of the truth table: columns that are removed, nulls, defaults (D).
 */
#include "postgres.h"

#include "plan/rule_rows.h"

static bool
never_declared(const PlanChange *change)
{
	return change->past == NULL;
}

static bool
never_declared_required(const PlanChange *change)
{
	return never_declared(change) && plasma_breaking_demands_value(change->live);
}

static bool
is_gone(const PlanChange *change)
{
	return change->live == NULL;
}

static bool
was_file(const PlanChange *change)
{
	return change->past->kind == KIND_FILE;
}

static bool
is_not_null(const PlanChange *change)
{
	return !change->live->nullable;
}

static bool
becomes_required(const PlanChange *change)
{
	return !change->declared->nullable;
}

static bool
awaits_backfill(const PlanChange *change)
{
	return becomes_required(change) && change->live && change->live->facts &&
		change->live->facts->backfill;
}

/* Clients were never told of it, so NOT NULL is no change to them. */
static bool
is_arriving(const PlanChange *change)
{
	return becomes_required(change) && change->past == NULL && change->live &&
		change->live->facts && change->live->facts->arriving;
}

static bool
adds_default(const PlanChange *change)
{
	return has_default(change) && change->live && change->live->default_sql == NULL;
}

static bool
had_default(const PlanChange *change)
{
	return change->past != NULL && change->past->default_sql != NULL;
}

static bool
loses_needed_default(const PlanChange *change)
{
	return had_default(change) && is_required(change);
}

static const Rule rows[] = {
	{IF("D9", "never declared, NOT NULL without a default", COLUMN_REMOVED, never_declared_required, NOTHING),
	.tells = "MF107", .told = SEVERITY_WARNING},
	{IF("D8", "never declared", COLUMN_REMOVED, never_declared, NOTHING),
	.tells = "AD103"},
	{IF("D1", "remove a column that is gone already", COLUMN_REMOVED, is_gone, NOTHING),
	.breaks = BREAKING_REMOVED},
	{IF("D5", "remove a file column", COLUMN_REMOVED, was_file, BY_DATA),
	.check = CHECK_VALUES, .code = "DS108", .breaks = BREAKING_REMOVED},
	{IF("D1", "remove a NOT NULL column", COLUMN_REMOVED, is_not_null, BY_DATA),
	.check = CHECK_ROWS, .code = "DS103", .breaks = BREAKING_REMOVED},
	{VIOLATED("D4", "... of a table that has rows", "DS103")},
	{IF("D2", "remove a nullable column", COLUMN_REMOVED, NULL, BY_DATA),
	.check = CHECK_VALUES, .code = "DS102", .breaks = BREAKING_REMOVED},
	{VIOLATED("D3", "... that has values", "DS102")},
	{TOLD("D6", "... on which a view, policy, trigger or other object depends", NO),
	.code = "UN108"},
	{TOLD("D7", "... and the drop takes indexes or checks with it", BY_DATA),
	.tells = "UN108", .told = SEVERITY_WARNING},
	{TOLD("D10", "a column removed and another of the same kind added", NO),
	.code = "DS104", .breaks = BREAKING_REMOVED},
	{IF("D11", "nullable to NOT NULL, its default is still being filled in", NULLABLE, awaits_backfill, YES),
	.breaks = BREAKING_REQUIRED},
	{IF("D11", "nullable to NOT NULL, of a column that the migration has just added", NULLABLE, is_arriving, CHECK),
	.check = CHECK_NULLS, .code = "MF102", .breaks = BREAKING_REQUIRED},
	{VIOLATED("D12", "... and there are nulls", "MF102")},
	{IF("D11", "nullable to NOT NULL", NULLABLE, becomes_required, CHECK_NOT_STRICT),
	.check = CHECK_NULLS, .code = "MF102", .breaks = BREAKING_REQUIRED},
	{VIOLATED("D12", "... and there are nulls", "MF102")},
	{IF("D13", "NOT NULL to nullable", NULLABLE, NULL, NOT_STRICT),
	.code = "BC104", .breaks = BREAKING_NULLS},
	{IF("D14", "add a default", DEFAULT, adds_default, YES)},
	{IF("D15", "change a default", DEFAULT, has_default, YES)},
	{IF("D17", "remove the default of a NOT NULL column", DEFAULT, loses_needed_default, YES),
	.breaks = BREAKING_REQUIRED},
	{IF("D16", "remove a default", DEFAULT, had_default, YES)},
	{IF("D8", "a default that was never declared", DEFAULT, NULL, NOTHING)},
	{TOLD("D18", "a default in other words", NOTHING)},
	{TOLD("D19", "the order of columns", NOTHING)},
	{IF("C4", "rows that wait for a volatile default", BACKFILL, NULL, YES)},
};

const RuleRows plasma_rule_removed_rows = {rows, lengthof(rows)};

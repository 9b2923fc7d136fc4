/*
 * rule_added.c
 *		Rows of the truth table: columns that are added (C).
 */
#include "postgres.h"

#include "plan/rule_rows.h"

static bool
is_there(const PlanChange *change)
{
	return change->live != NULL;
}

static bool
has_stable_default(const PlanChange *change)
{
	return plasma_probe_default(change->declared) == DEFAULT_STABLE;
}

static bool
has_volatile_default(const PlanChange *change)
{
	return plasma_probe_default(change->declared) == DEFAULT_VOLATILE;
}

/* Existing rows would all get the same value. */
static bool
shares_default(const PlanChange *change)
{
	return change->declared->unique && has_default(change) && !has_volatile_default(change);
}

static bool
is_unique_generated(const PlanChange *change)
{
	return change->declared->unique && is_generated(change);
}

static bool
is_generated_nullable(const PlanChange *change)
{
	return is_generated(change) && change->declared->nullable;
}

static bool
refers_by_default(const PlanChange *change)
{
	return is_enforced(change) && (has_default(change) || is_generated(change));
}

static bool
is_crdt_with_default(const PlanChange *change)
{
	switch (change->declared->kind)
	{
		case KIND_CRDT_COUNTER:
		case KIND_CRDT_PN_COUNTER:
		case KIND_CRDT_LWW_REGISTER:
		case KIND_CRDT_OR_SET:
			return has_default(change);
		default:
			return false;
	}
}

static bool
refuses_null_by_type(const PlanChange *change)
{
	return !plasma_probe_takes_null(change->declared->typid);
}

static bool
is_checked_domain(const PlanChange *change)
{
	return plasma_probe_is_checked_domain(change->declared->typid);
}

static bool
is_unique(const PlanChange *change)
{
	return change->declared->unique;
}

static bool
is_reference(const PlanChange *change)
{
	return change->declared->references != NULL;
}

static bool
is_file(const PlanChange *change)
{
	return change->declared->kind == KIND_FILE;
}

static bool
is_json(const PlanChange *change)
{
	return change->declared->kind == KIND_JSON;
}

static const Rule rows[] = {
	{IF("C18", "a column that is there already", COLUMN_ADDED, is_there, NOTHING)},
	{IF("C8", "generated (STORED), nullable", COLUMN_ADDED, is_generated_nullable, YES),
	.tells = "SY101"},
	{IF("C8", "generated (STORED), NOT NULL", COLUMN_ADDED, is_generated, CHECK),
	.check = CHECK_NULLS, .code = "MF102", .tells = "SY101"},
	{IF("C7", "identity or serial", COLUMN_ADDED, is_identity, YES),
	.tells = "SY101"},
	{IF("C12", "a crdt kind with a default", COLUMN_ADDED, is_crdt_with_default, YES),
	.tells = "SY101"},
	{IF("C4", "a volatile default", COLUMN_ADDED, has_volatile_default, YES),
	.tells = "SY101"},
	{IF("C3", "a stable default, such as now()", COLUMN_ADDED, has_stable_default, YES),
	.tells = "SY101"},
	{IF("C2", "a constant default", COLUMN_ADDED, has_default, YES),
	.tells = "SY101"},
	{BESIDES("C14", "... and unique", COLUMN_ADDED, shares_default, CHECK),
	.check = CHECK_SAME_VALUE, .code = "MF103"},
	{BESIDES("C14", "generated and unique", COLUMN_ADDED, is_unique_generated, CHECK),
	.check = CHECK_DUPLICATES, .code = "MF103"},
	{BESIDES("C16", "a ref with a default, enforced", COLUMN_ADDED, refers_by_default, CHECK),
	.check = CHECK_ORPHANS, .code = "MF104"},
	{IF("C20", "of a domain that refuses null, without a default", COLUMN_ADDED, refuses_null_by_type, CHECK),
	.check = CHECK_ROWS, .code = "MF101"},
	{IF("C5", "NOT NULL without a default", COLUMN_ADDED, is_required, CHECK),
	.check = CHECK_ROWS, .code = "MF101", .breaks = BREAKING_REQUIRED},
	{VIOLATED("C6", "... and the table has rows", "MF101")},
	{IF("C20", "of a domain with constraints", COLUMN_ADDED, is_checked_domain, YES)},
	{IF("C13", "unique, nullable", COLUMN_ADDED, is_unique, YES)},
	{IF("C15", "a ref, enforced, nullable", COLUMN_ADDED, is_enforced, YES)},
	{IF("C17", "a ref that is not enforced", COLUMN_ADDED, is_reference, YES)},
	{IF("C11", "file, nullable", COLUMN_ADDED, is_file, YES)},
	{IF("C10", "json, nullable", COLUMN_ADDED, is_json, YES)},
	{IF("C1", "nullable without a default", COLUMN_ADDED, NULL, YES)},
};

const RuleRows plasma_rule_added_rows = {rows, lengthof(rows)};

/*
 * rule_key.c
 *		Rows of the truth table: unique (U), references (R), keys (P), names (N),
 *		versions (V).
 */
#include "postgres.h"

#include "plan/rule_rows.h"

static bool
is_unique(const PlanChange *change)
{
	return change->declared->unique;
}

static bool
has_invalid_index(const PlanChange *change)
{
	return is_unique(change) && change->live->facts && change->live->facts->invalid_unique;
}

static bool
was_unique(const PlanChange *change)
{
	return change->past != NULL && change->past->unique;
}

static bool
was_own_unique(const PlanChange *change)
{
	return was_unique(change) && change->live->facts &&
		plasma_probe_is_own_name(change, change->live->facts->unique_name, "key");
}

static bool
has_unproven_key(const PlanChange *change)
{
	return is_enforced(change) && change->live->facts &&
		change->live->facts->foreign_key && !change->live->facts->foreign_key_valid;
}

static bool
was_enforced(const PlanChange *change)
{
	return change->past != NULL && change->past->references != NULL && change->past->enforced;
}

static bool
was_own_reference(const PlanChange *change)
{
	return was_enforced(change) && change->live->facts &&
		plasma_probe_is_own_name(change, change->live->facts->foreign_key, "fkey");
}

static bool
is_adopted(const PlanChange *change)
{
	return change->past_table == NULL;
}

static bool
had_no_key(const PlanChange *change)
{
	return change->past_table->key == NIL;
}

static const Rule rows[] = {
	{IF("U4", "add unique, an index of it was left invalid", UNIQUE, has_invalid_index, CHECK),
	.check = CHECK_DUPLICATES, .code = "MF103", .tells = "DR105", .told = SEVERITY_WARNING},
	{IF("U1", "add unique", UNIQUE, is_unique, CHECK),
	.check = CHECK_DUPLICATES, .code = "MF103"},
	{VIOLATED("U2", "... and there are duplicates", "MF103")},
	{TOLD("U3", "unique on a nullable column: nulls are distinct", YES)},
	{IF("U5", "remove unique", UNIQUE, was_own_unique, YES)},
	{IF("U5", "remove unique, the index has a name that plasma does not give", UNIQUE, was_unique, NOTHING),
	.tells = "AD103"},
	{IF("U5", "a unique index that was never declared", UNIQUE, NULL, NOTHING)},
	{IF("R3", "a ref of another type than the key of its target", REFERENCE, cannot_refer, NO),
	.code = "UN109"},
	{IF("R1", "a foreign key that was never validated", REFERENCE, has_unproven_key, CHECK),
	.check = CHECK_ORPHANS, .code = "MF104", .tells = "DR106"},
	{IF("R1", "add a reference, or another target", REFERENCE, is_enforced, CHECK),
	.check = CHECK_ORPHANS, .code = "MF104"},
	{VIOLATED("R2", "... and rows point nowhere", "MF104")},
	{IF("R4", "remove a reference", REFERENCE, was_own_reference, YES)},
	{IF("R4", "remove a reference, the foreign key has a name that plasma does not give", REFERENCE, was_enforced, NOTHING),
	.tells = "AD103"},
	{IF("R4", "a foreign key that was never declared", REFERENCE, NULL, NOTHING)},
	{IF("R3", "a ref of another type than the key of its target", ENFORCED, cannot_refer, NO),
	.code = "UN109"},
	{IF("R1", "a foreign key that was never validated", ENFORCED, has_unproven_key, CHECK),
	.check = CHECK_ORPHANS, .code = "MF104", .tells = "DR106"},
	{IF("R1", "a reference becomes enforced", ENFORCED, is_enforced, CHECK),
	.check = CHECK_ORPHANS, .code = "MF104"},
	{VIOLATED("R2", "... and rows point nowhere", "MF104")},
	{IF("R4", "a reference is no longer enforced", ENFORCED, was_own_reference, YES)},
	{IF("R4", "a reference is no longer enforced, the foreign key has a name that plasma does not give", ENFORCED, was_enforced, NOTHING),
	.tells = "AD103"},
	{IF("R4", "a foreign key that was never declared", ENFORCED, NULL, NOTHING)},
	{IF("R5", "another onDelete", ON_DELETE, NULL, YES),
	.breaks = BREAKING_MEANING},
	{IF("P1", "the key of a table that is adopted", KEY, is_adopted, NO),
	.code = "UN107"},
	{IF("P1", "a key of a table that was declared without one", KEY, had_no_key, NOTHING)},
	{IF("P1", "another key", KEY, NULL, NO),
	.code = "DS107", .breaks = BREAKING_KIND},
	{FOUND("P1", "no usable key", "UN107")},
	{TOLD("P2", "no primary key, but a unique index on NOT NULL columns", YES),
	.tells = "AD102"},
	{TOLD("P3", "a live type that will do for the kind", NOTHING),
	.tells = "AD102"},
	{FOUND("N2", "a name longer than 63 bytes", "ID101")},
	{FOUND("N2", "names that are one when they are cut", "ID105")},
	{FOUND("N3", "a generated name that is taken", "ID104")},
	{FOUND("N4", "a name that differs in case only from one in the database", "ID102")},
	{FOUND("N5", "a name that begins with _plasma_", "ID103")},
	{FOUND("N5", "an empty name, or that of a system column", "ID106")},
	{FOUND("N7", "more columns than a table can have", "UN113")},
	{TOLD("V1", "the same under a new version", YES)},
	{TOLD("V2", "another declaration under the same version, which breaks nobody", YES)},
	{FOUND("V3", "another declaration under the same version, which breaks clients", "BC106")},
	{TOLD("V4", "back to an older declaration: what is missing is added, auth and scopes are its own, the rest is left", NOTHING),
	.tells = "AD103"},
	{FOUND("V5", "the database is not the one that was planned for", "DR101")},
};

const RuleRows plasma_rule_key_rows = {rows, lengthof(rows)};

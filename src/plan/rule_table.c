/*
 * rule_table.c
 *		Rows of the truth table: tables as a whole (T).
 */
#include "postgres.h"

#include "plan/rule_rows.h"

static bool
is_new(const PlanChange *change)
{
	return change->in_catalog && change->past_table == NULL;
}

static bool
is_missing(const PlanChange *change)
{
	return change->in_catalog;
}

static bool
is_synced(const PlanChange *change)
{
	return !change->table->suppressed;
}

static bool
is_suppressed(const PlanChange *change)
{
	return change->table->suppressed;
}

/* By hand, as against a namesake that would take its place. */
static bool
was_moved(const PlanChange *change)
{
	return change->live_table != NULL && change->past_table != NULL &&
		!plasma_probe_is_left_behind(change);
}

static bool
is_synced_partitioned(const PlanChange *change)
{
	return is_synced(change) && is_partitioned(change);
}

static bool
is_gone(const PlanChange *change)
{
	return change->live_table == NULL;
}

static const Rule rows[] = {
	{IF("T1", "add a table", TABLE_ADDED, is_new, YES)},
	{IF("T6", "a declared table is gone from the database", TABLE_ADDED, is_missing, YES),
	.tells = "DR102", .told = SEVERITY_WARNING},
	{IF("T9", "adopt a partitioned table", TABLE_ADDED, is_synced_partitioned, YES),
	.tells = "AD101"},
	{IF("T2", "adopt a table that exists", TABLE_ADDED, is_synced, YES),
	.tells = "AD101"},
	{IF("T2", "adopt a table that is not synced", TABLE_ADDED, NULL, YES)},
	{IF("T3", "remove a table that is gone already", TABLE_REMOVED, is_gone, NOTHING),
	.breaks = BREAKING_REMOVED},
	{IF("T3", "remove a table", TABLE_REMOVED, NULL, BY_DATA),
	.check = CHECK_ROWS, .code = "DS101", .breaks = BREAKING_REMOVED},
	{VIOLATED("T4", "... which has rows", "DS101")},
	{TOLD("T5", "a table removed and another with the same columns added", NO),
	.code = "DS104", .breaks = BREAKING_REMOVED},
	{IF("T7", "another schema, to which it was moved", SCHEMA, was_moved, YES)},
	{IF("T7", "another schema", SCHEMA, NULL, NO),
	.code = "UN114"},
	{FOUND("T7", "a synced table was renamed or moved by hand", "UN114")},
	{FOUND("T8", "a view, materialized view, foreign table or what else is no table", "UN101")},
	{FOUND("T10", "a key or a unique column without what the table is partitioned by", "UN103")},
	{FOUND("T11", "a partition of another table, or a table with foreign partitions", "UN103")},
	{FOUND("T12", "a parent or child of inheritance", "UN102")},
	{FOUND("T13", "an unlogged table that is synced", "UN101")},
	{FOUND("T14", "a temporary table", "UN104")},
	{FOUND("T15", "a member of another extension", "UN106")},
	{FOUND("T16", "a table that the caller does not own", "UN105")},
	{TOLD("T17", "FORCE ROW LEVEL SECURITY; policies of the application", NOTHING)},
	{IF("T18", "changeLogSuppressed becomes true", SUPPRESSED, is_suppressed, YES),
	.tells = "SY102", .told = SEVERITY_WARNING, .breaks = BREAKING_REMOVED},
	{IF("T18", "changeLogSuppressed becomes false", SUPPRESSED, NULL, YES),
	.tells = "AD101"},
	{TOLD("T19", "replica identity, storage, comments, owner, other indexes and triggers", NOTHING)},
	{IF("T20", "auth.read", AUTH_READ, NULL, YES)},
	{IF("T20", "auth.write", AUTH_WRITE, NULL, YES)},
	{IF("T21", "history", HISTORY, NULL, YES)},
	{IF("T22", "scope", SCOPE, is_synced, YES),
	.tells = "SY103"},
	{IF("T22", "scope of a table that is not synced", SCOPE, NULL, YES)},
	{IF("T23", "the query of a scope", SCOPE_QUERY, NULL, YES),
	.tells = "SY104"},
};

const RuleRows plasma_rule_table_rows = {rows, lengthof(rows)};

/*
 * rule_rows.h
 *		What the parts of the truth table share.
 */
#ifndef PLASMA_RULE_ROWS_H
#define PLASMA_RULE_ROWS_H

#include "postgres.h"

#include "catalog/pg_class.h"
#include "plan/probe.h"
#include "plan/rule.h"
#include "schema/breaking.h"

/* One part of the table, in its order. */
typedef struct RuleRows
{
	const Rule *rows;
	int			count;
} RuleRows;

extern const RuleRows plasma_rule_table_rows;
extern const RuleRows plasma_rule_added_rows;
extern const RuleRows plasma_rule_removed_rows;
extern const RuleRows plasma_rule_kind_rows;
extern const RuleRows plasma_rule_key_rows;

/* Verdicts under the policies plasma, strict and data. */
#define NOTHING		{VERDICT_NOTHING, VERDICT_NOTHING, VERDICT_NOTHING}
#define YES			{VERDICT_YES, VERDICT_YES, VERDICT_YES}
#define CHECK		{VERDICT_CHECK, VERDICT_CHECK, VERDICT_CHECK}
#define NO			{VERDICT_NO, VERDICT_NO, VERDICT_NO}
#define NOT_STRICT	{VERDICT_YES, VERDICT_NO, VERDICT_YES}
#define CHECK_NOT_STRICT	{VERDICT_CHECK, VERDICT_NO, VERDICT_CHECK}
#define BY_DATA		{VERDICT_NO, VERDICT_NO, VERDICT_CHECK}
#define ON_DEMAND	{VERDICT_NO, VERDICT_NO, VERDICT_YES}

/* The start of each row, by its use; what else there is to say follows by name. */
#define IF(number, what, kind, when, verdicts) \
	.row = number, .title = what, .use = RULE_DECIDES, .change = CHANGE_##kind, \
	.applies = when, .verdict = verdicts
#define BESIDES(number, what, kind, when, verdicts) \
	.row = number, .title = what, .use = RULE_BESIDES, .change = CHANGE_##kind, \
	.applies = when, .verdict = verdicts
#define VIOLATED(number, what, refuses) \
	.row = number, .title = what, .use = RULE_VIOLATED, .verdict = NO, .code = refuses
#define FOUND(number, what, refuses) \
	.row = number, .title = what, .use = RULE_FOUND, .verdict = NO, .code = refuses
#define TOLD(number, what, verdicts) \
	.row = number, .title = what, .use = RULE_TOLD, .verdict = verdicts

static inline bool
is_partitioned(const PlanChange *change)
{
	return change->at != NULL && change->at->relkind == RELKIND_PARTITIONED_TABLE;
}

static inline bool
is_generated(const PlanChange *change)
{
	return change->declared->generated != NULL;
}

static inline bool
is_identity(const PlanChange *change)
{
	return change->declared->identity != IDENTITY_NONE;
}

static inline bool
has_default(const PlanChange *change)
{
	return change->declared->default_sql != NULL;
}

static inline bool
is_enforced(const PlanChange *change)
{
	return change->declared->references != NULL && change->declared->enforced;
}

static inline bool
is_required(const PlanChange *change)
{
	return plasma_breaking_demands_value(change->declared);
}

/* Of a column that is there it is the type that it has. */
static inline bool
cannot_refer(const PlanChange *change)
{
	return is_enforced(change) &&
		!plasma_probe_can_refer(change->live ? change->live : change->declared,
								plasma_probe_target_key(change));
}

#endif							/* PLASMA_RULE_ROWS_H */

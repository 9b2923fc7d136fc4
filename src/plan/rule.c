/*
 * rule.c
 *		The truth table, as data.
 *
 *		One row for each row of the table in the README, under its number, in the
 *		parts that rule_rows.h names.  The first row of a change's kind that
 *		applies decides; what a row cannot know, because only the data does, it
 *		leaves to its check.  Rows for what is found by looking at tables, and rows
 *		that are there for people, stand among the others.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "plan/rule.h"
#include "plan/rule_rows.h"
#include "schema/diff.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#define LIST_COLUMNS	8

PG_FUNCTION_INFO_V1(plasma_rule_list);

static const RuleRows *const parts[] = {
	&plasma_rule_table_rows,
	&plasma_rule_added_rows,
	&plasma_rule_removed_rows,
	&plasma_rule_kind_rows,
	&plasma_rule_key_rows
};

static const char *const verdict_names[] = {
	[VERDICT_NOTHING] = "-",
	[VERDICT_YES] = "yes",
	[VERDICT_CHECK] = "check",
	[VERDICT_NO] = "no"
};

/* The row after one, or the first; NULL after the last. */
static const Rule *
next_rule(const Rule *rule)
{
	for (int i = 0; i < lengthof(parts); i++)
	{
		const Rule *rows = parts[i]->rows;

		if (rule == NULL)
			return rows;
		if (rule < rows || rule >= rows + parts[i]->count)
			continue;
		if (rule + 1 < rows + parts[i]->count)
			return rule + 1;
		return i + 1 < lengthof(parts) ? parts[i + 1]->rows : NULL;
	}
	return NULL;
}

static bool
applies(const Rule *rule, RuleUse use, const PlanChange *change)
{
	return rule->use == use && rule->change == change->kind &&
		(rule->applies == NULL || rule->applies(change));
}

const Rule *
plasma_rule_find(const PlanChange *change)
{
	for (const Rule *rule = next_rule(NULL); rule != NULL; rule = next_rule(rule))
		if (applies(rule, RULE_DECIDES, change))
			return rule;
	elog(ERROR, "there is no rule for a change of %s", plasma_diff_change_name(change->kind));
	return NULL;
}

List *
plasma_rule_besides(const PlanChange *change)
{
	List	   *rules = NIL;

	for (const Rule *rule = next_rule(NULL); rule != NULL; rule = next_rule(rule))
		if (applies(rule, RULE_BESIDES, change))
			rules = lappend(rules, (void *) rule);
	return rules;
}

const Rule *
plasma_rule_violated(const Rule *rule)
{
	const Rule *next = next_rule(rule);

	return next != NULL && next->use == RULE_VIOLATED ? next : rule;
}

const char *
plasma_rule_of_code(const char *code)
{
	for (const Rule *rule = next_rule(NULL); rule != NULL; rule = next_rule(rule))
		if (rule->use == RULE_FOUND && strcmp(rule->code, code) == 0)
			return rule->row;
	return NULL;
}

static void
set_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text != NULL)
		values[column] = CStringGetTextDatum(text);
}

static void
put_rule(ReturnSetInfo *result, const Rule *rule)
{
	Datum		values[LIST_COLUMNS];
	bool		nulls[LIST_COLUMNS];
	int			column = 0;

	set_text(values, nulls, column++, rule->row);
	set_text(values, nulls, column++, rule->title);
	for (int i = 0; i < PLAN_POLICIES; i++)
		set_text(values, nulls, column++, verdict_names[rule->verdict[i]]);
	set_text(values, nulls, column++, plasma_check_text(rule->check));
	set_text(values, nulls, column++,
			 rule->code && rule->tells ? psprintf("%s, %s", rule->code, rule->tells) :
			 rule->code ? rule->code : rule->tells);
	set_text(values, nulls, column++, rule->breaks);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

Datum
plasma_rule_list(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	for (const Rule *rule = next_rule(NULL); rule != NULL; rule = next_rule(rule))
		put_rule((ReturnSetInfo *) fcinfo->resultinfo, rule);
	return (Datum) 0;
}

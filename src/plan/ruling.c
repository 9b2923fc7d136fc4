/*
 * ruling.c
 *		What a rule comes to for a change: by the policy, by what is allowed, by
 *		the data.
 *
 *		In comes a change with its rule, out go issues and whether it is accepted.
 *		The data is asked in a subtransaction, so that what the server refuses to
 *		show is an issue like any other.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "plan/finding.h"
#include "plan/ruling.h"
#include "plan/words.h"

typedef struct CheckTrial
{
	const PlanChange *change;
	CheckKind	kind;
	CheckResult *result;
} CheckTrial;

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* Two changes of one column may be told of for one reason: once is enough. */
void
plasma_ruling_add(Judging *judging, Issue *issue)
{
	ListCell   *cell;

	foreach(cell, judging->issues)
	{
		Issue	   *other = lfirst(cell);

		if (strcmp(other->code, issue->code) == 0 &&
			same_text(other->table, issue->table) &&
			same_text(other->column, issue->column) &&
			strcmp(other->issue, issue->issue) == 0)
			return;
	}
	judging->issues = lappend(judging->issues, issue);
}

Issue *
plasma_ruling_tell(const Ruling *item, const char *code, Severity severity,
				   const char *row, CheckResult *check)
{
	Issue	   *issue = plasma_issue_make(code, severity, row,
										  plasma_words_table(item->change),
										  plasma_words_column(item->change),
										  plasma_compare_path(item->change),
										  check, &item->words);

	issue->client_breaking = item->breaks != NULL;
	plasma_ruling_add(item->judging, issue);
	return issue;
}

Issue *
plasma_ruling_refuse(const Ruling *item, const char *code, const char *row, CheckResult *check)
{
	item->change->permitted = false;
	return plasma_ruling_tell(item, code, SEVERITY_REFUSE, row, check);
}

bool
plasma_ruling_is_allowed(const Judging *judging, const char *code)
{
	return code != NULL && plasma_text_position(judging->options->allow, code) >= 0;
}

static void
run_check(void *arg)
{
	CheckTrial *trial = arg;

	trial->result = plasma_check_run(trial->change, trial->kind);
}

/* NULL, and told, when the data could not be asked. */
static CheckResult *
check_data(const Ruling *item, CheckKind kind)
{
	CheckTrial	trial = {item->change, kind, NULL};
	ErrorData  *error = plasma_spi_evaluate(run_check, &trial);
	Ruling		other = *item;

	if (error == NULL)
		return trial.result;
	other.words.x = error->message;
	plasma_ruling_refuse(&other, "UN111",
		   error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE ? NULL : "error", NULL);
	return NULL;
}

/* A removal that came with an addition was rather meant to be a rename. */
static bool
refuse_rename(const Ruling *item, CheckResult *check)
{
	const PlanChange *added = plasma_finding_rename(item->judging->changes, item->change);
	Ruling		other = *item;

	if (added == NULL)
		return false;
	other.words.d = added->declared ? added->declared->name : added->table->name;
	plasma_ruling_refuse(&other, "DS104", added->declared ? "D10" : "T5", check);
	return true;
}

/* A required column that is another one's new name is told of with that one. */
static bool
is_told_as_rename(const Ruling *item)
{
	ListCell   *cell;

	if (item->change->kind != CHANGE_COLUMN_ADDED)
		return false;
	foreach(cell, item->judging->changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->kind == CHANGE_COLUMN_REMOVED && change->at == item->change->at &&
			plasma_finding_rename(item->judging->changes, change) == item->change)
			return !item->judging->input->rollback;
	}
	return false;
}

static void
refuse_rule(const Ruling *item, const Rule *rule, CheckResult *check, bool checked)
{
	bool		violates = check != NULL && check->violates;
	const Rule *row = violates ? plasma_rule_violated(rule) : rule;
	const char *code = checked ? row->code : rule->code;
	Issue	   *issue;

	if (refuse_rename(item, check))
		return;
	if (is_told_as_rename(item))
	{
		item->change->permitted = false;
		return;
	}
	issue = plasma_ruling_refuse(item, code, row->row, check);
	issue->allowable = !checked && rule->verdict[POLICY_DATA] != VERDICT_NO;
}

/* Rows that get a value without an entry, where clients hold rows at all. */
static void
tell_silent_values(const Ruling *item, const Rule *rule)
{
	const Judging *judging = item->judging;
	const PlanChange *change = item->change;
	CheckResult *rows;

	if (change->table->suppressed || !change->in_catalog ||
		plasma_registry_entry(judging->input->entries, change->table->name) == NULL)
		return;
	rows = check_data(item, CHECK_ROWS);
	if (rows != NULL && rows->violates)
		plasma_ruling_tell(item, rule->tells,
			 judging->options->propagate == PROPAGATE_NONE ? SEVERITY_WARNING : SEVERITY_INFO,
			 rule->row, rows);
}

static void
tell_rule(const Ruling *item, const Rule *rule)
{
	if (rule->tells == NULL)
		return;
	if (strcmp(rule->tells, "SY101") == 0)
		tell_silent_values(item, rule);
	else
		plasma_ruling_tell(item, rule->tells, rule->told, rule->row, NULL);
}

bool
plasma_ruling_ask(const Ruling *item, const Rule *rule)
{
	Judging    *judging = item->judging;
	Verdict		verdict = rule->verdict[judging->options->policy];
	bool		allowed = verdict == VERDICT_NO && plasma_ruling_is_allowed(judging, rule->code) &&
		rule->verdict[POLICY_DATA] != VERDICT_NO;
	CheckResult *check = NULL;

	if (allowed)
		verdict = rule->verdict[POLICY_DATA];
	if (rule->check != CHECK_NOTHING && verdict >= VERDICT_CHECK)
	{
		check = check_data(item, rule->check);
		if (check == NULL)
			return false;
	}
	if (verdict == VERDICT_NO || (verdict == VERDICT_CHECK && check->violates))
	{
		refuse_rule(item, rule, check, verdict == VERDICT_CHECK);
		return false;
	}
	if (allowed)
		plasma_ruling_tell(item, rule->code, SEVERITY_WARNING, rule->row, check)->allowed = true;
	tell_rule(item, rule);
	item->change->accepted = verdict != VERDICT_NOTHING;
	item->change->unlocked |= item->change->accepted && verdict == VERDICT_CHECK;
	return true;
}

/*
 * report.c
 *		A plan as JSON.
 *
 *		In comes a Plan, out goes its text, which plan_sql can be made from
 *		without looking at the database again.  Pure.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/report.h"
#include "schema/kind.h"

static const char *const status_names[] = {
	[PLAN_NOOP] = "noop",
	[PLAN_APPLY] = "apply",
	[PLAN_REFUSED] = "refused"
};

static const char *const phase_names[] = {
	[PHASE_TYPE] = "type",
	[PHASE_TABLE] = "table",
	[PHASE_COLUMN] = "column",
	[PHASE_INDEX] = "index",
	[PHASE_CONSTRAINT] = "constraint",
	[PHASE_POLICY] = "policy",
	[PHASE_DROP] = "drop",
	[PHASE_PROPAGATE] = "propagate",
	[PHASE_REGISTER] = "register"
};

static const char *const tx_names[] = {
	[TX_ANY] = "any",
	[TX_OWN] = "own",
	[TX_NONE] = "none"
};

static const char *const propagate_names[] = {
	[PROPAGATE_NONE] = "none",
	[PROPAGATE_LOG] = "log",
	[PROPAGATE_RESET] = "reset"
};

/* A comma unless something has just been opened. */
static void
next(StringInfo out)
{
	if (out->len > 0 && strchr("{[,:", out->data[out->len - 1]) == NULL)
		appendStringInfoChar(out, ',');
}

static void
add_key(StringInfo out, const char *key)
{
	next(out);
	plasma_text_json(out, key);
	appendStringInfoChar(out, ':');
}

static void
add_string(StringInfo out, const char *key, const char *value)
{
	add_key(out, key);
	if (value == NULL)
		appendStringInfoString(out, "null");
	else
		plasma_text_json(out, value);
}

/* Nothing where there is no value. */
static void
add_optional(StringInfo out, const char *key, const char *value)
{
	if (value != NULL)
		add_string(out, key, value);
}

static void
add_bool(StringInfo out, const char *key, bool value)
{
	add_key(out, key);
	appendStringInfoString(out, value ? "true" : "false");
}

static void
add_int(StringInfo out, const char *key, int64 value)
{
	add_key(out, key);
	appendStringInfo(out, INT64_FORMAT, value);
}

static void
open_value(StringInfo out, const char *key, char bracket)
{
	if (key != NULL)
		add_key(out, key);
	else
		next(out);
	appendStringInfoChar(out, bracket);
}

static void
add_strings(StringInfo out, const char *key, List *strings)
{
	ListCell   *cell;

	open_value(out, key, '[');
	foreach(cell, strings)
	{
		next(out);
		plasma_text_json(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

static void
write_versions(StringInfo out, const PlanResult *plan)
{
	const Model *active = plan->input.active;

	open_value(out, "from", '{');
	add_string(out, "version", active ? active->version : NULL);
	add_string(out, "declared", plan->active_hash);
	add_string(out, "catalog", plan->catalog_hash);
	appendStringInfoChar(out, '}');
	open_value(out, "to", '{');
	add_string(out, "version", plan->input.declared->version);
	add_string(out, "declared", plan->declared_hash);
	add_string(out, "declaration", plan->canonical);
	appendStringInfoChar(out, '}');
	add_bool(out, "rollback", plan->input.rollback);
}

/* As they can be given again. */
static void
write_options(StringInfo out, const PlanOptions *options)
{
	appendStringInfoChar(out, '{');
	add_string(out, "policy", plasma_options_policy_name(options->policy));
	add_strings(out, "allow", options->allow);
	add_bool(out, "enforce_compat", options->enforce_compat);
	if (options->propagate != PROPAGATE_DEFAULT)
		add_string(out, "propagate", propagate_names[options->propagate]);
	add_int(out, "propagate_max_rows", options->propagate_max_rows);
	add_string(out, "executor", plasma_options_executor_name(options->executor));
	add_int(out, "lock_timeout_ms", options->lock_timeout_ms);
	add_int(out, "statement_timeout_ms", options->statement_timeout_ms);
	add_int(out, "lock_retries", options->lock_retries);
	add_int(out, "max_locked_rows", options->max_locked_rows);
	add_int(out, "batch", options->batch);
	appendStringInfoChar(out, '}');
}

static void
write_issue(StringInfo out, const void *item)
{
	const Issue *issue = item;

	next(out);
	plasma_issue_write(out, issue);
}

static const char *const identity_names[] = {
	[IDENTITY_NONE] = NULL,
	[IDENTITY_ALWAYS] = "always",
	[IDENTITY_BY_DEFAULT] = "byDefault",
	[IDENTITY_SERIAL] = "serial"
};

/* A column that a catalog showed has no kind. */
static void
write_column(StringInfo out, const char *key, const ModelColumn *column)
{
	if (column == NULL)
		return;
	open_value(out, key, '{');
	if (column->facts == NULL)
		add_string(out, "kind", plasma_kind_ops(column->kind)->name);
	add_string(out, "type", plasma_model_type(column));
	add_bool(out, "nullable", column->nullable);
	if (column->unique)
		add_bool(out, "unique", true);
	add_optional(out, "default", column->default_sql);
	add_optional(out, "generated", column->generated);
	add_optional(out, "identity", identity_names[column->identity]);
	if (column->enumeration != NULL)
		add_strings(out, "enum", column->enumeration->labels);
	if (column->references != NULL)
	{
		add_string(out, "references", column->references);
		add_string(out, "onDelete", plasma_model_on_delete_name(column->on_delete));
		add_bool(out, "enforced", column->enforced);
	}
	if (column->encrypted)
		add_bool(out, "encrypted", true);
	appendStringInfoChar(out, '}');
}

static const char *
change_table(const PlanChange *change)
{
	const ModelTable *table = change->table ? change->table :
		change->past_table ? change->past_table : change->live_table;

	return table->name;
}

static void
write_change(StringInfo out, const void *item)
{
	const PlanChange *change = item;
	const ModelColumn *from = change->in_catalog && change->live ? change->live : change->past;
	const ModelColumn *column = change->declared ? change->declared : from;

	open_value(out, NULL, '{');
	add_string(out, "op", plasma_diff_change_name(change->kind));
	add_string(out, "table", change_table(change));
	add_optional(out, "column", column ? column->name : NULL);
	add_string(out, "path", plasma_compare_path(change));
	write_column(out, "from", from);
	write_column(out, "to", change->declared);
	add_bool(out, "in_catalog", change->in_catalog);
	add_bool(out, "in_declaration", change->in_declaration);
	add_bool(out, "accepted", change->accepted);
	appendStringInfoChar(out, '}');
}

static void
write_locks(StringInfo out, List *locks)
{
	ListCell   *cell;

	open_value(out, "locks", '{');
	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);

		add_string(out, lock->relation, plasma_step_lock_name(lock->mode));
	}
	appendStringInfoChar(out, '}');
}

/* The strongest lock on each relation over all statements. */
static List *
all_locks(List *statements)
{
	List	   *all = NIL;
	ListCell   *cell;
	ListCell   *inner;
	ListCell   *known;

	foreach(cell, statements)
		foreach(inner, ((StepStatement *) lfirst(cell))->locks)
	{
		StepLock   *lock = lfirst(inner);
		StepLock   *same = NULL;

		foreach(known, all)
			if (strcmp(((StepLock *) lfirst(known))->relation, lock->relation) == 0)
				same = lfirst(known);
		if (same == NULL)
		{
			same = palloc(sizeof(StepLock));
			*same = *lock;
			all = lappend(all, same);
		}
		same->mode = Max(same->mode, lock->mode);
	}
	return all;
}

/* A list of one string of each statement, undo in the order in which to run it. */
static void
write_texts(StringInfo out, List *statements)
{
	List	   *sql = NIL;
	List	   *undo = NIL;
	ListCell   *cell;

	foreach(cell, statements)
	{
		StepStatement *statement = lfirst(cell);

		sql = lappend(sql, statement->sql);
		if (statement->undo != NULL)
			undo = lcons(statement->undo, undo);
	}
	add_strings(out, "sql", sql);
	add_strings(out, "undo", undo);
}

static void
write_costs(StringInfo out, List *statements, List *locks)
{
	StepStatement all = {.tx = TX_ANY};
	ListCell   *cell;

	foreach(cell, statements)
	{
		StepStatement *statement = lfirst(cell);

		all.rewrites |= statement->rewrites;
		all.scans |= statement->scans;
		all.tx = Max(all.tx, statement->tx);
	}
	write_locks(out, statements == NIL ? locks : all_locks(statements));
	add_bool(out, "rewrites", all.rewrites);
	add_bool(out, "scans", all.scans);
	add_string(out, "tx", tx_names[all.tx]);
}

static void
write_online(StringInfo out, List *statements, const char *keep)
{
	ListCell   *cell;

	if (statements == NIL)
		return;
	open_value(out, "online", '[');
	foreach(cell, statements)
	{
		StepStatement *statement = lfirst(cell);

		open_value(out, NULL, '{');
		add_string(out, "sql", statement->sql);
		add_string(out, "undo", statement->undo);
		write_costs(out, list_make1(statement), NIL);
		add_bool(out, "backfill", statement->backfill);
		if (keep != NULL && statement->alters)
			add_string(out, "keep", keep);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

static void
write_step(StringInfo out, const void *item)
{
	const PlanStep *step = item;

	open_value(out, NULL, '{');
	add_int(out, "n", step->n);
	add_string(out, "phase", phase_names[step->phase]);
	add_string(out, "op", step->op);
	add_string(out, "object", step->object);
	add_optional(out, "table", step->table ? step->table->name : NULL);
	add_optional(out, "column", step->column);
	write_texts(out, step->direct);
	add_optional(out, "check", step->check);
	write_costs(out, step->direct, step->locks);
	add_int(out, "rows", step->rows);
	add_int(out, "lock_timeout_ms", step->lock_timeout_ms);
	add_int(out, "statement_timeout_ms", step->statement_timeout_ms);
	add_strings(out, "hazards", step->hazards);
	if (step->keep != NULL)
		add_string(out, "keep", step->keep);
	write_online(out, step->online, step->keep);
	appendStringInfoChar(out, '}');
}

static void
write_each(StringInfo out, const char *key, List *list, void (*write) (StringInfo, const void *))
{
	ListCell   *cell;

	open_value(out, key, '[');
	foreach(cell, list)
		write(out, lfirst(cell));
	appendStringInfoChar(out, ']');
}

char *
plasma_report_write(const PlanResult *plan)
{
	StringInfoData out;

	initStringInfo(&out);
	open_value(&out, NULL, '{');
	add_int(&out, "plan_version", REPORT_VERSION);
	add_string(&out, "status", status_names[plan->status]);
	write_versions(&out, plan);
	add_key(&out, "options");
	write_options(&out, plan->options);
	open_value(&out, "bump", '{');
	add_bool(&out, "required", plan->bump.required);
	add_bool(&out, "done", plan->bump.done);
	add_strings(&out, "reasons", plan->bump.reasons);
	appendStringInfoChar(&out, '}');
	add_bool(&out, "validated", plan->validated);
	add_optional(&out, "not_validated", plan->not_validated);
	write_each(&out, "issues", plan->issues, write_issue);
	write_each(&out, "diff", plan->changes, write_change);
	write_each(&out, "steps", plan->steps, write_step);
	appendStringInfoChar(&out, '}');
	return out.data;
}

char *
plasma_report_options(const PlanOptions *options)
{
	StringInfoData out;

	initStringInfo(&out);
	write_options(&out, options);
	return out.data;
}

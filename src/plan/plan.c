/*
 * plan.c
 *		From the text of a declaration to a plan.
 *
 *		In comes a declaration, out goes what lies between it and the database:
 *		the changes, what is to be said of them, and, unless something refuses,
 *		the steps.  All looking is done in one snapshot; what is to be said is said
 *		of everything at once.  Nothing is changed, and no lock is taken that could
 *		make a writer wait.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/error.h"
#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "plan/hazard.h"
#include "plan/plan.h"
#include "plan/report.h"
#include "plan/scopes.h"
#include "plan/trial.h"
#include "schema/declare.h"
#include "schema/digest.h"
#include "schema/enrol.h"
#include "schema/introspect.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "schema/settle.h"
#include "schema/version.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(plasma_plan_show);

/* What is declared, and after it what was and is no longer. */
static Model *
tables_to_look_at(const Model *declared, const Model *active)
{
	Model	   *all = palloc0(sizeof(Model));
	ListCell   *cell;

	all->version = declared->version;
	all->tables = list_copy(declared->tables);
	if (active == NULL)
		return all;
	foreach(cell, active->tables)
	{
		ModelTable *table = lfirst(cell);

		if (plasma_model_table(declared, table->name) == NULL)
			all->tables = lappend(all->tables, table);
	}
	return all;
}

/*
 * The active declaration is put in the same terms as the new one, so that only
 * what was declared otherwise differs between the two.
 */
static void
look(PlanInput *input)
{
	input->live = plasma_introspect_read(tables_to_look_at(input->declared, input->active));
	input->entries = plasma_registry_entries();
	plasma_settle_model(input->declared, input->live);
	if (input->active != NULL && input->active != input->declared)
		plasma_settle_model(input->active, input->live);
}

static bool
has_code(List *issues, const char *code)
{
	ListCell   *cell;

	foreach(cell, issues)
		if (strcmp(((Issue *) lfirst(cell))->code, code) == 0)
			return true;
	return false;
}

/* A version may not come to mean what its clients cannot follow. */
static void
judge_version(PlanResult *plan, const VersionPast *past)
{
	IssueWords	words = {.version = plan->input.declared->version};

	if (past->taken && !has_code(plan->issues, "BC106"))
		plan->issues = lcons(plasma_issue_make("BC106", SEVERITY_REFUSE, "V3", NULL, NULL,
											   "$.version", NULL, &words),
							 plan->issues);
}

/* Somebody has looked at a plan and agreed to it: this one has to be the same. */
static void
judge_fingerprint(PlanResult *plan)
{
	const char *expected = plan->options->fingerprint;

	if (expected != NULL && strcmp(expected, plan->catalog_hash) != 0)
		plan->issues = lcons(plasma_issue_make("DR101", SEVERITY_REFUSE, "V5", NULL, NULL,
											   NULL, NULL, NULL),
							 plan->issues);
}

/* A table that is gone or moved has its own issue. */
static void
tell_disturbed(PlanResult *plan)
{
	IssueWords	words = {.x = "a trigger of plasma is missing, disabled or changed"};
	ListCell   *cell;

	plan->disturbed = plasma_enrol_disturbed(plasma_registry_read());
	foreach(cell, plan->input.live)
	{
		LiveTable  *live = lfirst(cell);
		const char *name = live->declared->name;

		if (live->table != NULL && plasma_text_position(plan->disturbed, name) >= 0 &&
			plasma_model_table(plan->input.declared, name) != NULL)
			plan->issues = lappend(plan->issues,
								   plasma_issue_make("DR103", SEVERITY_INFO, "V6", name, NULL,
													 NULL, NULL, &words));
	}
}

/* Whether the registry and capture are those of the declaration. */
static bool
is_registered(const PlanResult *plan)
{
	return plan->active_hash != NULL &&
		strcmp(plan->active_hash, plan->declared_hash) == 0 &&
		plan->disturbed == NIL && plan->scopes_kept &&
		plasma_registry_is_sound() && plasma_policy_source_is_intact();
}

/* Differences that nothing is done about are no reason to register anew. */
static void
settle_register(PlanResult *plan)
{
	PlanStep   *last = plan->steps == NIL ? NULL : llast(plan->steps);
	bool		alone = list_length(plan->steps) <= 1;
	PlanStep   *step;

	if (last != NULL && last->phase == PHASE_REGISTER)
	{
		if (alone && is_registered(plan))
			plan->steps = NIL;
		return;
	}
	if (last == NULL && is_registered(plan))
		return;
	step = palloc0(sizeof(PlanStep));
	step->n = list_length(plan->steps) + 1;
	step->phase = PHASE_REGISTER;
	step->op = "register";
	step->object = "plasma.tables";
	step->lock_timeout_ms = plan->options->lock_timeout_ms;
	step->statement_timeout_ms = plan->options->statement_timeout_ms;
	plan->steps = lappend(plan->steps, step);
}

/* Temporary tables cannot be made where nothing can be. */
static void
try_out(PlanResult *plan)
{
	Trial		trial = {false};

	if (!plan->options->validate)
		return;
	if (plan->steps == NIL)
		trial.done = true;
	else if (XactReadOnly || RecoveryInProgress())
		trial.obstacle = "The transaction is read-only.";
	else
		plasma_trial_run(&plan->input, plan->changes, plan->steps, plan->options, &trial);
	if (trial.corrected)
		plasma_step_judge(&plan->input, plan->changes, plan->options, plan->steps);
	plan->validated = trial.done;
	plan->not_validated = trial.obstacle;
	plan->issues = list_concat(plan->issues, trial.issues);
}

/* Steps are made in order to know what is wrong with them, too. */
static void
make_steps(PlanResult *plan)
{
	if (plasma_verdict_refuses(plan->issues))
		return;
	plan->steps = plasma_step_make(&plan->input, plan->changes, plan->options);
	settle_register(plan);
	try_out(plan);
	plan->issues = list_concat(plan->issues,
							   plasma_hazard_find(&plan->input, plan->steps, plan->options));
}

PlanResult *
plasma_plan_make(const char *json_text, int len, const PlanOptions *options)
{
	PlanResult *plan = palloc0(sizeof(PlanResult));
	PlanInput  *input = &plan->input;
	VersionPast *past;

	plan->options = options;
	input->declared = plasma_declare_parse(json_text, len);
	plan->canonical = plasma_declare_canonical(json_text, len);
	plan->declared_hash = plasma_version_hex(plan->canonical);
	past = plasma_version_past(input->declared, plan->canonical);
	plan->active_hash = past->active_hash;
	input->active = past->current ? input->declared : past->active;
	input->rollback = past->superseded;
	look(input);
	plan->catalog_hash = plasma_digest_catalog(input->live);

	plan->changes = plasma_compare_models(input);
	plan->issues = plasma_verdict_give(input, plan->changes, options, &plan->bump);
	judge_version(plan, past);
	judge_fingerprint(plan);
	tell_disturbed(plan);
	plasma_scopes_judge(plan);
	make_steps(plan);

	if (plasma_verdict_refuses(plan->issues))
	{
		plan->status = PLAN_REFUSED;
		plan->steps = NIL;
	}
	else
		plan->status = plan->steps == NIL ? PLAN_NOOP : PLAN_APPLY;
	return plan;
}

static int
count_refusals(List *issues)
{
	int			count = 0;
	ListCell   *cell;

	foreach(cell, issues)
	{
		Issue	   *issue = lfirst(cell);

		if (issue->severity == SEVERITY_REFUSE && !issue->allowed)
			count++;
	}
	return count;
}

void
plasma_plan_raise(const PlanResult *plan, bool begun)
{
	int			count = count_refusals(plan->issues);

	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_MISFIT),
			 errmsg_plural("MigrationRefused: %d schema change cannot be applied",
						   "MigrationRefused: %d schema changes cannot be applied",
						   count, count),
			 errdetail_internal("%s", plasma_issue_layout(plan->issues)),
			 begun ? errhint("What was done before this stays: plasma.stat_migrations and plasma.migration_steps show it. Do what the fixes say and call plasma.migrate again: it goes on from there.") :
			 errhint("plasma.plan shows the whole plan. Nothing has been changed.")));
}

void
plasma_plan_arguments(FunctionCallInfo fcinfo, const char **declaration, int *len,
					  PlanOptions **options)
{
	struct varlena *json;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the schema declaration must not be null")));
	json = PG_GETARG_TEXT_PP(0);
	*declaration = VARDATA_ANY(json);
	*len = VARSIZE_ANY_EXHDR(json);
	*options = plasma_options_parse(PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1));
}

Datum
plasma_plan_show(PG_FUNCTION_ARGS)
{
	const char *text;
	int			len;
	PlanOptions *options;
	char	   *json;

	plasma_plan_arguments(fcinfo, &text, &len, &options);
	PushActiveSnapshot(GetLatestSnapshot());
	json = plasma_report_write(plasma_plan_make(text, len, options));
	PopActiveSnapshot();
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

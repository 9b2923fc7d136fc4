/*
 * hazard.c
 *		Which hazards of the steps are told, and which refuse.
 *
 *		The steps know their hazards and how many rows they concern; here is
 *		what the options say of it, and who does better.  Pure but for the size
 *		of a table.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "plan/hazard.h"
#include "plan/words.h"

#define HAZARD_REWRITE	"LK101"
#define HAZARD_PARTNER	"LK104"

/* Of its file alone, as it is right now. */
static const char *
size_of(Oid relid)
{
	SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(relid))};
	char	   *size = plasma_spi_text(plasma_spi_read(SPI_OWNER,
													   "SELECT pg_size_pretty(pg_relation_size($1::regclass))",
													   lengthof(params), params), 0, 1);

	return size ? size : "0 bytes";
}

/*
 * The locks that are held while a step looks at its rows: run_migrations takes
 * those of all steps before the first.
 */
static List *
locks_meanwhile(const PlanStep *step, List *steps, PlanExecutor executor)
{
	List	   *locks = NIL;
	ListCell   *cell;

	if (executor == EXECUTOR_RUN)
		return plasma_step_locks(steps, executor);
	foreach(cell, plasma_step_statements(step, executor))
	{
		StepStatement *statement = lfirst(cell);

		if (statement->rewrites || statement->scans)
			locks = list_concat(locks, statement->locks);
	}
	return locks;
}

static LOCKMODE
mode_on(List *locks, const char *relation)
{
	LOCKMODE	mode = NoLock;
	ListCell   *cell;

	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);

		if (strcmp(lock->relation, relation) == 0)
			mode = Max(mode, lock->mode);
	}
	return mode;
}

/* The other relations that the statements of a step lock, and how. */
static void
set_partners(IssueWords *words, const PlanStep *step, const ModelTable *live,
			 List *meanwhile, PlanExecutor executor)
{
	List	   *names = NIL;
	LOCKMODE	mode = NoLock;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, plasma_step_statements(step, executor))
		foreach(inner, ((StepStatement *) lfirst(cell))->locks)
		{
			StepLock   *lock = lfirst(inner);

			if (lock->relid == live->relid || lock->mode < ShareLock ||
				plasma_text_position(names, lock->relation) >= 0)
				continue;
			names = lappend(names, lock->relation);
			mode = Max(mode, mode_on(meanwhile, lock->relation));
		}
	words->r = plasma_words_list(names);
	words->blocked = mode == AccessExclusiveLock ? "all access" : "writes";
}

static bool
avoids(const PlanStep *step, const char *code, PlanExecutor executor)
{
	return plasma_text_position(plasma_step_hazards(step, executor), code) < 0;
}

/* Who does not do it to the others; what lets it be done nevertheless. */
static const char *
remedy_of(const PlanStep *step, const char *code, const PlanOptions *options,
		  bool by_policy, bool refuses)
{
	bool		migrate = options->executor == EXECUTOR_RUN &&
		avoids(step, code, EXECUTOR_MIGRATE);
	bool		script = options->executor != EXECUTOR_SQL && avoids(step, code, EXECUTOR_SQL);
	const char *others = migrate && script ? "use CALL plasma.migrate or the script of plasma.plan_sql" :
		migrate ? "use CALL plasma.migrate" :
		script ? "use the script of plasma.plan_sql" : NULL;
	const char *sizes = refuses && !by_policy ? "raise max_locked_rows" : NULL;

	if (!refuses)
		return others ? psprintf("nothing, if others can wait that long; else %s", others) :
			"nothing, if others can wait that long";
	return psprintf("%s%s%s%sallow %s", others ? others : "", others ? ", or " : "",
					sizes ? sizes : "", sizes ? ", or " : "", code);
}

/* For a type the table for which it changes. */
static const ModelTable *
live_table(const PlanInput *input, const PlanStep *step)
{
	ListCell   *cell;

	if (step->table == NULL)
		return step->change ? step->change->live_table : NULL;
	foreach(cell, input->live)
	{
		LiveTable  *live = lfirst(cell);

		if (strcmp(live->declared->name, step->table->name) == 0)
			return live->table;
	}
	return NULL;
}

static Issue *
make_issue(const PlanStep *step, List *steps, const ModelTable *live, const char *code,
		   const PlanOptions *options)
{
	CheckResult *rows = palloc0(sizeof(CheckResult));
	bool		by_policy = options->policy == POLICY_STRICT && strcmp(code, HAZARD_REWRITE) == 0;
	bool		refuses = step->rows > options->max_locked_rows || by_policy;
	bool		allowed = refuses && plasma_text_position(options->allow, code) >= 0;
	List	   *meanwhile = locks_meanwhile(step, steps, options->executor);
	char	   *relation = plasma_text_qualified(live->schema, live->name);
	IssueWords	words = {.x = step->op};
	Issue	   *issue;

	rows->violates = true;
	rows->count = step->rows;
	rows->limit = options->max_locked_rows;
	words.size = size_of(live->relid);
	words.blocked = mode_on(meanwhile, relation) == AccessExclusiveLock ? "all access" : "writes";
	words.remedy = remedy_of(step, code, options, by_policy, refuses && !allowed);
	if (strcmp(code, HAZARD_PARTNER) == 0)
		set_partners(&words, step, live, meanwhile, options->executor);
	issue = plasma_issue_make(code, refuses && !allowed ? SEVERITY_REFUSE : SEVERITY_WARNING,
							  NULL, live->name, step->column,
							  step->change ? plasma_compare_path(step->change) : NULL,
							  rows, &words);
	issue->allowable = refuses;
	issue->allowed = allowed;
	return issue;
}

List *
plasma_hazard_find(const PlanInput *input, List *steps, const PlanOptions *options)
{
	List	   *issues = NIL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);
		const ModelTable *live = live_table(input, step);

		if (live == NULL || step->rows == 0)
			continue;
		foreach(inner, step->hazards)
			issues = lappend(issues, make_issue(step, steps, live, lfirst(inner), options));
	}
	return issues;
}

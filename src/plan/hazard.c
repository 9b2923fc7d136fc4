/*
 * hazard.c
 *		Which hazards of the steps are told, and which refuse.
 *
 *		The steps know their hazards and how many rows they concern; here is
 *		what the options say of it.  Pure but for the size of a table.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "plan/hazard.h"

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

/* The other relations that the statements of a step lock. */
static const char *
partners_of(const PlanStep *step, const ModelTable *live, PlanExecutor executor)
{
	List	   *names = NIL;
	StringInfoData out;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, plasma_step_statements(step, executor))
		foreach(inner, ((StepStatement *) lfirst(cell))->locks)
		{
			StepLock   *lock = lfirst(inner);

			if (lock->relid != live->relid && lock->mode >= ShareLock &&
				plasma_text_position(names, lock->relation) < 0)
				names = lappend(names, lock->relation);
		}
	initStringInfo(&out);
	foreach(cell, names)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) ? ", " : "",
						 (char *) lfirst(cell));
	return out.data;
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
make_issue(const PlanStep *step, const ModelTable *live, const char *code,
		   const PlanOptions *options)
{
	CheckResult *rows = palloc0(sizeof(CheckResult));
	bool		refuses = step->rows > options->max_locked_rows ||
		(options->policy == POLICY_STRICT && strcmp(code, HAZARD_REWRITE) == 0);
	bool		allowed = refuses && plasma_text_position(options->allow, code) >= 0;
	IssueWords	words = {.x = step->op};
	Issue	   *issue;

	rows->violates = true;
	rows->count = step->rows;
	rows->limit = options->max_locked_rows;
	words.size = size_of(live->relid);
	if (strcmp(code, HAZARD_PARTNER) == 0)
		words.r = partners_of(step, live, options->executor);
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
			issues = lappend(issues, make_issue(step, live, lfirst(inner), options));
	}
	return issues;
}

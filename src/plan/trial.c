/*
 * trial.c
 *		Whether a plan does what it is to do, before it is done.
 *
 *		In a subtransaction that is rolled back the tables that the plan changes
 *		are copied without rows, the plan is made once more for the copies, its
 *		statements are run, and the copies are looked at again: what was accepted
 *		must be gone from the difference, and nothing may have come into it.
 *		What the server has to say against a statement becomes an issue of the
 *		plan.  Nothing but the copies is locked against anybody, except that a
 *		type gets its new labels.
 *
 *		The copies come last in the search path, so that what the application
 *		named in its expressions stays what it is.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "plan/clone.h"
#include "plan/issue.h"
#include "plan/statement.h"
#include "plan/trial.h"
#include "schema/introspect.h"
#include "schema/settle.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

typedef struct Attempt
{
	const PlanInput *input;
	List	   *changes;		/* PlanChange * of the plan */
	List	   *steps;			/* PlanStep * of the plan */
	const PlanOptions *options;
	Trial	   *trial;

	char	   *schema;			/* of the copies */
	List	   *names;			/* char *: tables that are copied */
	PlanInput	copies;
	List	   *skipped;		/* char *: tables with a statement that was not or could not be run */
	SpiRows    *files;			/* of the copies: name, relfilenode */
} Attempt;

typedef struct Running
{
	const PlanStep *step;
	const StepStatement *statement;
} Running;

static void
add_name(List **names, const char *name)
{
	if (plasma_text_position(*names, name) < 0)
		*names = lappend(*names, (void *) name);
}

static const char *
change_table(const PlanChange *change)
{
	return change->at->declared->name;
}

/* Tables that are changed, then those that they point to, before and after. */
static List *
tables_to_copy(const Attempt *attempt)
{
	List	   *names = NIL;
	ListCell   *cell;
	ListCell   *inner;
	int			changed;

	foreach(cell, attempt->changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->accepted && change->in_catalog)
			add_name(&names, change_table(change));
	}
	changed = list_length(names);
	foreach(cell, attempt->input->live)
	{
		LiveTable  *at = lfirst(cell);
		int			position = plasma_text_position(names, at->declared->name);

		if (position < 0 || position >= changed)
			continue;
		foreach(inner, at->declared->columns)
		{
			const ModelColumn *column = lfirst(inner);

			if (column->references != NULL)
				add_name(&names, column->references);
		}
	}
	return names;
}

static List *
live_tables(const Attempt *attempt)
{
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, attempt->input->live)
	{
		LiveTable  *at = lfirst(cell);

		if (plasma_text_position(attempt->names, at->declared->name) >= 0)
			tables = lappend(tables, at);
	}
	return tables;
}

/* What is declared of the copies, and how they are: fresh, since settle writes. */
static void
look(Attempt *attempt)
{
	PlanInput  *copies = &attempt->copies;
	Model	   *all;
	ListCell   *cell;

	memset(copies, 0, sizeof(PlanInput));
	copies->rollback = attempt->input->rollback;
	copies->declared = plasma_clone_model(attempt->input->declared, attempt->names, attempt->schema);
	copies->active = plasma_clone_model(attempt->input->active, attempt->names, attempt->schema);
	all = palloc0(sizeof(Model));
	all->version = copies->declared->version;
	all->tables = list_copy(copies->declared->tables);
	if (copies->active != NULL)
		foreach(cell, copies->active->tables)
	{
		ModelTable *table = lfirst(cell);

		if (plasma_model_table(copies->declared, table->name) == NULL)
			all->tables = lappend(all->tables, table);
	}
	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
	copies->live = plasma_introspect_read(all);
	plasma_settle_model(copies->declared, copies->live);
	if (copies->active != NULL)
		plasma_settle_model(copies->active, copies->live);
}

static const char *
change_column(const PlanChange *change)
{
	const ModelColumn *column = change->declared ? change->declared :
		change->live ? change->live : change->past;

	return column ? column->name : NULL;
}

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static PlanChange *
find_change(List *changes, const PlanChange *like)
{
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->kind == like->kind &&
			same_name(change_table(change), change_table(like)) &&
			same_name(change_column(change), change_column(like)))
			return change;
	}
	return NULL;
}

/* The verdicts are those of the plan. */
static List *
compare_copies(const Attempt *attempt)
{
	List	   *changes = plasma_compare_models(&attempt->copies);
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);
		PlanChange *original = find_change(attempt->changes, change);

		if (original != NULL)
		{
			change->accepted = original->accepted;
			change->unlocked = original->unlocked;
		}
	}
	return changes;
}

static SpiRows *
files_of(const char *schema)
{
	SpiParam	params[] = {SPI_TEXT(schema)};

	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
	return plasma_spi_read(SPI_OWNER,
						   "SELECT c.oid::int8, c.relfilenode::int8 FROM pg_class c"
						   " WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = $1)"
						   " AND c.relkind = 'r' ORDER BY c.oid", lengthof(params), params);
}

/* Whether a table that was there before has another file. */
static bool
rewritten(const SpiRows *before, const SpiRows *after)
{
	for (uint64 i = 0; i < before->nrows; i++)
		for (uint64 j = 0; j < after->nrows; j++)
			if (plasma_spi_int8(before, i, 1) == plasma_spi_int8(after, j, 1) &&
				plasma_spi_int8(before, i, 2) != plasma_spi_int8(after, j, 2))
				return true;
	return false;
}

/* The statement of the plan that a statement on the copies stands for. */
static StepStatement *
find_statement(List *steps, const PlanStep *like, int n)
{
	ListCell   *cell;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase == like->phase && strcmp(step->op, like->op) == 0 &&
			same_name(step->table ? step->table->name : NULL,
					  like->table ? like->table->name : NULL) &&
			same_name(step->column, like->column) &&
			list_length(step->direct) == list_length(like->direct))
			return list_nth(step->direct, n);
	}
	return NULL;
}

static void
add_issue(Attempt *attempt, const char *code, const PlanChange *change, const char *x)
{
	PlanChange *original = change ? find_change(attempt->changes, change) : NULL;
	IssueWords	words = {.x = x};
	Issue	   *issue = plasma_issue_make(code, SEVERITY_REFUSE, NULL,
										  change ? change_table(change) : NULL,
										  change ? change_column(change) : NULL,
										  original ? plasma_compare_path(original) : NULL,
										  NULL, &words);

	attempt->trial->issues = lappend(attempt->trial->issues, issue);
}

static void
run_statement(void *arg)
{
	Running    *running = arg;

	plasma_statement_run(running->step, running->statement);
}

/*
 * An expression of the application may name by its schema what this plan makes;
 * the copies are elsewhere, so only the real run can tell.
 */
static bool
names_original(const Attempt *attempt, const char *sql)
{
	ListCell   *cell;

	foreach(cell, live_tables(attempt))
	{
		LiveTable  *at = lfirst(cell);
		const char *schema = plasma_model_table(attempt->input->declared, at->declared->name) ?
			at->declared->schema : NULL;

		if (schema != NULL && strstr(sql, psprintf("%s.", quote_identifier(schema))) != NULL)
			return true;
	}
	return false;
}

static bool
is_undefined(int code)
{
	return code == ERRCODE_UNDEFINED_TABLE || code == ERRCODE_UNDEFINED_COLUMN ||
		code == ERRCODE_UNDEFINED_OBJECT;
}

static void
judge_error(Attempt *attempt, const Running *running, const ErrorData *error)
{
	const char *table = running->step->table ? running->step->table->name : NULL;

	if (table != NULL)
		add_name(&attempt->skipped, table);
	if (is_undefined(error->sqlerrcode) && names_original(attempt, running->statement->sql))
		attempt->trial->obstacle = "An expression names a table of the plan by its schema.";
	else
		add_issue(attempt, "UN116", running->step->change, error->message);
}

/*
 * Of a table with a statement that failed, nothing more is tried.  A type that is
 * replaced stays, since the tables themselves still have it.
 */
static void
try_step(Attempt *attempt, const PlanStep *step)
{
	ListCell   *cell;

	foreach(cell, step->direct)
	{
		Running		running = {step, lfirst(cell)};
		StepStatement *original = find_statement(attempt->steps, step, foreach_current_index(cell));
		ErrorData  *error;
		SpiRows    *files;

		if (running.statement->backfill || running.statement->drops_type ||
			(step->table != NULL && plasma_text_position(attempt->skipped, step->table->name) >= 0))
			continue;
		error = plasma_spi_catch(run_statement, &running);
		if (error != NULL)
		{
			judge_error(attempt, &running, error);
			continue;
		}
		files = files_of(attempt->schema);
		if (original != NULL && original->rewrites != rewritten(attempt->files, files))
		{
			original->rewrites = !original->rewrites;
			attempt->trial->corrected = true;
		}
		attempt->files = files;
	}
}

/* What was accepted and is still to be done, or what came up. */
static void
check_reached(Attempt *attempt, List *before)
{
	ListCell   *cell;

	foreach(cell, compare_copies(attempt))
	{
		PlanChange *change = lfirst(cell);

		if (!change->in_catalog ||
			plasma_text_position(attempt->skipped, change_table(change)) >= 0 ||
			(find_change(before, change) != NULL && !change->accepted))
			continue;
		add_issue(attempt, "UN117", change, plasma_diff_change_name(change->kind));
	}
}

static void
set_for_now(const char *name, const char *value)
{
	set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/* The names of the application come first. */
static void
put_copies_last(void)
{
	const char *path = GetConfigOption("search_path", false, false);

	if (strstr(path, "pg_temp") == NULL)
		set_for_now("search_path", path[0] ? psprintf("%s, pg_temp", path) : "pg_temp");
	set_for_now("client_min_messages", "error");
}

static void
make_attempt(void *arg)
{
	Attempt    *attempt = arg;
	List	   *changes;
	ListCell   *cell;

	NewGUCNestLevel();
	PushActiveSnapshot(GetLatestSnapshot());
	attempt->schema = plasma_clone_schema();
	put_copies_last();
	plasma_clone_tables(live_tables(attempt), attempt->schema);
	look(attempt);
	changes = compare_copies(attempt);
	attempt->files = files_of(attempt->schema);
	foreach(cell, plasma_step_make(&attempt->copies, changes, attempt->options))
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase < PHASE_PROPAGATE)
			try_step(attempt, step);
	}
	look(attempt);
	check_reached(attempt, changes);
	PopActiveSnapshot();
}

void
plasma_trial_run(const PlanInput *input, List *changes, List *steps,
				 const PlanOptions *options, Trial *trial)
{
	Attempt		attempt = {input, changes, steps, options, trial};
	int			temporary = MyXactFlags & XACT_FLAGS_ACCESSEDTEMPNAMESPACE;
	ErrorData  *error;

	attempt.names = tables_to_copy(&attempt);
	error = attempt.names == NIL ? NULL : plasma_spi_undo(make_attempt, &attempt);

	/* Nothing temporary is left that would keep the transaction from being prepared. */
	MyXactFlags = (MyXactFlags & ~XACT_FLAGS_ACCESSEDTEMPNAMESPACE) | temporary;
	if (error != NULL)
		trial->obstacle = psprintf("No copy of a table could be made: %s.", error->message);
	trial->done = trial->obstacle == NULL;
}

/*
 * execute.c
 *		Carrying out a plan: locks before it, registration at its end.
 *
 *		Locks are taken in the order of oids, so that nobody who does the same
 *		can deadlock with it.
 */
#include "postgres.h"

#include "access/relation.h"
#include "base/error.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "plan/compare.h"
#include "plan/execute.h"
#include "plan/statement.h"
#include "schema/copies.h"
#include "schema/enrol.h"
#include "schema/registry.h"
#include "schema/version.h"
#include "storage/lmgr.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static StepLock *
find_lock(List *locks, Oid relid)
{
	ListCell   *cell;

	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);

		if (lock->relid == relid)
			return lock;
	}
	return NULL;
}

static int
by_relid(const ListCell *a, const ListCell *b)
{
	Oid			left = ((StepLock *) lfirst(a))->relid;
	Oid			right = ((StepLock *) lfirst(b))->relid;

	return left < right ? -1 : left > right;
}

List *
plasma_execute_sort(List *locks)
{
	list_sort(locks, by_relid);
	return locks;
}

/* A verdict that rests on data holds as long as nobody writes. */
static List *
add_data_locks(List *locks, List *changes)
{
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);
		StepLock   *lock;

		if (!change->accepted || !change->unlocked || !OidIsValid(change->at->relid))
			continue;
		lock = find_lock(locks, change->at->relid);
		if (lock == NULL)
		{
			lock = palloc0(sizeof(StepLock));
			lock->relid = change->at->relid;
			lock->relation = plasma_text_relation(lock->relid);
			locks = lappend(locks, lock);
		}
		lock->mode = Max(lock->mode, ShareRowExclusiveLock);
	}
	return locks;
}

List *
plasma_execute_locks(const PlanResult *plan, List *steps)
{
	List	   *changes = NIL;
	List	   *locks = plasma_step_locks(steps, plan->options->executor);
	ListCell   *cell;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->change != NULL)
			changes = lappend(changes, (void *) step->change);
	}
	return plasma_execute_sort(add_data_locks(locks, changes));
}

static void
lock_context(void *arg)
{
	errcontext("lock on %s for the plan", ((StepLock *) arg)->relation);
}

bool
plasma_execute_lock(const PlanResult *plan, List *locks)
{
	int			level = plasma_statement_lock_timeout(plan->options->lock_timeout_ms);
	ErrorContextCallback callback = {error_context_stack, lock_context, NULL};
	bool		any = false;
	ListCell   *cell;

	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);

		if (!OidIsValid(lock->relid) ||
			CheckRelationOidLockedByMe(lock->relid, lock->mode, true))
			continue;
		callback.arg = lock;
		error_context_stack = &callback;
		LockRelationOid(lock->relid, lock->mode);
		error_context_stack = callback.previous;
		any = true;
	}
	AtEOXact_GUC(false, level);
	return any;
}

/* Why the server would not let the relation be altered, or NULL. */
static const char *
use_of(Oid relid)
{
	Relation	rel = try_relation_open(relid, NoLock);
	const char *use = NULL;

	if (rel == NULL)
		return NULL;
	if (AfterTriggerPendingOnRel(relid))
		use = "pending trigger events";
	else if (rel->rd_refcnt != (rel->rd_isnailed ? 2 : 1))
		use = "a query that is still running";
	relation_close(rel, NoLock);
	return use;
}

static Issue *
find_use(const StepLock *lock)
{
	ListCell   *cell;

	foreach(cell, find_all_inheritors(lock->relid, NoLock, NULL))
	{
		const char *use = use_of(lfirst_oid(cell));
		IssueWords	words = {.x = use};

		if (use != NULL)
			return plasma_issue_make("UN110", SEVERITY_REFUSE, NULL,
									 get_rel_name(lock->relid), NULL, NULL, NULL, &words);
	}
	return NULL;
}

void
plasma_execute_check_unused(const PlanResult *plan, List *locks)
{
	PlanResult		refused = *plan;
	ListCell   *cell;

	refused.issues = NIL;
	foreach(cell, locks)
	{
		StepLock   *lock = lfirst(cell);
		Issue	   *issue = OidIsValid(lock->relid) ? find_use(lock) : NULL;

		if (issue != NULL)
			refused.issues = lappend(refused.issues, issue);
	}
	if (refused.issues != NIL)
		plasma_plan_raise(&refused, false);
}

typedef struct Running
{
	const PlanStep *step;
	const StepStatement *statement;
} Running;

static void
run_statement(void *arg)
{
	Running    *running = arg;

	plasma_statement_run(running->step, running->statement);
}

/*
 * Whether the server will say the same when it is asked again.  What a function
 * or an event trigger of the application raises under a code of its own is left
 * as it is.
 */
static bool
is_refusal(int code)
{
	switch (ERRCODE_TO_CATEGORY(code))
	{
		case ERRCODE_FEATURE_NOT_SUPPORTED:
		case ERRCODE_DATA_EXCEPTION:
		case ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION:
		case ERRCODE_INVALID_TRANSACTION_TERMINATION:
		case ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION:
		case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
			return true;
	}
	return code == ERRCODE_INTERNAL_ERROR || code == ERRCODE_OBJECT_IN_USE;
}

static void
refuse_statement(const PlanStep *step, const ErrorData *error)
{
	ErrorContextCallback callback = {error_context_stack, plasma_statement_context, (void *) step};
	IssueWords	words = {NULL};
	Issue	   *issue;

	words.x = error->detail ? psprintf("%s (%s)", error->message, error->detail) : error->message;
	issue = plasma_issue_make("UN116", SEVERITY_REFUSE, NULL,
							  step->table ? step->table->name : NULL, step->column,
							  step->change ? plasma_compare_path(step->change) : NULL,
							  NULL, &words);
	error_context_stack = &callback;
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_MISFIT),
			 errmsg("MigrationRefused: %s", error->message),
			 errdetail_internal("%s", plasma_issue_layout(list_make1(issue))),
			 errhint("The transaction of this step is undone.")));
}

/*
 * Rows, and functions that are called for them only, may have something against
 * a statement that the trial on copies without rows could not find.
 */
void
plasma_execute_statement(const PlanStep *step, const StepStatement *statement)
{
	Running		running = {step, statement};
	ErrorData  *error = plasma_spi_catch(run_statement, &running);

	if (error == NULL)
		return;
	if (!is_refusal(error->sqlerrcode))
		ReThrowError(error);
	refuse_statement(step, error);
}

/* What clients have of a table, whose changes are those of one transaction. */
typedef struct Kept
{
	Oid			relid;
	List	   *added;			/* char *: columns */
	List	   *changed;
} Kept;

static Kept *
kept_of(List **all, Oid relid)
{
	Kept	   *kept;
	ListCell   *cell;

	foreach(cell, *all)
	{
		kept = lfirst(cell);
		if (kept->relid == relid)
			return kept;
	}
	kept = palloc0(sizeof(Kept));
	kept->relid = relid;
	*all = lappend(*all, kept);
	return kept;
}

static void
keep_all(List *all)
{
	ListCell   *cell;

	foreach(cell, all)
	{
		Kept	   *kept = lfirst(cell);

		plasma_copies_keep(kept->relid, kept->added, kept->changed);
	}
}

/*
 * Another type gives values for which nobody answers yet, unless they are the
 * same to clients, or none are wanted.
 */
void
plasma_execute_keep(const PlanResult *plan, List *steps)
{
	List	   *all = NIL;
	ListCell   *cell;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);
		const PlanChange *change = step->change;
		Kept	   *kept;

		if (change == NULL || get_rel_name(change->at->relid) == NULL)
			continue;
		kept = kept_of(&all, change->at->relid);
		if (change->kind == CHANGE_TYPE &&
			(plan->options->propagate == PROPAGATE_NONE ||
			 plasma_step_value_is_same(change->live, change->declared)))
			kept->changed = lappend(kept->changed, change->declared->name);
	}
	keep_all(all);
}

/* Whether the plan sees to it that clients get all rows of a table. */
static bool
is_propagated(const PlanResult *plan, Oid relid)
{
	ListCell   *cell;

	foreach(cell, plan->steps)
	{
		PlanStep   *step = lfirst(cell);

		if (step->phase == PHASE_PROPAGATE && step->change->at->relid == relid)
			return true;
	}
	return false;
}

/*
 * A column that this transaction made is null in all rows, or the steps of
 * phase propagate have seen to its values, as to those of another type; they
 * raise the generation where clients are to fetch the table.
 */
static void
keep_registered(const PlanResult *plan, List *quiet)
{
	bool		all_is_here = plan->options->executor == EXECUTOR_RUN;
	bool		none = plan->options->propagate == PROPAGATE_NONE;
	List	   *all = NIL;
	ListCell   *cell;

	foreach(cell, plan->changes)
	{
		PlanChange *change = lfirst(cell);
		Oid			relid = change->at->relid;

		if (!OidIsValid(relid) || change->table == NULL)
			continue;
		if (change->kind == CHANGE_COLUMN_ADDED &&
			(none || is_propagated(plan, relid) || list_member_ptr(quiet, change) ||
			 plasma_copies_added_here(relid, change->declared->name)))
			kept_of(&all, relid)->added = lappend(kept_of(&all, relid)->added,
												  change->declared->name);
		else if (change->kind == CHANGE_TYPE && change->accepted && change->in_catalog && (none || all_is_here))
			kept_of(&all, relid)->changed = lappend(kept_of(&all, relid)->changed,
													change->declared->name);
		else if (change->accepted && change->in_catalog)
			kept_of(&all, relid);
	}
	keep_all(all);
}

/* The columns of the tables that are registered have arrived. */
static void
end_arrivals(void)
{
	plasma_spi_write(SPI_OWNER,
					 "DELETE FROM plasma.backfills WHERE filled"
					 " AND relation IN (SELECT t.relation FROM plasma.tables t)", 0, NULL);
}

void
plasma_execute_register(const PlanResult *plan, List *quiet)
{
	int			level = plasma_statement_lock_timeout(plan->options->lock_timeout_ms);
	Enrolled	done = {NIL};

	plasma_enrol_register(plan->input.declared, &done);
	plasma_enrol_look_again();
	keep_registered(plan, quiet);
	end_arrivals();
	if (plan->active_hash == NULL || strcmp(plan->active_hash, plan->declared_hash) != 0)
		plasma_version_activate(plan->input.declared, plan->canonical);
	plasma_registry_touch();
	plasma_enrol_look_again();
	AtEOXact_GUC(false, level);
}

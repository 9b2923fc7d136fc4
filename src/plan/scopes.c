/*
 * scopes.c
 *		The queries of scopes, as a plan finds and leaves them.
 *
 *		Comes in: a plan whose changes have their verdicts.  Goes out: issues, and
 *		whether clients could not pull between its steps.  Looks names up and
 *		changes nothing.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/issue.h"
#include "plan/scopes.h"
#include "plan/words.h"
#include "schema/fault.h"
#include "schema/scope.h"

static bool
removes(const PlanChange *change, const ScopeRead *read)
{
	if (!change->accepted || !change->in_catalog || change->at->relid != read->relid)
		return false;
	return change->kind == CHANGE_TABLE_REMOVED ||
		(change->kind == CHANGE_COLUMN_REMOVED &&
		 change->live->facts->attnum == read->attnum);
}

/* What a plan takes away from a query, or NULL. */
static const PlanChange *
loss_of(List *changes, const char *query)
{
	List	   *reads = plasma_scope_reads(query);
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, changes)
		foreach(inner, reads)
			if (removes(lfirst(cell), lfirst(inner)))
				return lfirst(cell);
	return NULL;
}

static const char *
loss_words(const PlanChange *change)
{
	const char *table = plasma_words_table(change);
	const char *column = plasma_words_column(change);

	return column == NULL ? psprintf("it reads table \"%s\", which is removed", table) :
		psprintf("it reads column \"%s\" of table \"%s\", which is removed", column, table);
}

/*
 * What the plan is still to make, or to make of another type, cannot be named yet:
 * then the registration is where the server's objections come out.
 */
static const char *
fault_of(const PlanResult *plan, const BoundScope *bound, bool in_the_making)
{
	const PlanChange *loss;

	if (bound->fault != NULL)
		return in_the_making && bound->sqlerrcode != 0 ? NULL : bound->fault;
	loss = bound->query == NULL ? NULL : loss_of(plan->changes, bound->query);
	return loss == NULL ? NULL : loss_words(loss);
}

void
plasma_scopes_judge(PlanResult *plan)
{
	List	   *bound = plasma_scope_bind(plan->input.declared);
	bool		in_the_making = false;
	ListCell   *cell;

	plan->scopes_kept = plasma_scope_agrees(bound);
	foreach(cell, plan->changes)
	{
		PlanChange *change = lfirst(cell);

		in_the_making |= change->in_catalog && change->accepted;
	}
	foreach(cell, bound)
	{
		const BoundScope *scope = lfirst(cell);
		const FaultPath *path = plasma_fault_key(plasma_fault_key(NULL, "scopes"),
												 scope->scope->name);
		const char *fault = fault_of(plan, scope, in_the_making);
		IssueWords	words = {NULL};

		if (fault == NULL)
			continue;
		words.x = psprintf("%s: %s", scope->scope->name, fault);
		plan->issues = lappend(plan->issues,
							   plasma_issue_make("UN118", SEVERITY_REFUSE, NULL, NULL, NULL,
												 plasma_fault_path_text(path), NULL, &words));
	}
}

bool
plasma_scopes_lose(const PlanResult *plan)
{
	ListCell   *cell;

	foreach(cell, plasma_scope_read())
		if (loss_of(plan->changes, ((const SyncScope *) lfirst(cell))->query) != NULL)
			return true;
	return false;
}

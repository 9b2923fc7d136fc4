/*
 * step_hazard.c
 *		What a step does to those who work meanwhile.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/step_maker.h"

/* The strongest lock of a statement on a table or a partition of it. */
static LOCKMODE
lock_on(const StepStatement *statement, List *tree)
{
	LOCKMODE	mode = NoLock;
	ListCell   *cell;

	foreach(cell, statement->locks)
	{
		StepLock   *lock = lfirst(cell);

		if (list_member_oid(tree, lock->relid))
			mode = Max(mode, lock->mode);
	}
	return mode;
}

/* Whether it keeps writers off a table that is not its own. */
static bool
locks_others(const StepStatement *statement, List *tree)
{
	ListCell   *cell;

	foreach(cell, statement->locks)
	{
		StepLock   *lock = lfirst(cell);

		if (!list_member_oid(tree, lock->relid) && lock->mode >= ShareLock)
			return true;
	}
	return false;
}

static List *
add_hazard(List *hazards, const char *code)
{
	if (plasma_text_position(hazards, code) >= 0)
		return hazards;
	return lappend(hazards, pstrdup(code));
}

static List *
judge_statement(List *hazards, const PlanStep *step, const StepStatement *statement, List *tree)
{
	bool		blocks = lock_on(statement, tree) >= ShareLock;

	if (statement->rewrites)
		hazards = add_hazard(hazards, "LK101");
	else if (statement->scans && blocks)
		hazards = add_hazard(hazards, strcmp(step->op, "add_unique") == 0 ? "LK103" : "LK102");
	if ((statement->rewrites || statement->scans) && locks_others(statement, tree))
		hazards = add_hazard(hazards, "LK104");
	return hazards;
}

/* The relations of a table that is there: it and its partitions. */
static List *
tree_of(const PlanStep *step)
{
	Oid			relid = step->change && step->change->live_table ?
		step->change->at->relid : InvalidOid;
	List	   *tree = NIL;
	ListCell   *cell;

	foreach(cell, plasma_step_lock(NIL, relid, AccessShareLock))
		tree = lappend_oid(tree, ((StepLock *) lfirst(cell))->relid);
	return tree;
}

List *
plasma_step_hazards(const PlanStep *step, PlanExecutor executor)
{
	List	   *tree = tree_of(step);
	List	   *hazards = NIL;
	ListCell   *cell;

	if (step->phase == PHASE_PROPAGATE || tree == NIL)
		return NIL;
	foreach(cell, plasma_step_statements(step, executor))
		hazards = judge_statement(hazards, step, lfirst(cell), tree);
	return hazards;
}

/*
 * Rows are counted only where something depends on their number: somebody under
 * whose eyes policies hide rows may not ask for it.
 */
void
plasma_step_find_hazards(StepMaker *maker, PlanStep *step)
{
	step->hazards = plasma_step_hazards(step, maker->options->executor);
	if (step->hazards != NIL)
		step->rows = plasma_check_rows(step->change->live_table,
									   maker->options->max_locked_rows);
}

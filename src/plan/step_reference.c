/*
 * step_reference.c
 *		Steps for foreign keys.
 *
 *		One whose action or target changed steps aside under a name of plasma's
 *		own, until the one that takes its place and its name is valid: so there is
 *		always one, and an interrupted run is known by the name.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"
#include "utils/builtins.h"

typedef struct Reference
{
	const ModelTable *table;
	const ModelColumn *column;
	Oid			relid;			/* InvalidOid: made by the plan */
	const ModelTable *target;
	Oid			target_relid;
	bool		online;			/* can be NOT VALID */
} Reference;

static Reference
make_reference(StepMaker *maker, const PlanChange *change, const ModelColumn *column)
{
	const LiveTable *target = plasma_step_live(maker, column->references);
	Reference	reference = {change->table, column};

	reference.relid = change->live_table ? change->at->relid : InvalidOid;
	reference.target = plasma_model_table(maker->input->declared, column->references);
	reference.target_relid = target ? target->relid : InvalidOid;
	reference.online = change->live_table != NULL &&
		(change->at->relkind != RELKIND_PARTITIONED_TABLE || PLASMA_PARTITIONED_NOT_VALID);
	return reference;
}

static List *
both_locks(const Reference *reference, LOCKMODE own, LOCKMODE target)
{
	List	   *locks = plasma_step_lock(NIL, reference->relid, own);

	return plasma_step_lock(locks, reference->target_relid, target);
}

static StepStatement *
add_statement(const Reference *reference, const char *name, const char *dropped,
			  bool not_valid, LOCKMODE mode)
{
	StepStatement *statement =
		plasma_step_statement(plasma_ddl_add_foreign_key(reference->table, reference->column,
														 reference->target, name, dropped,
														 not_valid),
							  dropped ? NULL : plasma_ddl_drop_constraint(reference->table, name),
							  both_locks(reference, mode, ShareRowExclusiveLock));

	statement->scans = !not_valid && OidIsValid(reference->relid);
	return statement;
}

static StepStatement *
validate_statement(const Reference *reference, const char *name)
{
	StepStatement *statement =
		plasma_step_statement(plasma_ddl_validate_constraint(reference->table, name), NULL,
							  both_locks(reference, ShareUpdateExclusiveLock, RowShareLock));

	statement->scans = true;
	return statement;
}

void
plasma_step_add_foreign_key(StepMaker *maker, const PlanChange *change,
							const ModelColumn *column)
{
	Reference	reference = make_reference(maker, change, column);
	char	   *name = plasma_ddl_choose_name(change->table, column, "fkey", &maker->names);
	PlanStep   *step = plasma_step_add(maker, change, "add_foreign_key");

	step->column = column->name;
	step->object = psprintf("%s.%s",
							plasma_text_qualified(change->table->schema, change->table->name),
							quote_identifier(column->name));
	step->direct = list_make1(add_statement(&reference, name, NULL, false,
											ShareRowExclusiveLock));
	if (reference.online)
		step->online = list_make2(add_statement(&reference, name, NULL, true,
												ShareRowExclusiveLock),
								  validate_statement(&reference, name));
}

static StepStatement *
drop_statement(const PlanChange *change, const char *name)
{
	const ModelTable *table = change->live_table;
	List	   *locks = plasma_step_lock(NIL, table->relid, AccessExclusiveLock);

	locks = plasma_step_lock_partners(locks, table->relid, change->live->facts->attnum,
									  false, AccessExclusiveLock);
	return plasma_step_statement(plasma_ddl_drop_constraint(table, name), NULL, locks);
}

static void
drop_foreign_key(StepMaker *maker, const PlanChange *change)
{
	const ColumnFacts *facts = change->live->facts;
	PlanStep   *step = plasma_step_add(maker, change, "drop_foreign_key");

	step->direct = list_make1(drop_statement(change, facts->foreign_key));
	if (facts->old_foreign_key != NULL && strcmp(facts->old_foreign_key, facts->foreign_key) != 0)
		step->direct = lappend(step->direct, drop_statement(change, facts->old_foreign_key));
}

static StepStatement *
rename_statement(const PlanChange *change, const char *from, const char *to)
{
	return plasma_step_own(change, plasma_ddl_rename_constraint(change->table, from, to),
						   plasma_ddl_rename_constraint(change->table, to, from));
}

/* What is there is as declared: it is validated, and what it replaces goes. */
static void
finish_foreign_key(StepMaker *maker, const PlanChange *change)
{
	Reference	reference = make_reference(maker, change, change->declared);
	const ColumnFacts *facts = change->live->facts;
	const char *old = facts->old_foreign_key;
	PlanStep   *step = plasma_step_add(maker, change, facts->foreign_key_valid ?
									   "replace_foreign_key" : "validate_foreign_key");

	if (!facts->foreign_key_valid)
		step->direct = list_make1(validate_statement(&reference, facts->foreign_key));
	if (old == NULL)
		return;
	if (strcmp(old, facts->foreign_key) != 0)
		step->direct = lappend(step->direct, drop_statement(change, old));
	else
		step->direct = lappend(step->direct,
							   rename_statement(change, old,
												plasma_ddl_choose_name(change->table, change->declared,
																	   "fkey", &maker->names)));
	step->online = list_length(step->direct) > 1 ? step->direct : NIL;
}

/* In the direct form the new one has the name of the old one at once. */
static void
replace_foreign_key(StepMaker *maker, const PlanChange *change)
{
	const ModelTable *table = change->table;
	const ColumnFacts *facts = change->live->facts;
	const char *old = facts->foreign_key;
	bool		moved = plasma_model_is_passing(old, MODEL_OLD_FOREIGN_KEY);
	const char *aside = moved ? old :
		makeObjectName(MODEL_OLD_FOREIGN_KEY, change->declared->name, NULL);
	const char *name = moved ?
		plasma_ddl_choose_name(table, change->declared, "fkey", &maker->names) : old;
	Reference	reference = make_reference(maker, change, change->declared);
	PlanStep   *step = plasma_step_add(maker, change, "replace_foreign_key");
	StepStatement *statement =
		add_statement(&reference, name, old, false, AccessExclusiveLock);

	statement->locks = plasma_step_lock_partners(statement->locks, reference.relid,
												 facts->attnum, false, AccessExclusiveLock);
	step->direct = list_make1(statement);

	/* An earlier one that gives way is in the way of another. */
	if (!moved && facts->old_foreign_key != NULL)
	{
		step->direct = lappend(step->direct, drop_statement(change, facts->old_foreign_key));
		return;
	}
	if (!reference.online)
		return;
	if (!moved)
		step->online = list_make1(rename_statement(change, old, aside));
	step->online = lappend(step->online, add_statement(&reference, name, NULL, true,
													   ShareRowExclusiveLock));
	step->online = lappend(step->online, validate_statement(&reference, name));
	step->online = lappend(step->online, drop_statement(change, aside));
}

/*
 * For a reference that came, left, points elsewhere, acts otherwise or was never
 * validated: the same step, whichever of these changes is seen first.
 */
void
plasma_step_reference(StepMaker *maker, const PlanChange *change)
{
	const ModelColumn *declared = change->declared;
	const ModelColumn *live = change->live;
	bool		wanted = declared->references != NULL && declared->enforced;

	if (live->facts->foreign_key == NULL)
	{
		if (wanted)
			plasma_step_add_foreign_key(maker, change, declared);
	}
	else if (!wanted)
		drop_foreign_key(maker, change);
	else if (strcmp(live->references, declared->references) != 0 ||
			 live->on_delete != declared->on_delete)
		replace_foreign_key(maker, change);
	else if (!live->facts->foreign_key_valid || live->facts->old_foreign_key != NULL)
		finish_foreign_key(maker, change);
}

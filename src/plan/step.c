/*
 * step.c
 *		From accepted changes to the ordered steps of a plan.
 *
 *		In come the changes that verdict lets through, out go steps with their
 *		statements, locks and hazards.  Types come first, then tables, columns and
 *		what is demanded of them; what is removed comes last, before clients are
 *		told and the registry is written.  Nothing is locked or changed here.
 *
 *		Invariant: when some of the statements were done, the plan that is made
 *		then holds the rest.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"
#include "utils/builtins.h"

/* Kinds that are not listed have no steps: the registry alone knows of them. */
static void (*const makers[CHANGE_KINDS]) (StepMaker *maker, const PlanChange *change) = {
	[CHANGE_TABLE_ADDED] = plasma_step_create_table,
	[CHANGE_TABLE_REMOVED] = plasma_step_drop_table,
	[CHANGE_AUTH_READ] = plasma_step_policies,
	[CHANGE_AUTH_WRITE] = plasma_step_policies,
	[CHANGE_COLUMN_ADDED] = plasma_step_add_column,
	[CHANGE_COLUMN_REMOVED] = plasma_step_drop_column,
	[CHANGE_KIND] = plasma_step_old_check,
	[CHANGE_ENCRYPTED] = plasma_step_old_check,
	[CHANGE_TYPE] = plasma_step_alter_type,
	[CHANGE_ENUM_ADDED] = plasma_step_alter_enum,
	[CHANGE_ENUM_REMOVED] = plasma_step_alter_enum,
	[CHANGE_ENUM_ORDER] = plasma_step_alter_enum,
	[CHANGE_BACKFILL] = plasma_step_backfill,
	[CHANGE_NULLABLE] = plasma_step_nullable,
	[CHANGE_UNIQUE] = plasma_step_unique,
	[CHANGE_DEFAULT] = plasma_step_default,
	[CHANGE_CHECK] = plasma_step_check,
	[CHANGE_REFERENCE] = plasma_step_reference,
	[CHANGE_ON_DELETE] = plasma_step_reference,
	[CHANGE_ENFORCED] = plasma_step_reference,
};

static const ModelTable *
table_of(const PlanChange *change)
{
	return change->table ? change->table : change->live_table;
}

PlanStep *
plasma_step_add(StepMaker *maker, const PlanChange *change, const char *op)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));
	const ModelTable *table = table_of(change);
	const ModelColumn *column = change->declared ? change->declared : change->live;
	char	   *object = plasma_text_qualified(table->schema, table->name);

	step->op = op;
	step->phase = plasma_step_phase(op);
	step->table = table;
	step->column = column ? column->name : NULL;
	step->object = column == NULL ? object :
		psprintf("%s.%s", object, quote_identifier(column->name));
	step->change = change;
	step->lock_timeout_ms = maker->options->lock_timeout_ms;
	step->statement_timeout_ms = maker->options->statement_timeout_ms;
	maker->steps = lappend(maker->steps, step);
	return step;
}

StepStatement *
plasma_step_statement(char *sql, char *undo, List *locks)
{
	StepStatement *statement = palloc0(sizeof(StepStatement));

	statement->sql = sql;
	statement->undo = undo;
	statement->tx = TX_ANY;
	statement->locks = locks;
	return statement;
}

List *
plasma_step_own_lock(const PlanChange *change, LOCKMODE mode)
{
	return plasma_step_lock(NIL, change->at->relid, mode);
}

StepStatement *
plasma_step_own(const PlanChange *change, char *sql, char *undo)
{
	return plasma_step_statement(sql, undo, plasma_step_own_lock(change, AccessExclusiveLock));
}

StepStatement *
plasma_step_validate(const PlanChange *change, const char *constraint)
{
	StepStatement *statement =
		plasma_step_statement(plasma_ddl_validate_constraint(change->table, constraint), NULL,
							  plasma_step_own_lock(change, ShareUpdateExclusiveLock));

	statement->scans = true;
	return statement;
}

static const char *
name_of(const ModelColumn *declared, const ModelColumn *live)
{
	return declared ? declared->name : live ? live->name : "";
}

const PlanChange *
plasma_step_other(const StepMaker *maker, const PlanChange *change, ChangeKind kind)
{
	ListCell   *cell;

	foreach(cell, maker->changes)
	{
		const PlanChange *other = lfirst(cell);

		if (other->kind == kind && other->accepted && table_of(other) == table_of(change) &&
			strcmp(name_of(other->declared, other->live),
				   name_of(change->declared, change->live)) == 0)
			return other;
	}
	return NULL;
}

const LiveTable *
plasma_step_live(const StepMaker *maker, const char *name)
{
	ListCell   *cell;

	foreach(cell, maker->input->live)
	{
		const LiveTable *live = lfirst(cell);

		if (strcmp(live->declared->name, name) == 0)
			return live->table ? live : NULL;
	}
	return NULL;
}

/* One is enough of the changes that a reference's step does all at once. */
static bool
is_done_by_another(const StepMaker *maker, const PlanChange *change)
{
	static const ChangeKind alike[] = {CHANGE_REFERENCE, CHANGE_ON_DELETE, CHANGE_ENFORCED};

	for (int i = 0; i < lengthof(alike); i++)
	{
		if (alike[i] == change->kind)
			return false;
		if (makers[change->kind] == plasma_step_reference &&
			plasma_step_other(maker, change, alike[i]) != NULL)
			return true;
	}
	return false;
}

static bool
is_captured(const StepMaker *maker, const LiveTable *live)
{
	RegistryEntry *entry = plasma_registry_entry(maker->input->entries, live->declared->name);

	return entry != NULL && !entry->suppressed && entry->relid == live->relid;
}

/*
 * Triggers come to tables that are to be captured and are not yet, and go from
 * those that are not to be any more.
 */
static List *
capture_locks(const StepMaker *maker)
{
	List	   *locks = NIL;
	ListCell   *cell;

	foreach(cell, maker->input->live)
	{
		const LiveTable *live = lfirst(cell);
		ModelTable *declared = plasma_model_table(maker->input->declared, live->declared->name);
		bool		captured = is_captured(maker, live);
		bool		wanted = declared != NULL && !declared->suppressed;

		if (live->table != NULL && captured != wanted && (captured || declared != NULL))
			locks = plasma_step_lock(locks, live->relid, captured ?
									 AccessExclusiveLock : ShareRowExclusiveLock);
	}
	return locks;
}

/* Whether the registry does not hold the declaration as it is. */
static bool
is_to_register(const StepMaker *maker)
{
	const PlanInput *input = maker->input;
	ListCell   *cell;

	if (input->active == NULL ||
		strcmp(input->active->version, input->declared->version) != 0)
		return true;
	foreach(cell, maker->changes)
	{
		const PlanChange *change = lfirst(cell);

		if (change->accepted || change->in_declaration)
			return true;
	}
	foreach(cell, input->live)
	{
		const LiveTable *live = lfirst(cell);
		ModelTable *declared = plasma_model_table(input->declared, live->declared->name);

		if (declared != NULL && !declared->suppressed && !is_captured(maker, live))
			return true;
	}
	return false;
}

/* Whether the log will say otherwise than before which slices rows are in. */
static bool
cuts_anew(const PlanChange *change)
{
	if (change->kind == CHANGE_SCOPE)
		return change->accepted;
	return change->kind == CHANGE_TYPE && (change->accepted || change->in_declaration) &&
		plasma_text_position(change->table->scope_columns, change->declared->name) >= 0;
}

/*
 * Carried out by register, with bodies and generation; what is written in the
 * old way has to be over before.
 */
static void
add_scope(StepMaker *maker, const LiveTable *live)
{
	ListCell   *cell;

	if (live->table == NULL || !is_captured(maker, live))
		return;
	foreach(cell, maker->changes)
	{
		const PlanChange *change = lfirst(cell);
		PlanStep   *step;

		if (change->at != live || change->table == NULL || change->table->suppressed ||
			!cuts_anew(change))
			continue;
		step = plasma_step_add(maker, change, "set_scope");
		step->column = NULL;
		step->object = plasma_text_qualified(change->table->schema, change->table->name);
		step->locks = plasma_step_own_lock(change, ShareRowExclusiveLock);
		return;
	}
}

static void
add_register(StepMaker *maker)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));

	step->op = "register";
	step->phase = PHASE_REGISTER;
	step->object = "plasma.tables";
	step->locks = capture_locks(maker);
	step->lock_timeout_ms = maker->options->lock_timeout_ms;
	step->statement_timeout_ms = maker->options->statement_timeout_ms;
	maker->steps = lappend(maker->steps, step);
}

List *
plasma_step_make(const PlanInput *input, List *changes, const PlanOptions *options)
{
	StepMaker	maker = {input, changes, options};
	ListCell   *cell;

	foreach(cell, changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->accepted && change->in_catalog && makers[change->kind] != NULL &&
			!is_done_by_another(&maker, change))
			makers[change->kind] (&maker, change);
		else if (change->accepted && !change->in_catalog &&
				 makers[change->kind] == plasma_step_old_check)
			makers[change->kind] (&maker, change);
	}
	foreach(cell, input->live)
		add_scope(&maker, lfirst(cell));
	plasma_step_propagate(&maker);
	if (is_to_register(&maker))
		add_register(&maker);
	plasma_step_sort(&maker);
	foreach(cell, maker.steps)
		plasma_step_find_hazards(&maker, lfirst(cell));
	return maker.steps;
}

void
plasma_step_judge(const PlanInput *input, List *changes, const PlanOptions *options,
				  List *steps)
{
	StepMaker	maker = {input, changes, options, steps};
	ListCell   *cell;

	foreach(cell, steps)
	{
		PlanStep   *step = lfirst(cell);

		step->hazards = NIL;
		plasma_step_find_hazards(&maker, step);
	}
}

/* Whether an executor that is a function can run them all. */
static bool
runs_in_transactions(List *statements)
{
	ListCell   *cell;

	foreach(cell, statements)
	{
		StepStatement *statement = lfirst(cell);

		if (statement->tx == TX_NONE && statement->instead == NULL)
			return false;
	}
	return true;
}

List *
plasma_step_statements(const PlanStep *step, PlanExecutor executor)
{
	List	   *statements = NIL;
	ListCell   *cell;

	if (executor == EXECUTOR_RUN || step->online == NIL)
		return step->direct;
	if (executor == EXECUTOR_SQL)
		return step->online;
	if (!runs_in_transactions(step->online))
		return step->direct;
	foreach(cell, step->online)
	{
		StepStatement *statement = lfirst(cell);

		statements = lappend(statements, statement->instead ? statement->instead : statement);
	}
	return statements;
}

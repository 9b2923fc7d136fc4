/*
 * step_type.c
 *		Steps for enum types: making them, labels that come, labels that leave.
 *
 *		A type that several columns have is altered once.
 */
#include "postgres.h"

#include "base/text.h"
#include "commands/defrem.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"
#include "utils/lsyscache.h"

/* Whether the type has no step yet; from now on it has. */
static bool
claim(StepMaker *maker, const ModelEnum *type)
{
	char	   *name = plasma_text_qualified(type->schema, type->name);

	if (plasma_text_position(maker->types, name) >= 0)
		return false;
	maker->types = lappend(maker->types, name);
	return true;
}

static PlanStep *
add_step(StepMaker *maker, const PlanChange *change, const ModelEnum *type, const char *op)
{
	PlanStep   *step = plasma_step_add(maker, change, op);

	step->table = NULL;
	step->column = NULL;
	step->object = plasma_text_qualified(type->schema, type->name);
	return step;
}

void
plasma_step_create_type(StepMaker *maker, const PlanChange *change,
						const ModelColumn *column)
{
	const ModelEnum *type = column->enumeration;
	PlanStep   *step;

	if (type == NULL || OidIsValid(type->typid) || !claim(maker, type))
		return;
	step = add_step(maker, change, type, "create_type");
	step->direct = list_make1(plasma_step_statement(plasma_ddl_create_type(type),
													plasma_ddl_drop_type(type->schema, type->name),
													NIL));
}

/* One ALTER TYPE for each label, so that the order becomes the declared one. */
static List *
add_labels(const ModelEnum *declared, const ModelEnum *live, StepTx tx)
{
	List	   *statements = NIL;
	const char *first = live->labels == NIL ? NULL : linitial(live->labels);
	ListCell   *cell;

	foreach(cell, declared->labels)
	{
		int			i = foreach_current_index(cell);
		const char *label = lfirst(cell);
		StepStatement *statement;

		if (plasma_text_position(live->labels, label) >= 0)
			continue;
		statement = plasma_step_statement(plasma_ddl_add_label(declared, label,
															   i > 0 ? list_nth(declared->labels, i - 1) : NULL,
															   first), NULL, NIL);
		statement->tx = tx;
		statements = lappend(statements, statement);
	}
	return statements;
}

/* Every column of the tables of the declaration that has the type. */
static List *
convert_table(const LiveTable *at, Oid typid)
{
	List	   *actions = NIL;
	ListCell   *cell;

	foreach(cell, at->table->columns)
	{
		ModelColumn *live = lfirst(cell);
		ModelColumn *declared = plasma_model_column(at->declared, live->name);

		if (live->typid == typid || get_element_type(live->typid) == typid)
			actions = lappend(actions,
							  plasma_ddl_alter_type(at->table,
													declared && declared->typid == live->typid ? declared : live,
													DDL_USING_TEXT, live->default_sql != NULL));
	}
	return actions;
}

static List *
convert_columns(const StepMaker *maker, const ModelEnum *type)
{
	List	   *statements = NIL;
	ListCell   *cell;

	foreach(cell, maker->input->live)
	{
		const LiveTable *at = lfirst(cell);
		List	   *actions = at->table ? convert_table(at, type->typid) : NIL;
		StepStatement *statement;

		if (actions == NIL)
			continue;
		statement = plasma_step_statement(plasma_ddl_combine(at->table, actions), NULL,
										  plasma_step_lock(NIL, at->relid, AccessExclusiveLock));
		statement->rewrites = true;
		statements = lappend(statements, statement);
	}
	return statements;
}

/* The old type steps aside, so that all text about the new one is as declared. */
static List *
replace_type(const StepMaker *maker, const ModelEnum *declared, const ModelEnum *live)
{
	char	   *aside = makeObjectName("_plasma_old", live->name, NULL);
	StepStatement *drop;
	List	   *statements;

	statements = list_make2(plasma_step_statement(plasma_ddl_rename_type(live, aside), NULL, NIL),
							plasma_step_statement(plasma_ddl_create_type(declared), NULL, NIL));
	statements = list_concat(statements, convert_columns(maker, live));
	drop = plasma_step_statement(plasma_ddl_drop_type(live->schema, aside), NULL, NIL);
	drop->drops_type = true;
	return lappend(statements, drop);
}

/* The type as it is: of the live column, or of the name that a new one has. */
static const ModelEnum *
live_enum(const PlanChange *change)
{
	ModelEnum  *copy;

	if (change->live != NULL)
		return change->live->enumeration;
	if (change->declared->enumeration == NULL)
		return NULL;
	copy = palloc(sizeof(ModelEnum));
	*copy = *change->declared->enumeration;
	copy->labels = copy->existing;
	return copy;
}

void
plasma_step_alter_enum(StepMaker *maker, const PlanChange *change)
{
	const ModelEnum *declared = change->declared->enumeration;
	const ModelEnum *live = live_enum(change);
	bool		shrinks = plasma_step_other(maker, change, CHANGE_ENUM_REMOVED) != NULL ||
		plasma_step_other(maker, change, CHANGE_ENUM_ORDER) != NULL;
	PlanStep   *step;

	if (declared == NULL || live == NULL || declared->typid != live->typid ||
		!claim(maker, declared))
		return;
	if (shrinks)
	{
		step = add_step(maker, change, declared, "replace_type");
		step->direct = replace_type(maker, declared, live);
		return;
	}
	step = add_step(maker, change, declared, "add_enum_value");
	if (!plasma_compare_names_new_labels(maker->changes, change))
	{
		step->direct = add_labels(declared, live, TX_ANY);
		return;
	}
	step->direct = replace_type(maker, declared, live);
	step->online = add_labels(declared, live, TX_OWN);
}

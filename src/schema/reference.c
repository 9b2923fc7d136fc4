/*
 * reference.c
 *		From foreign keys, and declared references without one, to refs.
 *
 *		A ref has the type of its target's key, an action that fits its column,
 *		and a chain of keys that comes to an end.  Where a foreign key is not like
 *		that, the column is described without it: the constraint stays what it is,
 *		the application's affair.
 */
#include "postgres.h"

#include "schema/reference.h"

/* What a declaration says of an action and a column that do not go together. */
static bool
takes_action(const ModelColumn *column)
{
	if (column->on_delete != ON_DELETE_SET_NULL && column->on_delete != ON_DELETE_SET_DEFAULT)
		return true;
	if (column->generated != NULL)
		return false;
	return column->nullable ||
		(column->on_delete == ON_DELETE_SET_DEFAULT && column->default_sql != NULL);
}

/* Whether the chain of keys that begins with this column comes back to it. */
static bool
leads_back(const Model *model, const ModelColumn *column)
{
	const ModelColumn *at = column;

	for (int steps = 0; steps <= list_length(model->tables); steps++)
	{
		const ModelTable *target = plasma_model_table(model, at->references);

		at = plasma_model_column(target, linitial(target->key));
		if (at == column)
			return true;
		if (at->references == NULL)
			return false;
	}
	return false;
}

/* References to a key of several columns, or of another type, cannot be told. */
static bool
can_refer(const Model *model, const ModelColumn *column)
{
	const ModelTable *target = plasma_model_table(model, column->references);
	const ModelColumn *key;

	if (target == NULL || list_length(target->key) != 1 ||
		column->identity != IDENTITY_NONE)
		return false;
	key = plasma_model_column(target, linitial(target->key));
	return key->typid == column->typid && key->typmod == column->typmod &&
		takes_action(column);
}

static void
clear(ModelColumn *column)
{
	column->references = NULL;
	column->on_delete = ON_DELETE_NO_ACTION;
	column->enforced = false;
}

static void
choose(const Model *model, ModelColumn *column, const ModelColumn *declared)
{
	if (column->references != NULL &&
		(!column->facts->foreign_key_valid || !can_refer(model, column)))
		clear(column);
	if (column->references != NULL || declared == NULL ||
		declared->references == NULL || declared->enforced)
		return;
	column->references = declared->references;
	if (!can_refer(model, column))
		clear(column);
}

/* Cycles are looked for when all refs are there; the first one of a cycle goes. */
void
plasma_reference_choose(Model *model, const Model *active)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);
		ModelTable *past = plasma_model_same_table(active, table);

		foreach(inner, table->columns)
		{
			ModelColumn *column = lfirst(inner);

			choose(model, column, past ? plasma_model_column(past, column->name) : NULL);
		}
	}
	foreach(cell, model->tables)
		foreach(inner, ((ModelTable *) lfirst(cell))->columns)
		{
			ModelColumn *column = lfirst(inner);

			if (column->references != NULL && leads_back(model, column))
				clear(column);
		}
}

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

#include "catalog/pg_type.h"
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

static bool
is_text(Oid typid)
{
	return typid == TEXTOID || typid == VARCHAROID;
}

static bool
is_integer(Oid typid)
{
	return typid == INT2OID || typid == INT4OID || typid == INT8OID;
}

/*
 * A column that is made for a ref gets the type of the key.  One that was
 * declared may have a like one.
 */
static bool
has_type_of(const ModelColumn *column, const ModelColumn *key, bool declared)
{
	if (column->typid == key->typid && column->typmod == key->typmod)
		return true;
	return declared && ((is_text(column->typid) && is_text(key->typid)) ||
						(is_integer(column->typid) && is_integer(key->typid)));
}

/* References to a key of several columns, or of another type, cannot be told. */
static bool
can_refer(const Model *model, const ModelColumn *column, bool declared)
{
	const ModelTable *target = plasma_model_table(model, column->references);

	return target != NULL && list_length(target->key) == 1 &&
		column->identity == IDENTITY_NONE && takes_action(column) &&
		has_type_of(column, plasma_model_column(target, linitial(target->key)), declared);
}

static void
clear(ModelColumn *column)
{
	column->references = NULL;
	column->on_delete = ON_DELETE_NO_ACTION;
	column->enforced = false;
}

/* A synced column stays what clients know it as, a ref or none. */
static void
choose(const Model *model, ModelColumn *column, const ModelColumn *declared)
{
	bool		known = declared != NULL && declared->references != NULL;

	if (column->references != NULL &&
		(!column->facts->foreign_key_valid || (declared != NULL && !known) ||
		 !can_refer(model, column, known)))
		clear(column);
	if (column->references != NULL || !known || declared->enforced)
		return;
	column->references = declared->references;
	if (!can_refer(model, column, known))
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

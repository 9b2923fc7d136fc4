/*
 * key.c
 *		Which columns identify a row of a table, and what refers to them.
 */
#include "postgres.h"

#include "base/text.h"
#include "log/encode.h"
#include "schema/fault.h"
#include "schema/key.h"
#include "utils/lsyscache.h"

static const ModelColumn *find_id(FaultList *faults, const FaultPath *path,
								  const ModelTable *table);
static void derive_key(FaultList *faults, const FaultPath *path,
					   ModelTable *table, const ModelColumn *id);
static void add_key_column(FaultList *faults, const FaultPath *path,
						   ModelTable *table, const JsonNode *node);

void
plasma_key_parse(FaultList *faults, const FaultPath *path, ModelTable *table,
				 const JsonNode *node)
{
	const JsonNode *key = plasma_json_get(node, "key");
	const ModelColumn *id = find_id(faults, path, table);
	int			before = list_length(faults->lines);
	int			count;

	if (table->columns == NIL)
		return;
	if (key == NULL)
	{
		derive_key(faults, path, table, id);
		return;
	}
	path = plasma_fault_key(path, "key");
	if (key->type != JSON_NODE_ARRAY)
		add_key_column(faults, path, table, key);
	count = list_length(key->items);
	if (key->type == JSON_NODE_ARRAY && count == 0 && !table->suppressed)
		plasma_fault_add(faults, path,
						 "has no columns; from 1 to %d are allowed, and none only with \"changeLogSuppressed\": true",
						 INDEX_MAX_KEYS);
	else if (key->type == JSON_NODE_ARRAY && count > INDEX_MAX_KEYS)
		plasma_fault_add(faults, path,
						 "has %d columns; from 1 to %d are allowed", count, INDEX_MAX_KEYS);
	else
		for (int i = 0; i < count; i++)
			add_key_column(faults, plasma_fault_index(path, i), table,
						   list_nth(key->items, i));
	if (id != NULL && (table->key != NIL || list_length(faults->lines) == before) &&
		plasma_text_position(table->key, id->name) < 0)
		plasma_fault_add(faults, path,
						 "does not have the column %s, whose kind id makes it part of the key",
						 plasma_fault_quote(id->name));
	if (list_length(faults->lines) > before)
		table->key = NIL;
}

static const ModelColumn *
find_id(FaultList *faults, const FaultPath *path, const ModelTable *table)
{
	const ModelColumn *id = NULL;
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		const ModelColumn *column = lfirst(cell);

		if (column->kind != KIND_ID)
			continue;
		if (id == NULL)
			id = column;
		else
			plasma_fault_add(faults,
							 plasma_fault_key(plasma_fault_key(plasma_fault_key(path, "columns"),
															   column->name), "kind"),
							 "a table has one column of kind id, and %s is one already",
							 plasma_fault_quote(id->name));
	}
	return id;
}

/* The key of a table that names none: its column id, of kind id. */
static void
derive_key(FaultList *faults, const FaultPath *path, ModelTable *table,
		   const ModelColumn *id)
{
	ListCell   *cell;

	if (id != NULL && strcmp(id->name, "id") == 0)
	{
		table->key = list_make1(id->name);
		return;
	}
	if (id != NULL)
	{
		plasma_fault_add(faults, path,
						 "its column of kind id is named %s; it is expected to be named id, or a \"key\" to name it",
						 plasma_fault_quote(id->name));
		return;
	}

	/* A column that has a fault of its own may have been meant. */
	foreach(cell, table->columns)
	{
		const ModelColumn *column = lfirst(cell);

		if (column->kind == KIND_SQL && !OidIsValid(column->typid) &&
			column->enumeration == NULL)
			return;
	}
	plasma_fault_add(faults, path,
					 "has no key; a column id of kind id, or a \"key\" that names columns is expected%s",
					 table->suppressed ? ", or \"key\": []" : "");
}

/* Adds a declared key column, or notes why it cannot be one. */
static void
add_key_column(FaultList *faults, const FaultPath *path, ModelTable *table,
			   const JsonNode *node)
{
	ModelColumn *column;
	char	   *quoted;

	if (node->type != JSON_NODE_STRING)
	{
		plasma_fault_add(faults, path,
						 "is %s; the name of a column is expected",
						 plasma_json_type_name(node));
		return;
	}
	column = plasma_model_column(table, node->text);
	quoted = plasma_fault_quote(node->text);
	if (column == NULL)
		plasma_fault_add(faults, path,
						 "%s is not a column of the table; a declared column is expected",
						 quoted);
	else if (plasma_text_position(table->key, node->text) >= 0)
		plasma_fault_add(faults, path,
						 "%s is in the key already; each column may be in it once", quoted);
	else if (column->nullable)
		plasma_fault_add(faults, path,
						 "column %s is nullable; key columns are not", quoted);
	else if (column->encrypted)
		plasma_fault_add(faults, path,
						 "column %s is encrypted; key columns are not", quoted);
	else
		table->key = lappend(table->key, column->name);
}

/*
 * A ref has the type of its target's key column, which may be a ref itself;
 * the end of the chain has a type.  A chain that comes back to where it began
 * has none.  One that runs into a cycle further on is left to the columns of
 * that cycle to tell.
 */
void
plasma_key_resolve(FaultList *faults, const FaultPath *path, const Model *model,
				   ModelColumn *column)
{
	const ModelColumn *at = column;

	if (column->references == NULL)
		return;
	path = plasma_fault_key(path, "references");
	for (int steps = 0; steps <= list_length(model->tables); steps++)
	{
		const ModelTable *target = plasma_model_table(model, at->references);

		if (at == column && target == NULL)
			plasma_fault_add(faults, path,
							 "%s is not a declared table; the name of one is expected",
							 plasma_fault_quote(column->references));
		if (at == column && target != NULL && list_length(target->key) > 1)
			plasma_fault_add(faults, path,
							 "the key of %s has %d columns; a table whose key is a single column is expected",
							 plasma_fault_quote(target->name), list_length(target->key));
		if (at == column && target != NULL && target->key == NIL && target->suppressed)
			plasma_fault_add(faults, path,
							 "%s has no key; a table whose key is a single column is expected",
							 plasma_fault_quote(target->name));
		if (target == NULL || list_length(target->key) != 1)
			return;
		at = plasma_model_column(target, linitial(target->key));
		if (at == column)
		{
			plasma_fault_add(faults, path,
							 "the key is a ref that leads back to itself; a chain of keys that ends in another kind is expected");
			return;
		}
		if (at->kind != KIND_REF)
		{
			column->typid = at->typid;
			column->typmod = at->typmod;
			column->enumeration = at->enumeration;
			column->array = at->array;
			return;
		}
		if (at->references == NULL)
			return;
	}
}

/*
 * The key that a ref points to has been checked where it is declared, unless
 * that table is not synced: its key may be of any type.
 */
void
plasma_key_check(FaultList *faults, const FaultPath *path, const Model *model,
				 const ModelTable *table, const ModelColumn *column)
{
	Oid			collation = column->collation;
	const char *fault = NULL;

	if (table->suppressed || column->encrypted ||
		plasma_text_position(table->key, column->name) < 0)
		return;
	if (column->references != NULL)
	{
		const ModelTable *target = plasma_model_table(model, column->references);

		if (target == NULL || !target->suppressed)
			return;
	}
	if (!OidIsValid(collation))
		collation = get_typcollation(column->typid);
	if (OidIsValid(column->typid))
		fault = plasma_encode_key_fault(column->typid, collation);
	else if (column->array)
		fault = "it is made of several values";
	if (fault != NULL)
		plasma_fault_add(faults, path,
						 "type %s cannot be part of the key: %s",
						 plasma_model_type(column), fault);
}

/*
 * declare.c
 *		The declaration: its frame, its tables, and what ties them together.
 *
 *		Two passes.  The first reads each table and column by itself.  The second
 *		knows all tables: it gives a ref the type of its target's key, and then
 *		checks what depends on types.  Only a declaration without a fault becomes
 *		a model that anybody sees.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/json.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/attempt.h"
#include "schema/column.h"
#include "schema/declare.h"
#include "schema/fault.h"
#include "schema/key.h"
#include "schema/label.h"
#include "schema/scope.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

static const char *const top_keys[] = {"version", "scopes", "tables"};
static const char *const table_keys[] = {
	"columns", "schema", "key", "changeLogSuppressed", "history", "auth", "scope"
};
static const char *const auth_keys[] = {"read", "write", "dependsOn"};

/* A column as it was read, for the second pass. */
typedef struct Declared
{
	ModelTable *table;
	ModelColumn *column;
	const FaultPath *path;
	const JsonNode *node;
} Declared;

typedef struct Reading
{
	FaultList	faults;
	Model	   *model;
	List	   *declared;		/* Declared * */
	List	   *enumerations;	/* of plasma_label_parse */
} Reading;

static JsonNode *parse_json(const char *json_text, int len);
static void parse_root(Reading *reading, const JsonNode *root);
static void parse_table(Reading *reading, const FaultPath *path,
						const char *name, const JsonNode *node);
static void parse_schema(Reading *reading, const FaultPath *path,
						 ModelTable *table, const JsonNode *node);
static void parse_columns(Reading *reading, const FaultPath *path,
						  ModelTable *table, const JsonNode *node);
static void parse_auth(Reading *reading, const FaultPath *path,
					   ModelTable *table, const JsonNode *node);

Model *
plasma_declare_parse(const char *json_text, int len)
{
	Reading		reading = {{NIL}, palloc0(sizeof(Model))};
	JsonNode   *root = parse_json(json_text, len);
	ListCell   *cell;

	plasma_fault_duplicates(&reading.faults, NULL, root);
	parse_root(&reading, root);
	plasma_label_check(&reading.faults, reading.enumerations, reading.model);
	foreach(cell, reading.declared)
	{
		Declared   *declared = lfirst(cell);

		plasma_key_resolve(&reading.faults, declared->path, reading.model,
						   declared->column);
	}
	foreach(cell, reading.declared)
	{
		Declared   *declared = lfirst(cell);

		plasma_key_check(&reading.faults, declared->path, reading.model,
						 declared->table, declared->column);
		if (declared->node->type == JSON_NODE_OBJECT)
			plasma_column_finish(&reading.faults, declared->path,
								 declared->column, declared->node);
	}
	plasma_scope_check(&reading.faults, reading.model);
	plasma_fault_raise(&reading.faults);
	return reading.model;
}

char *
plasma_declare_canonical(const char *json_text, int len)
{
	return plasma_json_write(parse_json(json_text, len));
}

/* What the type json lets pass although no text can hold it is raised here. */
static JsonNode *
parse_json(const char *json_text, int len)
{
	char	   *error;
	JsonNode   *root = plasma_json_parse(json_text, len, &error);
	FaultList	faults = {NIL};

	if (root == NULL)
	{
		plasma_fault_add(&faults, NULL, "is not JSON that can be kept: %s", error);
		plasma_fault_raise(&faults);
	}
	return root;
}

static void
parse_root(Reading *reading, const JsonNode *root)
{
	FaultList  *faults = &reading->faults;
	const FaultPath *path = plasma_fault_key(NULL, "tables");
	const JsonNode *tables;
	ListCell   *cell;

	if (!plasma_fault_object(faults, NULL, root, top_keys, lengthof(top_keys)))
		return;
	reading->model->version = plasma_fault_string(faults, NULL, root, "version");
	if (plasma_json_get(root, "version") == NULL)
		plasma_fault_add(faults, NULL, "has no version; a string that is not empty is expected");
	else if (reading->model->version && *reading->model->version == '\0')
		plasma_fault_add(faults, plasma_fault_key(NULL, "version"),
						 "is empty; a string that is not empty is expected");

	plasma_scope_parse(faults, reading->model, plasma_json_get(root, "scopes"));
	tables = plasma_json_get(root, "tables");
	if (tables == NULL)
		plasma_fault_add(faults, NULL, "has no tables; an object with a key for each table is expected");
	else if (tables->type != JSON_NODE_OBJECT)
		plasma_fault_add(faults, path, "is %s; an object with a key for each table is expected",
						 plasma_json_type_name(tables));
	else
	{
		plasma_fault_cut_names(faults, path, tables);
		foreach(cell, tables->items)
		{
			const char *name = list_nth(tables->keys, foreach_current_index(cell));

			parse_table(reading, plasma_fault_key(path, name), name, lfirst(cell));
		}
	}
}

static void
parse_table(Reading *reading, const FaultPath *path, const char *name,
			const JsonNode *node)
{
	ModelTable *table;

	CHECK_FOR_INTERRUPTS();
	if (plasma_model_table(reading->model, name) != NULL)
		return;
	table = palloc0(sizeof(ModelTable));
	table->name = pstrdup(name);
	table->schema = "public";
	reading->model->tables = lappend(reading->model->tables, table);
	plasma_fault_name(&reading->faults, path, "table", name);
	if (!plasma_fault_object(&reading->faults, path, node, table_keys,
							 lengthof(table_keys)))
		return;

	table->suppressed = plasma_fault_bool(&reading->faults, path, node,
										  "changeLogSuppressed", false);
	parse_schema(reading, path, table, node);
	parse_columns(reading, path, table, node);
	plasma_key_parse(&reading->faults, path, table, node);
	parse_auth(reading, plasma_fault_key(path, "auth"), table,
			   plasma_json_get(node, "auth"));
	table->history = plasma_fault_bool(&reading->faults, path, node, "history", true);
	plasma_scope_parse_table(&reading->faults, path, reading->model, table, node);
}

static void
parse_schema(Reading *reading, const FaultPath *path, ModelTable *table,
			 const JsonNode *node)
{
	char	   *schema = plasma_fault_string(&reading->faults, path, node, "schema");

	if (schema == NULL)
		return;
	table->schema = schema;
	plasma_fault_schema(&reading->faults, plasma_fault_key(path, "schema"), schema);
}

static void
parse_column(Reading *reading, const FaultPath *path, ModelTable *table,
			 const char *name, const JsonNode *node)
{
	Declared   *declared = palloc(sizeof(Declared));

	if (plasma_model_column(table, name) != NULL)
		return;
	declared->table = table;
	declared->path = plasma_fault_key(path, name);
	declared->node = node;
	declared->column = plasma_column_parse(&reading->faults, declared->path, name, node);
	if (node->type == JSON_NODE_OBJECT)
		plasma_label_parse(&reading->faults, declared->path,
								 &reading->enumerations, table, declared->column, node);
	table->columns = lappend(table->columns, declared->column);
	reading->declared = lappend(reading->declared, declared);
}

static void
parse_columns(Reading *reading, const FaultPath *path, ModelTable *table,
			  const JsonNode *node)
{
	const JsonNode *columns = plasma_json_get(node, "columns");

	if (columns == NULL)
	{
		plasma_fault_add(&reading->faults, path,
						 "has no columns; an object with a key for each column is expected");
		return;
	}
	path = plasma_fault_key(path, "columns");
	if (columns->type != JSON_NODE_OBJECT)
		plasma_fault_add(&reading->faults, path,
						 "is %s; an object with a key for each column is expected",
						 plasma_json_type_name(columns));
	else if (columns->items == NIL)
		plasma_fault_add(&reading->faults, path,
						 "is empty; an object with a key for each column is expected");
	else if (list_length(columns->items) > MaxHeapAttributeNumber)
		plasma_fault_add(&reading->faults, path,
						 "has %d columns; at most %d are allowed (UN113)",
						 list_length(columns->items), MaxHeapAttributeNumber);
	else
	{
		plasma_fault_cut_names(&reading->faults, path, columns);
		for (int i = 0; i < list_length(columns->items); i++)
			parse_column(reading, path, table, list_nth(columns->keys, i),
						 list_nth(columns->items, i));
	}
}

static char *
parse_predicate(Reading *reading, const FaultPath *path, const JsonNode *node,
				const char *key)
{
	char	   *text = plasma_fault_string(&reading->faults, path, node, key);
	const char *fault = text ? plasma_attempt_expression(&reading->faults, text) : NULL;

	if (fault != NULL)
		plasma_fault_add(&reading->faults, plasma_fault_key(path, key),
						 "%s; one SQL expression of type boolean is expected", fault);
	return text;
}

/* Whether the relations are there is seen when the declaration is applied. */
static char *
parse_depends_on(Reading *reading, const FaultPath *path, const JsonNode *node)
{
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (node->type != JSON_NODE_ARRAY && !(node->type == JSON_NODE_BOOL && !node->boolean))
	{
		plasma_fault_add(&reading->faults, path,
						 "is %s; an array of names of tables is expected, or false",
						 plasma_json_type_name(node));
		return NULL;
	}
	foreach(cell, node->items)
	{
		const JsonNode *item = lfirst(cell);

		if (item->type != JSON_NODE_STRING || *item->text == '\0')
			plasma_fault_add(&reading->faults,
							 plasma_fault_index(path, foreach_current_index(cell)),
							 "is no name of a table; \"table\" or \"schema.table\" is expected");
	}
	return plasma_json_write(node);
}

static void
parse_auth(Reading *reading, const FaultPath *path, ModelTable *table,
		   const JsonNode *node)
{
	if (node == NULL ||
		!plasma_fault_object(&reading->faults, path, node, auth_keys,
							 lengthof(auth_keys)))
		return;
	table->auth_read = parse_predicate(reading, path, node, "read");
	table->auth_write = parse_predicate(reading, path, node, "write");
	table->depends_on = parse_depends_on(reading, plasma_fault_key(path, "dependsOn"),
										 plasma_json_get(node, "dependsOn"));
}

PG_FUNCTION_INFO_V1(plasma_declare_check);

Datum
plasma_declare_check(PG_FUNCTION_ARGS)
{
	text	   *json = PG_GETARG_TEXT_PP(0);
	Model	   *model = plasma_declare_parse(VARDATA_ANY(json), VARSIZE_ANY_EXHDR(json));

	return DirectFunctionCall1(jsonb_in, CStringGetDatum(plasma_model_write(model)));
}

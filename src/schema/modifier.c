/*
 * modifier.c
 *		Reading of the modifiers that say where values come from: an expression,
 *		for a default or for good, or a sequence; and of the collation.
 *
 *		An expression is the caller's own SQL, as a predicate is.  That it is one
 *		expression is found here; what it means and whether it fits the column,
 *		the server says when the column is made.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/value.h"
#include "schema/attempt.h"
#include "schema/modifier.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

/* Each gives a column its values; it has one of them at most. */
static const char *const source_keys[] = {
	"default", "defaultExpression", "generated", "identity"
};

typedef struct CollationTrial
{
	const char *text;
	Oid			collation;
} CollationTrial;

static void
check_sources(FaultList *faults, const FaultPath *path, const ModelColumn *column,
			  const JsonNode *node)
{
	const char *first = NULL;

	for (int i = 0; i < lengthof(source_keys); i++)
	{
		const char *key = source_keys[i];

		if (plasma_json_get(node, key) == NULL)
			continue;
		if (first != NULL)
			plasma_fault_add(faults, plasma_fault_key(path, key),
							 "the column has \"%s\" already; a column has one of %s",
							 first, plasma_fault_names(source_keys, lengthof(source_keys)));
		else if (column->kind == KIND_ID && i > 0)
			plasma_fault_add(faults, plasma_fault_key(path, key),
							 "a column of kind id has none, clients make its values; a column of another kind, named as the \"key\", may have one");
		if (first == NULL)
			first = key;
	}
}

static char *
parse_expression(FaultList *faults, const FaultPath *path, const JsonNode *node,
				 const char *key)
{
	char	   *text = plasma_fault_string(faults, path, node, key);
	const char *fault = text ? plasma_attempt_expression(faults, text) : NULL;

	if (fault != NULL)
		plasma_fault_add(faults, plasma_fault_key(path, key),
						 "%s; one SQL expression is expected", fault);
	return text;
}

static void
parse_identity(FaultList *faults, const FaultPath *path, ModelColumn *column,
			   const JsonNode *node)
{
	char	   *name = plasma_fault_string(faults, path, node, "identity");

	path = plasma_fault_key(path, "identity");
	if (name == NULL)
		return;
	if (!plasma_model_find_identity(name, &column->identity))
		plasma_fault_add(faults, path,
						 "%s is not an identity; always, byDefault or serial is expected",
						 plasma_fault_quote(name));
	else if (column->nullable && column->identity != IDENTITY_SERIAL)
		plasma_fault_add(faults, path, "an identity column is never nullable");
}

static void
try_collation(void *arg)
{
	CollationTrial *trial = arg;
	List	   *parts = plasma_text_list(DirectFunctionCall2(parse_ident,
															 CStringGetTextDatum(trial->text),
															 BoolGetDatum(true)));
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, parts)
		names = lappend(names, makeString(lfirst(cell)));
	trial->collation = get_collation_oid(names, false);
}

static void
parse_collation(FaultList *faults, const FaultPath *path, ModelColumn *column,
				const JsonNode *node)
{
	CollationTrial trial = {plasma_fault_string(faults, path, node, "collation")};
	ErrorData  *error;

	if (trial.text == NULL)
		return;
	error = plasma_spi_try(try_collation, &trial);
	if (error != NULL)
		plasma_fault_add(faults, plasma_fault_key(path, "collation"),
						 "%s is not a collation: %s; one that exists is expected, such as \"pg_catalog.\\\"C\\\"\"",
						 plasma_fault_quote(trial.text), error->message);
	else
		column->collation = trial.collation;
}

/* What the server refuses of a foreign key on such a column. */
static void
check_generated_reference(FaultList *faults, const FaultPath *path,
						  const ModelColumn *column)
{
	if (column->generated != NULL &&
		(column->on_delete == ON_DELETE_SET_NULL || column->on_delete == ON_DELETE_SET_DEFAULT))
		plasma_fault_add(faults, plasma_fault_key(path, "onDelete"),
						 "%s writes to the column, which is generated; cascade, restrict and noAction do not",
						 plasma_model_on_delete_name(column->on_delete));
}

void
plasma_modifier_parse(FaultList *faults, const FaultPath *path, ModelColumn *column,
					  const JsonNode *node)
{
	check_sources(faults, path, column, node);
	column->default_sql = parse_expression(faults, path, node, "defaultExpression");
	column->generated = parse_expression(faults, path, node, "generated");
	parse_identity(faults, path, column, node);
	parse_collation(faults, path, column, node);
	check_generated_reference(faults, path, column);
}

void
plasma_modifier_finish(FaultList *faults, const FaultPath *path,
					   const ModelColumn *column)
{
	if (column->identity != IDENTITY_NONE && column->typid != INT2OID &&
		column->typid != INT4OID && column->typid != INT8OID)
		plasma_fault_add(faults, plasma_fault_key(path, "identity"),
						 "values of type %s cannot be drawn from a sequence; smallint, integer and bigint can",
						 plasma_model_type(column));
	if (OidIsValid(column->collation) && !OidIsValid(get_typcollation(column->typid)))
		plasma_fault_add(faults, plasma_fault_key(path, "collation"),
						 "values of type %s have no collation",
						 plasma_model_type(column));
}

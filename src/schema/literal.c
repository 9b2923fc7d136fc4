/*
 * literal.c
 *		Which defaults of the database are constants, and their JSON.
 *
 *		In comes SQL as the server prints it: a number, true or false, or a
 *		string cast to the type of the column.  What is made of it is read as a
 *		declaration would be (default.c); if that has a fault it is no constant.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "schema/default.h"
#include "schema/fault.h"
#include "schema/literal.h"
#include "utils/lsyscache.h"

/* The expression of a default, if it is one that the server printed. */
static Node *
parse_expression(const char *sql)
{
	List	   *parsed = raw_parser(psprintf("SELECT %s\n", sql), RAW_PARSE_DEFAULT);
	SelectStmt *statement = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;

	return linitial_node(ResTarget, statement->targetList)->val;
}

/*
 * The constant of an expression, with no cast but one to the column's type.
 * What the text of an amount of money means is another thing in each locale.
 */
static A_Const *
find_constant(const ModelColumn *column, Node *expression)
{
	if (getBaseType(column->typid) == MONEYOID)
		return NULL;
	if (IsA(expression, TypeCast))
	{
		TypeCast   *cast = (TypeCast *) expression;

		if (typenameTypeId(NULL, cast->typeName) != column->typid)
			return NULL;
		expression = cast->arg;
		if (IsA(expression, A_Const) && !IsA(&((A_Const *) expression)->val, String))
			return NULL;
	}
	if (!IsA(expression, A_Const) || ((A_Const *) expression)->isnull)
		return NULL;
	return (A_Const *) expression;
}

static char *
json_string(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	plasma_text_json(&out, text);
	return out.data;
}

/* Negative numbers, and those of other types than their text says, are printed as strings. */
static bool
is_number(Oid typid, const char *text)
{
	char		category;
	bool		preferred;
	char	   *error;
	JsonNode   *node;

	get_type_category_preferred(typid, &category, &preferred);
	if (category != TYPCATEGORY_NUMERIC)
		return false;
	node = plasma_json_parse(text, strlen(text), &error);
	return node != NULL && node->type == JSON_NODE_NUMBER;
}

/* As text that stands for a value of the kind, whatever comes of it. */
static char *
constant_json(const ModelColumn *column, A_Const *constant)
{
	ColumnKind	kind = column->kind;
	char	   *text;

	switch (nodeTag(&constant->val))
	{
		case T_Boolean:
			return boolVal(&constant->val) ? "true" : "false";
		case T_Integer:
			text = psprintf("%d", intVal(&constant->val));
			return kind == KIND_BIGINT || kind == KIND_REF ? json_string(text) : text;
		case T_Float:
			text = castNode(Float, &constant->val)->fval;
			return kind == KIND_BIGINT || kind == KIND_REF ? json_string(text) : text;
		case T_String:
			break;
		default:
			return NULL;
	}
	text = strVal(&constant->val);
	switch (kind)
	{
		case KIND_TEXT:
		case KIND_REF:
		case KIND_BIGINT:
			return json_string(text);
		case KIND_SQL:
			return is_number(column->typid, text) ? text : json_string(text);
		default:
			return text;
	}
}

char *
plasma_literal_json(const ModelColumn *column)
{
	A_Const    *constant = find_constant(column, parse_expression(column->default_sql));
	char	   *json = constant ? constant_json(column, constant) : NULL;
	ModelColumn read = *column;
	FaultList	faults = {NIL};
	JsonNode   *node;
	char	   *error;

	node = json ? plasma_json_parse(json, strlen(json), &error) : NULL;
	if (node == NULL)
		return NULL;
	read.default_sql = NULL;
	plasma_default_parse(&faults, NULL, &read, node);
	return faults.lines == NIL && read.default_sql != NULL ? json : NULL;
}

/*
 * json.c
 *		The server's own JSON parser, filling a tree.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/text.h"
#include "common/jsonapi.h"
#include "utils/builtins.h"

typedef struct Builder
{
	JsonNode   *root;
	List	   *open;			/* innermost container last */
} Builder;

static JsonNode *
add_node(Builder *builder, JsonNodeType type)
{
	JsonNode   *node = palloc0(sizeof(JsonNode));

	node->type = type;
	if (builder->open == NIL)
		builder->root = node;
	else
	{
		JsonNode   *parent = llast(builder->open);

		parent->items = lappend(parent->items, node);
	}
	return node;
}

PLASMA_JSON_ACTION
object_start(void *state)
{
	Builder    *builder = state;

	builder->open = lappend(builder->open, add_node(builder, JSON_NODE_OBJECT));
	PLASMA_JSON_ACTION_DONE;
}

PLASMA_JSON_ACTION
array_start(void *state)
{
	Builder    *builder = state;

	builder->open = lappend(builder->open, add_node(builder, JSON_NODE_ARRAY));
	PLASMA_JSON_ACTION_DONE;
}

PLASMA_JSON_ACTION
container_end(void *state)
{
	Builder    *builder = state;

	builder->open = list_delete_last(builder->open);
	PLASMA_JSON_ACTION_DONE;
}

PLASMA_JSON_ACTION
field_start(void *state, char *name, bool isnull)
{
	JsonNode   *parent = llast(((Builder *) state)->open);

	parent->keys = lappend(parent->keys, name);
	PLASMA_JSON_ACTION_DONE;
}

PLASMA_JSON_ACTION
scalar(void *state, char *token, JsonTokenType type)
{
	JsonNode   *node = add_node(state, JSON_NODE_NULL);

	switch (type)
	{
		case JSON_TOKEN_STRING:
			node->type = JSON_NODE_STRING;
			node->text = token;
			break;
		case JSON_TOKEN_NUMBER:
			node->type = JSON_NODE_NUMBER;
			node->text = token;
			break;
		case JSON_TOKEN_TRUE:
		case JSON_TOKEN_FALSE:
			node->type = JSON_NODE_BOOL;
			node->boolean = type == JSON_TOKEN_TRUE;
			break;
		default:
			break;
	}
	PLASMA_JSON_ACTION_DONE;
}

JsonNode *
plasma_json_parse(const char *text, int len, char **error)
{
	Builder		builder = {0};
	JsonLexContext *lex = plasma_json_lexer(text, len);
	JsonSemAction actions;
	JsonParseErrorType code;

	memset(&actions, 0, sizeof(actions));
	actions.semstate = &builder;
	actions.object_start = object_start;
	actions.object_end = container_end;
	actions.array_start = array_start;
	actions.array_end = container_end;
	actions.object_field_start = field_start;
	actions.scalar = scalar;

	code = pg_parse_json(lex, &actions);
	if (code == JSON_SUCCESS)
		return builder.root;
	*error = json_errdetail(code, lex);
	return NULL;
}

JsonNode *
plasma_json_get(const JsonNode *object, const char *key)
{
	for (int i = list_length(object->keys) - 1; i >= 0; i--)
		if (strcmp(list_nth(object->keys, i), key) == 0)
			return list_nth(object->items, i);
	return NULL;
}

bool
plasma_json_int8(const JsonNode *node, int64 *value)
{
	char	   *end;

	if (node == NULL || node->type != JSON_NODE_NUMBER)
		return false;
	errno = 0;
	*value = strtoi64(node->text, &end, 10);
	return errno == 0 && *end == '\0';
}

static void
write_node(StringInfo out, const JsonNode *node)
{
	bool		object = node->type == JSON_NODE_OBJECT;
	ListCell   *cell;

	switch (node->type)
	{
		case JSON_NODE_NULL:
			appendStringInfoString(out, "null");
			return;
		case JSON_NODE_BOOL:
			appendStringInfoString(out, node->boolean ? "true" : "false");
			return;
		case JSON_NODE_NUMBER:
			appendStringInfoString(out, node->text);
			return;
		case JSON_NODE_STRING:
			plasma_text_json(out, node->text);
			return;
		default:
			break;
	}
	check_stack_depth();
	appendStringInfoChar(out, object ? '{' : '[');
	foreach(cell, node->items)
	{
		int			i = foreach_current_index(cell);

		if (i > 0)
			appendStringInfoChar(out, ',');
		if (object)
		{
			plasma_text_json(out, list_nth(node->keys, i));
			appendStringInfoChar(out, ':');
		}
		write_node(out, lfirst(cell));
	}
	appendStringInfoChar(out, object ? '}' : ']');
}

char *
plasma_json_write(const JsonNode *node)
{
	StringInfoData out;

	initStringInfo(&out);
	write_node(&out, node);
	return out.data;
}

const char *
plasma_json_type_name(const JsonNode *node)
{
	static const char *const names[] = {
		"null", "a boolean", "a number", "a string", "an array", "an object"
	};

	return names[node->type];
}

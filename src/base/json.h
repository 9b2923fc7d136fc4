/*
 * json.h
 *		A parsed JSON text that keeps the order of its keys and keys that occur
 *		twice, which jsonb does not.  For the declaration and the cookie.
 */
#ifndef PLASMA_JSON_H
#define PLASMA_JSON_H

#include "postgres.h"

#include "nodes/pg_list.h"

typedef enum JsonNodeType
{
	JSON_NODE_NULL,
	JSON_NODE_BOOL,
	JSON_NODE_NUMBER,
	JSON_NODE_STRING,
	JSON_NODE_ARRAY,
	JSON_NODE_OBJECT
} JsonNodeType;

typedef struct JsonNode
{
	JsonNodeType type;
	bool		boolean;
	char	   *text;			/* of a number as written, of a string decoded */
	List	   *keys;			/* of an object: char *, in order, may repeat */
	List	   *items;			/* of an array or object: JsonNode * */
} JsonNode;

/*
 * Parses a whole text.  NULL, with *error set to why, when it is no JSON.
 * Too deep a nesting is raised, as the server does.
 */
extern JsonNode *plasma_json_parse(const char *text, int len, char **error);

/* The last value of a key, as jsonb has it; NULL when it is not there. */
extern JsonNode *plasma_json_get(const JsonNode *object, const char *key);

/* Whether the node is a number that is an integer in the range of int8. */
extern bool plasma_json_int8(const JsonNode *node, int64 *value);

/* The node written as compact JSON again. */
extern char *plasma_json_write(const JsonNode *node);

/* "a number", "an object" and so on, for messages. */
extern const char *plasma_json_type_name(const JsonNode *node);

#endif							/* PLASMA_JSON_H */

/*
 * json.c
 *		JSON as a tree.  What is accepted is the same when it is written and read
 *		again, and any text is the same as a JSON string.
 */
#include "postgres.h"

#include "base/json.h"
#include "base/text.h"
#include "mb/pg_wchar.h"
#include "shim.h"

static void
check_tree(const JsonNode *root)
{
	char	   *text = plasma_json_write(root);
	char	   *error = NULL;
	JsonNode   *again = plasma_json_parse(text, strlen(text), &error);
	int64		number;

	HOLDS(again != NULL && again->type == root->type);
	HOLDS(list_length(again->items) == list_length(root->items));
	HOLDS(strcmp(plasma_json_write(again), text) == 0);
	for (int i = 0; i < list_length(root->keys); i++)
		HOLDS(plasma_json_get(root, list_nth(root->keys, i)) != NULL);
	if (plasma_json_int8(root, &number))
		HOLDS(plasma_json_int8(again, &number));
	(void) plasma_json_type_name(root);
}

static void
check_string(const char *text, int len)
{
	StringInfoData out;
	char	   *error;
	JsonNode   *node;

	if (memchr(text, '\0', len) != NULL || !pg_verify_mbstr(PG_UTF8, text, len, true))
		return;
	initStringInfo(&out);
	plasma_text_json_bytes(&out, text, len);
	node = plasma_json_parse(out.data, out.len, &error);
	HOLDS(node != NULL && node->type == JSON_NODE_STRING);
	HOLDS(strlen(node->text) == len && memcmp(node->text, text, len) == 0);
}

/* Neither a text nor a string is followed by a zero. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = memcpy(palloc(size), data, size);
	char	   *error = NULL;
	JsonNode   *root = plasma_json_parse(text, size, &error);

	if (root != NULL)
		check_tree(root);
	else
		HOLDS(error != NULL);
	check_string(text, size);
	shim_reset();
	return 0;
}

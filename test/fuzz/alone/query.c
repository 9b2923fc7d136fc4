/*
 * query.c
 *		A query string becomes a JSON object with a cookie and no key twice, or is
 *		refused with a reason.
 */
#include "postgres.h"

#include "base/json.h"
#include "base/text.h"
#include "shim.h"
#include "wire/query.h"

static void
check_request(const char *text)
{
	char	   *error;
	JsonNode   *root = plasma_json_parse(text, strlen(text), &error);

	HOLDS(root != NULL && root->type == JSON_NODE_OBJECT);
	HOLDS(plasma_json_get(root, "cookie") != NULL);
	for (int i = 0; i < list_length(root->keys); i++)
	{
		JsonNode   *value = list_nth(root->items, i);
		int64		number;

		HOLDS(plasma_text_position(root->keys, list_nth(root->keys, i)) == i);
		HOLDS(value->type == JSON_NODE_STRING || value->type == JSON_NODE_NULL ||
			  plasma_json_int8(value, &number));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *fault = NULL;
	char	   *request = plasma_query_request(shim_text(data, size), &fault);

	HOLDS((request == NULL) == (fault != NULL));
	if (request != NULL)
		check_request(request);
	shim_reset();
	return 0;
}

/*
 * kind.c
 *		One row per kind of column: its type, what its table checks, and how a
 *		declared default becomes the text of a value.
 *
 *		Whether that text is a value of the column's type, in its shape, is not
 *		decided here but by the type's input function (column.c).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/base64.h"
#include "schema/fault.h"
#include "schema/kind.h"
#include "utils/builtins.h"

/*
 * Shapes are strict jsonpath: a member that is missing makes the filter
 * unknown, which does not pass, and arrays are not searched for a member that
 * would.  jsonb_path_exists is NULL for NULL, which a CHECK lets through.
 */
#define SHAPE(condition) "strict $ ? (@.type() == \"object\"" condition ")"
#define CHECK(shape) "pg_catalog.jsonb_path_exists(%s, '" shape "')"
#define IS(member, type) " && @." member ".type() == \"" type "\""
#define NUMBERS(object) " && !exists(" object ".* ? (@.type() != \"number\"))"

#define FILE_SHAPE SHAPE(IS("hash", "string") \
	IS("size", "number") " && @.size >= 0" \
	IS("mime", "string") \
	" && !exists(@.keyvalue() ? (@.key == \"name\" && @.value.type() != \"string\"))")
#define COUNTER_SHAPE SHAPE(NUMBERS("@"))
#define PN_COUNTER_SHAPE SHAPE(IS("p", "object") IS("n", "object") \
	NUMBERS("@.p") NUMBERS("@.n"))
#define LWW_REGISTER_SHAPE SHAPE(" && exists(@.value)" \
	IS("ts", "number") IS("clientID", "string"))
#define OR_SET_SHAPE SHAPE("")
#define ENVELOPE_SHAPE SHAPE(IS("v", "number") IS("alg", "string") \
	IS("keyId", "string") IS("nonce", "string") IS("ct", "string"))

static char *text_default(const JsonNode *node, const char **fault);
static char *int_default(const JsonNode *node, const char **fault);
static char *bigint_default(const JsonNode *node, const char **fault);
static char *boolean_default(const JsonNode *node, const char **fault);
static char *blob_default(const JsonNode *node, const char **fault);
static char *json_default(const JsonNode *node, const char **fault);
static char *file_default(const JsonNode *node, const char **fault);
static char *crdt_default(const JsonNode *node, const char **fault);
static char *sql_default(const JsonNode *node, const char **fault);

static const ColumnKindOps kinds[] = {
	[KIND_ID] = {"id", TEXTOID, NULL, NULL, NULL},
	[KIND_TEXT] = {"text", TEXTOID, NULL, NULL, text_default},
	[KIND_INT] = {"int", INT8OID, NULL, NULL, int_default},
	[KIND_BIGINT] = {"bigint", INT8OID, NULL, NULL, bigint_default},
	[KIND_BOOLEAN] = {"boolean", BOOLOID, NULL, NULL, boolean_default},
	[KIND_BLOB] = {"blob", BYTEAOID, NULL, NULL, blob_default},
	[KIND_JSON] = {"json", JSONBOID, NULL, NULL, json_default},
	[KIND_FILE] = {"file", JSONBOID, FILE_SHAPE, CHECK(FILE_SHAPE), file_default},
	[KIND_REF] = {"ref", InvalidOid, NULL, NULL, text_default},
	[KIND_CRDT_COUNTER] = {"crdtCounter", JSONBOID, COUNTER_SHAPE,
	CHECK(COUNTER_SHAPE), crdt_default},
	[KIND_CRDT_PN_COUNTER] = {"crdtPnCounter", JSONBOID, PN_COUNTER_SHAPE,
	CHECK(PN_COUNTER_SHAPE), crdt_default},
	[KIND_CRDT_LWW_REGISTER] = {"crdtLwwRegister", JSONBOID, LWW_REGISTER_SHAPE,
	CHECK(LWW_REGISTER_SHAPE), crdt_default},
	[KIND_CRDT_OR_SET] = {"crdtOrSet", JSONBOID, OR_SET_SHAPE,
	CHECK(OR_SET_SHAPE), crdt_default},
	[KIND_SQL] = {"sql", InvalidOid, NULL, NULL, sql_default},
};

const ColumnKindOps *
plasma_kind_ops(ColumnKind kind)
{
	return &kinds[kind];
}

bool
plasma_kind_find(const char *name, ColumnKind *kind)
{
	for (int i = 0; i < lengthof(kinds); i++)
	{
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		*kind = i;
		return true;
	}
	return false;
}

const char *
plasma_kind_shape(ColumnKind kind, bool encrypted)
{
	return encrypted ? ENVELOPE_SHAPE : kinds[kind].shape;
}

const char *
plasma_kind_check(ColumnKind kind, bool encrypted)
{
	return encrypted ? CHECK(ENVELOPE_SHAPE) : kinds[kind].check;
}

char *
plasma_kind_names(void)
{
	const char *names[lengthof(kinds)];

	for (int i = 0; i < lengthof(kinds); i++)
		names[i] = kinds[i].name;
	return plasma_fault_names(names, lengthof(kinds));
}

static char *
text_default(const JsonNode *node, const char **fault)
{
	*fault = "a string";
	return node->type == JSON_NODE_STRING ? node->text : NULL;
}

static char *
int_default(const JsonNode *node, const char **fault)
{
	int64		value;

	*fault = "an integer from -9223372036854775808 to 9223372036854775807, without fraction or exponent";
	return plasma_json_int8(node, &value) ? psprintf(INT64_FORMAT, value) : NULL;
}

static char *
bigint_default(const JsonNode *node, const char **fault)
{
	JsonNode	number = *node;
	int64		value;

	*fault = "a string of decimal digits, or an integer, from -9223372036854775808 to 9223372036854775807";
	if (node->type == JSON_NODE_STRING)
	{
		const char *digits = node->text + (node->text[0] == '-' ? 1 : 0);

		if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits))
			return NULL;
		number.type = JSON_NODE_NUMBER;
	}
	return plasma_json_int8(&number, &value) ? psprintf(INT64_FORMAT, value) : NULL;
}

static char *
boolean_default(const JsonNode *node, const char **fault)
{
	*fault = "true or false";
	if (node->type != JSON_NODE_BOOL)
		return NULL;
	return node->boolean ? "true" : "false";
}

/*
 * The decoder of the server passes over white space and over what follows the
 * padding; what it makes of a text must make the same text again.
 */
static char *
blob_default(const JsonNode *node, const char **fault)
{
	int			len;
	int			size;
	void	   *bytes;
	char	   *again;
	char	   *hex;

	*fault = "a string of base64 with its padding and without line breaks";
	if (node->type != JSON_NODE_STRING)
		return NULL;
	len = strlen(node->text);
	size = pg_b64_dec_len(len);
	bytes = palloc(size + 1);
	size = pg_b64_decode(node->text, len, bytes, size);
	if (size < 0)
		return NULL;
	again = palloc(pg_b64_enc_len(size) + 1);
	if (pg_b64_encode(bytes, size, again, pg_b64_enc_len(size)) != len ||
		memcmp(again, node->text, len) != 0)
		return NULL;
	hex = palloc(size * 2 + 3);
	strcpy(hex, "\\x");
	hex[2 + hex_encode(bytes, size, hex + 2)] = '\0';
	return hex;
}

static char *
json_default(const JsonNode *node, const char **fault)
{
	return plasma_json_write(node);
}

static char *
file_default(const JsonNode *node, const char **fault)
{
	*fault = "an object with a string hash, a number size, a string mime and, if it has one, a string name";
	return node->type == JSON_NODE_OBJECT ? plasma_json_write(node) : NULL;
}

static char *
crdt_default(const JsonNode *node, const char **fault)
{
	*fault = "an object that is a state of this CRDT";
	return node->type == JSON_NODE_OBJECT ? plasma_json_write(node) : NULL;
}

static char *
sql_default(const JsonNode *node, const char **fault)
{
	*fault = "a string, a number or a boolean, as the input text of the type";
	switch (node->type)
	{
		case JSON_NODE_STRING:
		case JSON_NODE_NUMBER:
			return node->text;
		case JSON_NODE_BOOL:
			return node->boolean ? "true" : "false";
		default:
			return NULL;
	}
}

/*
 * request.c
 *		From the body of a push to a checked request.
 *
 *		A pure function of its argument: it reads no table and takes no lock, so
 *		that a faulty or oversized body costs nothing more.  The number of
 *		mutations is looked at before any of them.  What is accepted is complete:
 *		nobody behind this room checks a type or a length again.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/guc.h"
#include "base/text.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "push/request.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define PROTOCOL_VERSION	1
#define MAX_KEY_SHOWN		64

static const char *const request_keys[] = {
	"protocolVersion", "schemaVersion", "clientGroupID", "clientID", "mutations", NULL
};
static const char *const mutation_keys[] = {
	"id", "name", "args", "timestamp", "clientID", NULL
};

/* An object in the body, and where it stands. */
typedef struct Place
{
	JsonbContainer *object;
	const char *path;
} Place;

const char *
plasma_request_type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		case jbvBinary:
			if (JsonContainerIsArray(value->val.binary.data) &&
				!JsonContainerIsScalar(value->val.binary.data))
				return "an array";
			return "an object";
		default:
			return "something else";
	}
}

static void
refuse_type(const char *path, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_REQUEST),
			 errmsg("%s must be %s, not %s", path, expected, plasma_request_type_name(value))));
}

/* A key as it is written in a path; what a client sent is shown in part only. */
static char *
key_path(const char *path, const char *key, int len)
{
	int			shown = pg_mbcliplen(key, len, MAX_KEY_SHOWN);
	StringInfoData out;
	char	   *name = pnstrdup(key, shown);

	initStringInfo(&out);
	appendStringInfoString(&out, path);
	if (shown == len && len > 0 &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len)
		appendStringInfo(&out, ".%s", name);
	else
	{
		appendStringInfoChar(&out, '[');
		plasma_text_json(&out, name);
		appendStringInfoString(&out, shown < len ? "…]" : "]");
	}
	return out.data;
}

static void
check_keys(const Place *place, const char *const *known)
{
	JsonbIterator *it = JsonbIteratorInit(place->object);
	JsonbIteratorToken token;
	JsonbValue	v;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; known[i] != NULL && !found; i++)
			found = strlen(known[i]) == v.val.string.len &&
				memcmp(known[i], v.val.string.val, v.val.string.len) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_PLASMA_REQUEST),
					 errmsg("%s is not a key of a push request",
							key_path(place->path, v.val.string.val,
									 v.val.string.len))));
	}
}

static JsonbValue *
get(const Place *place, const char *key)
{
	return getKeyJsonValueFromContainer(place->object, key, strlen(key), NULL);
}

static JsonbValue *
get_required(const Place *place, const char *key)
{
	JsonbValue *value = get(place, key);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s.%s is missing", place->path, key)));
	return value;
}

static char *
text_of(const Place *place, const char *key, const JsonbValue *value)
{
	char	   *path = psprintf("%s.%s", place->path, key);

	if (value->type != jbvString)
		refuse_type(path, "a string", value);
	if (value->val.string.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must not be empty", path)));
	if (pg_mbstrlen_with_len(value->val.string.val, value->val.string.len) > REQUEST_MAX_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must have at most %d characters",
						path, REQUEST_MAX_NAME)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
numeric_compare(PGFunction compare, Numeric a, Numeric b)
{
	return DatumGetBool(DirectFunctionCall2(compare, NumericGetDatum(a), NumericGetDatum(b)));
}

/*
 * An integer from 1 to the limit, however it is written: 12, 12.0 and 1.2e1
 * are one number in JSON.
 */
static int64
integer_of(const Place *place, const char *key, const JsonbValue *value, int64 limit)
{
	char	   *path = psprintf("%s.%s", place->path, key);
	char	   *expected = psprintf("an integer from 1 to " INT64_FORMAT, limit);
	Numeric		number;

	if (value->type != jbvNumeric)
		refuse_type(path, expected, value);
	number = value->val.numeric;
	if (numeric_compare(numeric_lt, number, int64_to_numeric(1)) ||
		numeric_compare(numeric_gt, number, int64_to_numeric(limit)) ||
		numeric_compare(numeric_ne, number,
						DatumGetNumeric(DirectFunctionCall2(numeric_trunc,
															NumericGetDatum(number),
															Int32GetDatum(0)))))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must be %s", path, expected)));
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(number)));
}

static void
check_protocol(const Place *place)
{
	JsonbValue *value = get_required(place, "protocolVersion");

	if (value->type != jbvNumeric ||
		!numeric_compare(numeric_eq, value->val.numeric, int64_to_numeric(PROTOCOL_VERSION)))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s.protocolVersion must be %d", place->path, PROTOCOL_VERSION)));
}

static Jsonb *
empty_object(void)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL));
}

static void
parse_mutation(const Request *request, RequestMutation *mutation,
			   int position, const JsonbValue *value)
{
	Place		place;
	JsonbValue *field;

	place.path = psprintf("$.mutations[%d]", position);
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		refuse_type(place.path, "an object", value);
	place.object = value->val.binary.data;
	check_keys(&place, mutation_keys);

	mutation->id = integer_of(&place, "id", get_required(&place, "id"), REQUEST_MAX_ID);
	mutation->name = text_of(&place, "name", get_required(&place, "name"));
	field = get(&place, "clientID");
	mutation->own_client = field != NULL;
	mutation->client_id = field == NULL ? request->client_id :
		text_of(&place, "clientID", field);
	field = get(&place, "timestamp");
	if (field != NULL && field->type != jbvNumeric)
		refuse_type(psprintf("%s.timestamp", place.path), "a number", field);
	field = get(&place, "args");
	mutation->args = field == NULL ? empty_object() : JsonbValueToJsonb(field);
}

/* The array of mutations, checked for its size and for nothing else. */
static JsonbContainer *
find_mutations(const Place *place, int *count)
{
	JsonbValue *value = get_required(place, "mutations");

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		refuse_type(psprintf("%s.mutations", place->path), "an array", value);
	*count = JsonContainerSize(value->val.binary.data);
	if (*count > plasma_max_mutations_per_push)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_TOO_LARGE),
				 errmsg("%d mutations in one push", *count),
				 errdetail("plasma.max_mutations_per_push is %d.",
						   plasma_max_mutations_per_push),
				 errhint("Send the outbox in several pushes, one after the other.")));
	return value->val.binary.data;
}

Request *
plasma_request_parse(Jsonb *body)
{
	Request    *request = palloc0(sizeof(Request));
	Place		place = {&body->root, "$"};
	JsonbContainer *mutations;

	if (!JB_ROOT_IS_OBJECT(body))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("a push request must be a JSON object")));
	mutations = find_mutations(&place, &request->count);
	check_keys(&place, request_keys);
	check_protocol(&place);
	request->schema_version = text_of(&place, "schemaVersion",
									  get_required(&place, "schemaVersion"));
	request->client_group_id = text_of(&place, "clientGroupID",
									   get_required(&place, "clientGroupID"));
	request->client_id = text_of(&place, "clientID", get_required(&place, "clientID"));

	request->mutations = palloc0(sizeof(RequestMutation) * Max(request->count, 1));
	for (int i = 0; i < request->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		parse_mutation(request, &request->mutations[i], i,
					   getIthJsonbValueFromContainer(mutations, i));
	}
	return request;
}

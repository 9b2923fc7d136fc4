/*
 * envelope.c
 *		From a request as jsonb to checked fields.
 *
 *		Pure functions of their arguments: they read no table and take no lock, so
 *		that a faulty request costs nothing more.  What they let through is
 *		complete: nobody behind them checks a type or a length again.
 */
#include "postgres.h"

#include "access/envelope.h"
#include "base/error.h"
#include "base/text.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#define PROTOCOL_VERSION	1
#define MAX_KEY_SHOWN		64

const char *
plasma_envelope_type_name(const JsonbValue *value)
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

void
plasma_envelope_refuse(const char *path, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_REQUEST),
			 errmsg("%s must be %s, not %s", path, expected,
					plasma_envelope_type_name(value))));
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
check_keys(const EnvelopePlace *place, const char *const *known)
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
					 errmsg("%s is not a key of this request",
							key_path(place->path, v.val.string.val,
									 v.val.string.len))));
	}
}

JsonbValue *
plasma_envelope_get(const EnvelopePlace *place, const char *key)
{
	return getKeyJsonValueFromContainer(place->object, key, strlen(key), NULL);
}

JsonbValue *
plasma_envelope_require(const EnvelopePlace *place, const char *key)
{
	JsonbValue *value = plasma_envelope_get(place, key);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s.%s is missing", place->path, key)));
	return value;
}

char *
plasma_envelope_name(const EnvelopePlace *place, const char *key, const JsonbValue *value)
{
	char	   *path = psprintf("%s.%s", place->path, key);

	if (value->type != jbvString)
		plasma_envelope_refuse(path, "a string", value);
	if (value->val.string.len == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must not be empty", path)));
	if (pg_mbstrlen_with_len(value->val.string.val, value->val.string.len) > ENVELOPE_MAX_NAME)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s must have at most %d characters",
						path, ENVELOPE_MAX_NAME)));
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
numeric_compare(PGFunction compare, Numeric a, Numeric b)
{
	return DatumGetBool(DirectFunctionCall2(compare, NumericGetDatum(a), NumericGetDatum(b)));
}

int64
plasma_envelope_integer(const EnvelopePlace *place, const char *key, const JsonbValue *value, int64 limit)
{
	char	   *path = psprintf("%s.%s", place->path, key);
	char	   *expected = psprintf("an integer from 1 to " INT64_FORMAT, limit);
	Numeric		number;

	if (value->type != jbvNumeric)
		plasma_envelope_refuse(path, expected, value);
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
check_protocol(const EnvelopePlace *place)
{
	JsonbValue *value = plasma_envelope_require(place, "protocolVersion");

	if (value->type != jbvNumeric ||
		!numeric_compare(numeric_eq, value->val.numeric, int64_to_numeric(PROTOCOL_VERSION)))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("%s.protocolVersion must be %d", place->path, PROTOCOL_VERSION)));
}

EnvelopePlace
plasma_envelope_object(const JsonbValue *value, const char *path,
					   const char *const *known)
{
	EnvelopePlace place = {NULL, path};

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		plasma_envelope_refuse(path, "an object", value);
	place.object = value->val.binary.data;
	check_keys(&place, known);
	return place;
}

EnvelopePlace
plasma_envelope_root(Jsonb *request, const char *const *known)
{
	EnvelopePlace place = {&request->root, "$"};

	if (!JB_ROOT_IS_OBJECT(request))
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_REQUEST),
				 errmsg("a request must be a JSON object")));
	check_keys(&place, known);
	return place;
}

static char *
required_name(const EnvelopePlace *place, const char *key)
{
	return plasma_envelope_name(place, key, plasma_envelope_require(place, key));
}

void
plasma_envelope_parse(Envelope *envelope, const EnvelopePlace *root)
{
	check_protocol(root);
	envelope->schema_version = required_name(root, "schemaVersion");
	envelope->client_group_id = required_name(root, "clientGroupID");
	envelope->client_id = required_name(root, "clientID");
}

/*
 * argument.c
 *		From JSON to SQL values, for mutators with typed parameters.
 *
 *		The forms are those in which pull sends values: bytes are base64, a json
 *		column is any JSON.  Everything runs under the caller's rights, for input
 *		functions and the checks of domains may be anybody's code.
 *
 *		Arrays and rows go through jsonb_to_record, which knows nesting; bytes
 *		inside of them are read as bytea's own text form.
 */
#include "postgres.h"

#include "base/compat.h"
#include "access/envelope.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "push/argument.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

/*
 * Digits before and after the point that a number may have: those of every
 * double, and more.
 */
#define MAX_DIGITS		400
#define TOO_LARGE		"1e400"

static bool
is_oversized(Numeric number, Numeric too_large)
{
	Datum		size = DirectFunctionCall1(numeric_abs, NumericGetDatum(number));

	return DatumGetBool(DirectFunctionCall2(numeric_ge, size, NumericGetDatum(too_large))) ||
		DatumGetInt32(DirectFunctionCall1(numeric_scale, NumericGetDatum(number))) > MAX_DIGITS;
}

/*
 * 1e131071 takes eight bytes of a request and 131072 of whatever it is written
 * to, of the log and of every answer to a pull: a limit of the bytes of a
 * request would limit nothing.
 */
void
plasma_argument_check_numbers(Jsonb *args, const char *label)
{
	JsonbIterator *it = JsonbIteratorInit(&args->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	Numeric		too_large = NULL;

	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		if ((token != WJB_VALUE && token != WJB_ELEM) || v.type != jbvNumeric)
			continue;
		if (too_large == NULL)
			too_large = DatumGetNumeric(DirectFunctionCall3(numeric_in,
															CStringGetDatum(TOO_LARGE),
															ObjectIdGetDatum(InvalidOid),
															Int32GetDatum(-1)));
		if (is_oversized(v.val.numeric, too_large))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("%s hold a number of more than %d digits", label, MAX_DIGITS),
					 errhint("Send it as a string.")));
	}
}

static ArgumentKind
kind_of(Oid typid)
{
	Oid			base = getBaseType(typid);

	if (typid == JSONBOID)
		return ARGUMENT_JSONB;
	if (base == JSONBOID || base == JSONOID)
		return ARGUMENT_JSON;
	if (base == BYTEAOID)
		return ARGUMENT_BYTES;
	if (OidIsValid(get_element_type(base)))
		return ARGUMENT_ARRAY;
	if (get_typtype(base) == TYPTYPE_COMPOSITE)
		return ARGUMENT_ROW;
	return ARGUMENT_SCALAR;
}

void
plasma_argument_prepare(ArgumentType *type, Oid typid)
{
	Oid			input;

	type->typid = typid;
	type->kind = kind_of(typid);
	type->domain = get_typtype(typid) == TYPTYPE_DOMAIN;
	getTypeInputInfo(typid, &input, &type->ioparam);
	fmgr_info(input, &type->input);
	if (type->kind == ARGUMENT_ARRAY || type->kind == ARGUMENT_ROW)
		type->query = psprintf("SELECT r.v FROM pg_catalog.jsonb_to_record($1) AS r (v %s)",
							   format_type_be_qualified(typid));
}

static void
refuse_shape(const char *label, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s takes %s, not %s", label, expected,
					plasma_envelope_type_name(value))));
}

/* The text of base64 as bytea reads it; its own hex form is let through. */
static char *
bytes_text(char *base64, const char *label)
{
	Datum		bytes;
	Datum		hex;

	if (strncmp(base64, "\\x", 2) == 0)
		return base64;
	if (strspn(base64, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != strlen(base64))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s takes bytes in base64", label)));
	bytes = DirectFunctionCall2(binary_decode, CStringGetTextDatum(base64),
								CStringGetTextDatum("base64"));
	hex = DirectFunctionCall2(binary_encode, bytes, CStringGetTextDatum("hex"));
	return psprintf("\\x%s", TextDatumGetCString(hex));
}

static char *
scalar_text(const ArgumentType *type, const JsonbValue *value, const char *label)
{
	bool		bytes = type->kind == ARGUMENT_BYTES;

	if (value->type == jbvString)
	{
		char	   *text = pnstrdup(value->val.string.val, value->val.string.len);

		return bytes ? bytes_text(text, label) : text;
	}
	if (bytes)
		refuse_shape(label, "a string", value);
	if (value->type == jbvBool)
		return pstrdup(value->val.boolean ? "true" : "false");
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	refuse_shape(label, "a string, a number or a boolean", value);
	return NULL;
}

static Datum
make_container(const ArgumentType *type, JsonbValue *value, const char *label,
			   bool *isnull)
{
	JsonbParseState *state = NULL;
	JsonbValue	key = {.type = jbvString,.val.string = {1, "v"}};
	bool		array = type->kind == ARGUMENT_ARRAY;
	SpiParam	params[1];
	SpiRows    *rows;

	if (value->type != jbvBinary ||
		(array ? !JsonContainerIsArray(value->val.binary.data) :
		 !JsonContainerIsObject(value->val.binary.data)))
		refuse_shape(label, array ? "an array" : "an object", value);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	pushJsonbValue(&state, WJB_KEY, &key);
	pushJsonbValue(&state, WJB_VALUE, value);
	value = pushJsonbValue(&state, WJB_END_OBJECT, NULL);

	params[0] = (SpiParam) SPI_DATUM(JSONBOID, JsonbPGetDatum(JsonbValueToJsonb(value)));
	rows = plasma_spi_read(SPI_CALLER, type->query, 1, params);
	return plasma_spi_datum(rows, 0, 1, isnull);
}

Datum
plasma_argument_make(ArgumentType *type, JsonbValue *value, const char *label,
					 bool *isnull)
{
	char	   *text = NULL;

	*isnull = value->type == jbvNull;
	if (*isnull && !type->domain)
		return (Datum) 0;
	if (!*isnull)
		switch (type->kind)
		{
			case ARGUMENT_JSONB:
				return JsonbPGetDatum(JsonbValueToJsonb(value));
			case ARGUMENT_ARRAY:
			case ARGUMENT_ROW:
				return make_container(type, value, label, isnull);
			case ARGUMENT_JSON:
				{
					Jsonb	   *jsonb = JsonbValueToJsonb(value);

					text = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
					break;
				}
			default:
				text = scalar_text(type, value, label);
		}
	return InputFunctionCall(&type->input, text, type->ioparam, -1);
}

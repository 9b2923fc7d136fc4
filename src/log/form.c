/*
 * form.c
 *		The forms of values, by type.
 *
 *		Types that rows are made of have writers here, which neither read a
 *		setting nor call through the function manager.  Every other type has its
 *		output function, which only a superuser can have written.  Casts are not
 *		looked up: anybody can make one, and this runs under the owner's rights.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/base64.h"
#include "common/shortest_dec.h"
#include "log/form.h"
#include "log/setting.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

void
plasma_form_json_quoted(ValueForm *form, Datum value, StringInfo out)
{
	appendStringInfoCharMacro(out, '"');
	form->text(form, value, out);
	appendStringInfoCharMacro(out, '"');
}

static void
plain_output(ValueForm *form, Datum value, StringInfo out)
{
	char	   *text = OutputFunctionCall(&form->output, value);

	appendStringInfoString(out, text);
	pfree(text);
}

static void
json_output(ValueForm *form, Datum value, StringInfo out)
{
	char	   *text = OutputFunctionCall(&form->output, value);

	plasma_text_json(out, text);
	pfree(text);
}

static void
plain_bool(ValueForm *form, Datum value, StringInfo out)
{
	if (DatumGetBool(value))
		plasma_text_append(out, "true", 4);
	else
		plasma_text_append(out, "false", 5);
}

static void
plain_int2(ValueForm *form, Datum value, StringInfo out)
{
	enlargeStringInfo(out, 8);
	out->len += pg_itoa(DatumGetInt16(value), out->data + out->len);
}

static void
plain_int4(ValueForm *form, Datum value, StringInfo out)
{
	enlargeStringInfo(out, 12);
	out->len += pg_ltoa(DatumGetInt32(value), out->data + out->len);
}

static void
plain_int8(ValueForm *form, Datum value, StringInfo out)
{
	enlargeStringInfo(out, MAXINT8LEN + 1);
	out->len += pg_lltoa(DatumGetInt64(value), out->data + out->len);
}

static void
plain_float4(ValueForm *form, Datum value, StringInfo out)
{
	enlargeStringInfo(out, FLOAT_SHORTEST_DECIMAL_LEN);
	out->len += float_to_shortest_decimal_buf(DatumGetFloat4(value),
											  out->data + out->len);
}

static void
plain_float8(ValueForm *form, Datum value, StringInfo out)
{
	enlargeStringInfo(out, DOUBLE_SHORTEST_DECIMAL_LEN);
	out->len += double_to_shortest_decimal_buf(DatumGetFloat8(value),
											   out->data + out->len);
}

/* NaN and the infinities are no JSON numbers. */
static void
json_float(ValueForm *form, Datum value, StringInfo out)
{
	double		number = form->typid == FLOAT4OID ?
		DatumGetFloat4(value) : DatumGetFloat8(value);

	if (isfinite(number))
		form->text(form, value, out);
	else
		plasma_form_json_quoted(form, value, out);
}

static void
json_numeric(ValueForm *form, Datum value, StringInfo out)
{
	char	   *text = OutputFunctionCall(&form->output, value);

	if (isalpha((unsigned char) text[0]) || isalpha((unsigned char) text[1]))
		plasma_text_json(out, text);
	else
		appendStringInfoString(out, text);
	pfree(text);
}

static void
plain_text(ValueForm *form, Datum value, StringInfo out)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

	plasma_text_append(out, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
}

static void
json_text(ValueForm *form, Datum value, StringInfo out)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

	plasma_text_json_bytes(out, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
}

static void
plain_name(ValueForm *form, Datum value, StringInfo out)
{
	appendStringInfoString(out, NameStr(*DatumGetName(value)));
}

static void
json_name(ValueForm *form, Datum value, StringInfo out)
{
	plasma_text_json(out, NameStr(*DatumGetName(value)));
}

static HeapTuple
enum_tuple(Datum value)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, value);

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid internal value for enum: %u",
						DatumGetObjectId(value))));
	return tuple;
}

static void
plain_enum(ValueForm *form, Datum value, StringInfo out)
{
	HeapTuple	tuple = enum_tuple(value);

	appendStringInfoString(out, NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel));
	ReleaseSysCache(tuple);
}

static void
json_enum(ValueForm *form, Datum value, StringInfo out)
{
	HeapTuple	tuple = enum_tuple(value);

	plasma_text_json(out, NameStr(((Form_pg_enum) GETSTRUCT(tuple))->enumlabel));
	ReleaseSysCache(tuple);
}

static void
plain_uuid(ValueForm *form, Datum value, StringInfo out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = DatumGetUUIDP(value)->data;
	char	   *to;

	enlargeStringInfo(out, 2 * UUID_LEN + 4);
	to = out->data + out->len;
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	*to = '\0';
	out->len += 2 * UUID_LEN + 4;
}

/* ISO 8601, a timestamptz in UTC, as the server's own JSON has them. */
static void
plain_datetime(ValueForm *form, Datum value, StringInfo out)
{
	static const int utc = 0;

	enlargeStringInfo(out, MAXDATELEN + 1);
	JsonEncodeDateTime(out->data + out->len, value, form->typid,
					   form->typid == TIMESTAMPTZOID ? &utc : NULL);
	out->len += strlen(out->data + out->len);
}

static void
plain_jsonb(ValueForm *form, Datum value, StringInfo out)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);

	JsonbToCString(out, &jsonb->root, VARSIZE(jsonb));
}

/* What the input function reads back, which base64 is not. */
static void
plain_bytea(ValueForm *form, Datum value, StringInfo out)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	int			len = VARSIZE_ANY_EXHDR(bytes);

	appendBinaryStringInfo(out, "\\x", 2);
	enlargeStringInfo(out, len * 2);
	out->len += hex_encode(VARDATA_ANY(bytes), len, out->data + out->len);
	out->data[out->len] = '\0';
}

static void
json_bytea(ValueForm *form, Datum value, StringInfo out)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	int			len = VARSIZE_ANY_EXHDR(bytes);
	int			room = pg_b64_enc_len(len);
	const void *from = VARDATA_ANY(bytes);
	void	   *to;

	enlargeStringInfo(out, room + 2);
	appendStringInfoCharMacro(out, '"');
	to = out->data + out->len;
	out->len += pg_b64_encode(from, len, to, room);
	appendStringInfoCharMacro(out, '"');
}

typedef struct TypeForm
{
	Oid			typid;
	ValueWriter json;
	ValueWriter text;
	int			settings;
} TypeForm;

static const TypeForm type_forms[] = {
	{TEXTOID, json_text, plain_text},
	{INT8OID, plain_int8, plain_int8},
	{INT4OID, plain_int4, plain_int4},
	{BOOLOID, plain_bool, plain_bool},
	{TIMESTAMPTZOID, plasma_form_json_quoted, plain_datetime},
	{UUIDOID, plasma_form_json_quoted, plain_uuid},
	{JSONBOID, plain_jsonb, plain_jsonb},
	{JSONOID, plain_text, plain_text},
	{NUMERICOID, json_numeric, plain_output},
	{FLOAT8OID, json_float, plain_float8},
	{VARCHAROID, json_text, plain_text},
	{DATEOID, plasma_form_json_quoted, plain_datetime},
	{TIMESTAMPOID, plasma_form_json_quoted, plain_datetime},
	{INT2OID, plain_int2, plain_int2},
	{FLOAT4OID, json_float, plain_float4},
	{BPCHAROID, json_text, plain_text},
	{NAMEOID, json_name, plain_name},
	{BYTEAOID, json_bytea, plain_bytea},
	{CASHOID, json_output, plain_output, SETTING_MONEY},
	{REGCLASSOID, json_output, plain_output, SETTING_NAMES},
	{REGCOLLATIONOID, json_output, plain_output, SETTING_NAMES},
	{REGCONFIGOID, json_output, plain_output, SETTING_NAMES},
	{REGDICTIONARYOID, json_output, plain_output, SETTING_NAMES},
	{REGNAMESPACEOID, json_output, plain_output, SETTING_NAMES},
	{REGOPEROID, json_output, plain_output, SETTING_NAMES},
	{REGOPERATOROID, json_output, plain_output, SETTING_NAMES},
	{REGPROCOID, json_output, plain_output, SETTING_NAMES},
	{REGPROCEDUREOID, json_output, plain_output, SETTING_NAMES},
	{REGROLEOID, json_output, plain_output, SETTING_NAMES},
	{REGTYPEOID, json_output, plain_output, SETTING_NAMES},
	{ACLITEMOID, json_output, plain_output, SETTING_NAMES},
	/* Types whose output functions read no setting. */
	{BITOID, json_output, plain_output},
	{CHAROID, json_output, plain_output},
	{CIDROID, json_output, plain_output},
	{INETOID, json_output, plain_output},
	{INT4RANGEOID, json_output, plain_output},
	{INT8RANGEOID, json_output, plain_output},
	{MACADDR8OID, json_output, plain_output},
	{MACADDROID, json_output, plain_output},
	{NUMRANGEOID, json_output, plain_output},
	{OIDOID, json_output, plain_output},
	{TIMEOID, json_output, plain_output},
	{TIMETZOID, json_output, plain_output},
	{TSVECTOROID, json_output, plain_output},
	{VARBITOID, json_output, plain_output},
	{XID8OID, json_output, plain_output},
};

static const TypeForm enum_form = {ANYENUMOID, json_enum, plain_enum};
static const TypeForm base_form = {InvalidOid, json_output, plain_output, SETTING_TEXT};
static const TypeForm other_form = {InvalidOid, json_output, plain_output, SETTING_ALL};

/*
 * Ranges, arrays and composites are written by the output functions of the
 * types inside, which may depend on anything.
 */
static const TypeForm *
find_form(Oid typid)
{
	for (int i = 0; i < lengthof(type_forms); i++)
		if (type_forms[i].typid == typid)
			return &type_forms[i];
	if (type_is_enum(typid))
		return &enum_form;
	if (get_typtype(typid) == TYPTYPE_BASE && !OidIsValid(get_element_type(typid)))
		return &base_form;
	return &other_form;
}

void
plasma_form_make(ValueForm *form, Oid typid)
{
	const TypeForm *found;

	memset(form, 0, sizeof(ValueForm));
	form->typid = getBaseType(typid);
	found = find_form(form->typid);
	form->json = found->json;
	form->text = found->text;
	form->settings = found->settings;
	if (found->text == plain_output)
	{
		Oid			function;
		bool		varlena;

		getTypeOutputInfo(form->typid, &function, &varlena);
		fmgr_info(function, &form->output);
	}
}

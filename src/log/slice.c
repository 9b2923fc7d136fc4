/*
 * slice.c
 *		The slice that a row is in, as the log names it.
 *
 *		One value has one text, in every session, whoever writes or asks: it is
 *		made by the forms of keys.  The names of scopes hold no colon, so that the
 *		slices of two scopes are never mistaken for each other.
 */
#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "common/sha2.h"
#include "log/encode.h"
#include "log/slice.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"

struct SliceForm
{
	const char *scope;
	int			ncolumns;
	AttrNumber *columns;
	ValueForm **forms;
	bool	   *byval;
	int16	   *len;
};

#define HASH_TEXT_LEN	(2 * PG_SHA256_DIGEST_LENGTH)

static void
append_hash(StringInfo out, const char *value, int len)
{
	text	   *copy = cstring_to_text_with_len(value, len);
	bytea	   *digest = DatumGetByteaPP(DirectFunctionCall1(sha256_bytea, PointerGetDatum(copy)));

	enlargeStringInfo(out, HASH_TEXT_LEN);
	out->len += hex_encode(VARDATA_ANY(digest), VARSIZE_ANY_EXHDR(digest),
						   out->data + out->len);
	out->data[out->len] = '\0';
	pfree(digest);
	pfree(copy);
}

/* The value is what was appended from a place on. */
static void
shorten_value(StringInfo out, int start)
{
	int			len = out->len - start;
	char	   *value;

	if (len <= SLICE_VALUE_MAX && len != HASH_TEXT_LEN)
		return;
	value = pnstrdup(out->data + start, len);
	out->len = start;
	append_hash(out, value, len);
	pfree(value);
}

char *
plasma_slice_text(const char *scope, const char *value)
{
	StringInfoData out;
	int			start;

	initStringInfo(&out);
	appendStringInfoString(&out, scope);
	if (value == NULL)
		return out.data;
	appendStringInfoChar(&out, ':');
	start = out.len;
	appendStringInfoString(&out, value);
	shorten_value(&out, start);
	return out.data;
}

/* InvalidAttrNumber where no column of the name has a value that is exact. */
static AttrNumber
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return (att->attgenerated == '\0' || att->attgenerated == ATTRIBUTE_GENERATED_STORED) &&
				plasma_encode_key_fault(att->atttypid, att->attcollation) == NULL ?
				i + 1 : InvalidAttrNumber;
	}
	return InvalidAttrNumber;
}

SliceForm *
plasma_slice_form(const char *scope, List *columns, TupleDesc desc)
{
	SliceForm  *form = palloc(sizeof(SliceForm));
	int			n = list_length(columns);
	ValueForm  *forms = palloc(sizeof(ValueForm) * n);

	form->scope = pstrdup(scope);
	form->ncolumns = n;
	form->columns = palloc(sizeof(AttrNumber) * n);
	form->forms = palloc(sizeof(ValueForm *) * n);
	form->byval = palloc(sizeof(bool) * n);
	form->len = palloc(sizeof(int16) * n);
	for (int i = 0; i < n; i++)
	{
		Form_pg_attribute att;

		form->columns[i] = find_column(desc, list_nth(columns, i));
		if (form->columns[i] == InvalidAttrNumber)
			return NULL;
		att = TupleDescAttr(desc, form->columns[i] - 1);
		form->forms[i] = &forms[i];
		form->byval[i] = att->attbyval;
		form->len[i] = att->attlen;
		plasma_form_make(&forms[i], att->atttypid);
	}
	return form;
}

void
plasma_slice_read(const SliceForm *form, TupleTableSlot *row, StringInfo out)
{
	Datum	   *values = palloc(sizeof(Datum) * form->ncolumns);
	int			start;

	appendStringInfoString(out, form->scope);
	for (int i = 0; i < form->ncolumns; i++)
	{
		bool		isnull;

		values[i] = slot_getattr(row, form->columns[i], &isnull);
		if (isnull)
		{
			pfree(values);
			return;
		}
	}
	appendStringInfoChar(out, ':');
	start = out->len;
	plasma_encode_values(form->forms, values, form->ncolumns, out);
	shorten_value(out, start);
	pfree(values);
}

bool
plasma_slice_same(const SliceForm *form, TupleTableSlot *a, TupleTableSlot *b)
{
	for (int i = 0; i < form->ncolumns; i++)
	{
		bool		a_null;
		bool		b_null;
		Datum		a_value = slot_getattr(a, form->columns[i], &a_null);
		Datum		b_value = slot_getattr(b, form->columns[i], &b_null);

		if (a_null != b_null)
			return false;
		if (!a_null && !datum_image_eq(a_value, b_value, form->byval[i], form->len[i]))
			return false;
	}
	return true;
}

/*
 * encode.c
 *		Rows as JSON objects: for the change log (write → here → log) and for
 *		what pull sends (live row → here → answer).
 *
 *		All look-ups are made once per shape of row; writing a value is then a
 *		call of the writer that its type's form names.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/encode.h"
#include "log/form.h"
#include "log/setting.h"
#include "log/shape.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

typedef struct ColumnEncoder
{
	char	   *label;			/* ,"name": */
	int			label_len;
	bool		left_out;
	ValueForm	form;
} ColumnEncoder;

struct RowEncoder
{
	int			settings;		/* what any of the forms needs */
	int			natts;
	ColumnEncoder columns[FLEXIBLE_ARRAY_MEMBER];
};

/* The encoder of composite values, made anew when their shape changes. */
typedef struct RecordEncoder
{
	RowShape	shape;
	List	   *bigints;
	RowEncoder *encoder;
	Datum	   *values;
	bool	   *nulls;
} RecordEncoder;

typedef struct ArrayEncoder
{
	int16		typlen;
	bool		typbyval;
	char		typalign;
	ValueForm	element;
} ArrayEncoder;

/* Elements of an array that are still to be written. */
typedef struct ArrayWalk
{
	ArrayEncoder *encoder;
	const int  *dims;
	int			ndim;
	Datum	   *values;
	bool	   *nulls;
	int			next;
} ArrayWalk;

static void
write_row(RowEncoder *encoder, const Datum *values, const bool *nulls,
		  int first, StringInfo out)
{
	int			level = plasma_setting_fix(encoder->settings);
	int			comma = 1;

	appendStringInfoChar(out, '{');
	for (int i = first; i < encoder->natts; i++)
	{
		ColumnEncoder *column = &encoder->columns[i];

		if (column->left_out)
			continue;
		plasma_text_append(out, column->label + comma, column->label_len - comma);
		comma = 0;
		if (nulls[i])
			plasma_text_append(out, "null", 4);
		else
			column->form.json(&column->form, values[i], out);
	}
	appendStringInfoChar(out, '}');
	plasma_setting_restore(level);
}

static void
write_record(RecordEncoder *record, HeapTupleHeader row, StringInfo out)
{
	HeapTupleData tuple = plasma_shape_tuple(row);

	if (plasma_shape_renew(&record->shape, row) || record->encoder == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(record->shape.context);
		TupleDesc	desc = record->shape.desc;

		record->encoder = NULL;
		record->values = palloc(sizeof(Datum) * Max(desc->natts, 1));
		record->nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
		record->encoder = plasma_encode_make(desc, record->bigints);
		MemoryContextSwitchTo(old);
	}
	heap_deform_tuple(&tuple, record->shape.desc, record->values, record->nulls);
	write_row(record->encoder, record->values, record->nulls, 0, out);
}

static void
json_composite(ValueForm *form, Datum value, StringInfo out)
{
	check_stack_depth();
	write_record(form->nested, DatumGetHeapTupleHeader(value), out);
}

static void
write_dimension(ArrayWalk *walk, int dim, StringInfo out)
{
	ValueForm  *form = &walk->encoder->element;

	appendStringInfoChar(out, '[');
	for (int i = 0; i < walk->dims[dim]; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (dim + 1 < walk->ndim)
			write_dimension(walk, dim + 1, out);
		else if (walk->nulls[walk->next])
		{
			plasma_text_append(out, "null", 4);
			walk->next++;
		}
		else
			form->json(form, walk->values[walk->next++], out);
	}
	appendStringInfoChar(out, ']');
}

static void
json_array(ValueForm *form, Datum value, StringInfo out)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	ArrayEncoder *encoder = form->nested;
	ArrayWalk	walk = {encoder, ARR_DIMS(array), ARR_NDIM(array)};
	int			count;

	if (walk.ndim == 0)
	{
		appendBinaryStringInfo(out, "[]", 2);
		return;
	}
	deconstruct_array(array, ARR_ELEMTYPE(array), encoder->typlen,
					  encoder->typbyval, encoder->typalign,
					  &walk.values, &walk.nulls, &count);
	write_dimension(&walk, 0, out);
}

/* Adds the containers to the forms of scalars. */
static void
make_form(ValueForm *form, Oid typid)
{
	Oid			element;

	plasma_form_make(form, typid);
	element = get_element_type(form->typid);
	if (OidIsValid(element))
	{
		ArrayEncoder *array = palloc0(sizeof(ArrayEncoder));

		check_stack_depth();
		get_typlenbyvalalign(element, &array->typlen, &array->typbyval,
							 &array->typalign);
		make_form(&array->element, element);
		form->json = json_array;
		form->settings = array->element.settings;
		form->nested = array;
	}
	else if (form->typid == RECORDOID || type_is_rowtype(form->typid))
	{
		RecordEncoder *record = palloc0(sizeof(RecordEncoder));

		record->shape.parent = CurrentMemoryContext;
		form->json = json_composite;
		form->settings = 0;
		form->nested = record;
	}
}

RowEncoder *
plasma_encode_make(TupleDesc desc, List *bigints)
{
	RowEncoder *encoder = palloc0(offsetof(RowEncoder, columns) +
								  sizeof(ColumnEncoder) * desc->natts);

	encoder->natts = desc->natts;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		ColumnEncoder *column = &encoder->columns[i];
		StringInfoData label;

		/* What is generated when it is read is not in the rows that triggers see. */
		column->left_out = att->attisdropped ||
			(att->attgenerated != '\0' && att->attgenerated != ATTRIBUTE_GENERATED_STORED);
		if (column->left_out)
			continue;
		make_form(&column->form, att->atttypid);
		if (column->form.typid == INT8OID &&
			plasma_text_position(bigints, NameStr(att->attname)) >= 0)
			column->form.json = plasma_form_json_quoted;
		encoder->settings |= column->form.settings;

		initStringInfo(&label);
		appendStringInfoChar(&label, ',');
		plasma_text_json(&label, NameStr(att->attname));
		appendStringInfoChar(&label, ':');
		column->label = label.data;
		column->label_len = label.len;
	}
	return encoder;
}

void
plasma_encode_row(RowEncoder *encoder, TupleTableSlot *slot, int first,
				  StringInfo out)
{
	slot_getallattrs(slot);
	write_row(encoder, slot->tts_values, slot->tts_isnull, first, out);
}

int
plasma_encode_settings(const RowEncoder *encoder)
{
	return encoder->settings;
}

ValueForm *
plasma_encode_form(RowEncoder *encoder, int column)
{
	return &encoder->columns[column].form;
}

/* The largest buffer that a call starts with. */
#define MAX_START_SIZE	4096

/* State of one call site of plasma.encode_row, in a context of its own. */
typedef struct RowCall
{
	MemoryContext context;
	ArrayType  *bigints;		/* the argument that record.bigints was made of */
	int			size;			/* of the buffer to start with */
	RecordEncoder record;
} RowCall;

static RowCall *
row_call(FmgrInfo *flinfo, ArrayType *bigints)
{
	RowCall    *call = flinfo->fn_extra;
	MemoryContext context;
	MemoryContext old;

	if (call != NULL && VARSIZE(call->bigints) == VARSIZE(bigints) &&
		memcmp(call->bigints, bigints, VARSIZE(bigints)) == 0)
		return call;

	flinfo->fn_extra = NULL;
	if (call != NULL)
		MemoryContextDelete(call->context);
	context = AllocSetContextCreate(flinfo->fn_mcxt, "plasma row encoder",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	call = palloc0(sizeof(RowCall));
	call->context = context;
	call->bigints = palloc(VARSIZE(bigints));
	memcpy(call->bigints, bigints, VARSIZE(bigints));
	call->size = 256;
	call->record.bigints = plasma_text_list(PointerGetDatum(call->bigints));
	call->record.shape.parent = context;
	MemoryContextSwitchTo(old);
	flinfo->fn_extra = call;
	return call;
}

PG_FUNCTION_INFO_V1(plasma_encode_record);

/* plasma.encode_row(record, text[]): the object is written into the result. */
Datum
plasma_encode_record(PG_FUNCTION_ARGS)
{
	RowCall    *call = row_call(fcinfo->flinfo, PG_GETARG_ARRAYTYPE_P(1));
	StringInfoData out = {NULL};

	out.maxlen = call->size;
	out.data = palloc(out.maxlen);
	out.len = VARHDRSZ;
	write_record(&call->record, PG_GETARG_HEAPTUPLEHEADER(0), &out);
	SET_VARSIZE(out.data, out.len);
	call->size = Min(out.maxlen, MAX_START_SIZE);
	PG_RETURN_POINTER(out.data);
}

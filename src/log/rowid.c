/*
 * rowid.c
 *		The canonical text of a key, which is the row's id on the wire and in the
 *		log: from a row, and back to the texts of its columns.
 *
 *		Two keys that are equal have one text and two that differ have two, in
 *		every session; types for which that cannot be had are refused as keys.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "log/encode.h"
#include "log/form.h"
#include "log/setting.h"
#include "log/shape.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

void
plasma_encode_values(ValueForm **forms, const Datum *values, int nkeys, StringInfo out)
{
	StringInfoData text;
	int			groups = 0;
	int			level;

	for (int i = 0; i < nkeys; i++)
		groups |= forms[i]->settings;
	level = plasma_setting_fix(groups);
	if (nkeys == 1)
		forms[0]->text(forms[0], values[0], out);
	else
	{
		initStringInfo(&text);
		for (int i = 0; i < nkeys; i++)
		{
			appendStringInfoChar(out, i == 0 ? '[' : ',');
			resetStringInfo(&text);
			forms[i]->text(forms[i], values[i], &text);
			plasma_text_json_bytes(out, text.data, text.len);
		}
		appendStringInfoChar(out, ']');
		pfree(text.data);
	}
	enlargeStringInfo(out, 1);
	out->data[out->len] = '\0';	/* which the writers of values leave out */
	plasma_setting_restore(level);
}

static void
check_not_null(bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("key column of a synced row is null")));
}

void
plasma_encode_key(RowEncoder *encoder, TupleTableSlot *slot, int first,
				  int nkeys, StringInfo out)
{
	ValueForm **forms = palloc(sizeof(ValueForm *) * nkeys);

	slot_getsomeattrs(slot, first + nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		check_not_null(slot->tts_isnull[first + i]);
		forms[i] = plasma_encode_form(encoder, first + i);
	}
	plasma_encode_values(forms, slot->tts_values + first, nkeys, out);
	pfree(forms);
}

/* State of one call site of plasma.encode_key, in a context of its own. */
typedef struct KeyCall
{
	MemoryContext context;
	Oid			relid;
	ArrayType  *key;			/* the argument that names was made of */
	List	   *names;
	RowShape	shape;
	/* These live in the shape's context. */
	AttrNumber *columns;
	ValueForm **forms;
	Datum	   *values;
} KeyCall;

static AttrNumber
find_column(TupleDesc desc, const char *name)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return i + 1;
	}
	return InvalidAttrNumber;
}

/* The columns of the primary key in its order, an empty list without one. */
static List *
primary_key(Oid relid)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	List	   *indexes = RelationGetIndexList(relation);
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID,
											ObjectIdGetDatum(lfirst_oid(cell)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		index = (Form_pg_index) GETSTRUCT(tuple);
		if (index->indisprimary)
			for (int i = 0; i < index->indnkeyatts; i++)
				columns = lappend_int(columns, index->indkey.values[i]);
		ReleaseSysCache(tuple);
	}
	list_free(indexes);
	relation_close(relation, AccessShareLock);
	return columns;
}

/*
 * A key column renamed by hand must not stop writes, and its name is all that
 * is lost: it is still in the primary key.  Each missing name stands for a
 * column of the primary key that no other name stands for.
 */
static void
find_renamed_columns(KeyCall *call)
{
	List	   *left = primary_key(call->relid);

	for (int i = 0; i < list_length(call->names); i++)
		left = list_delete_int(left, call->columns[i]);
	for (int i = 0; i < list_length(call->names); i++)
	{
		if (call->columns[i] != InvalidAttrNumber)
			continue;
		if (left == NIL || linitial_int(left) > call->shape.desc->natts)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("row of \"%s\" has no key column \"%s\"",
							get_rel_name(call->relid),
							(char *) list_nth(call->names, i)),
					 errdetail("No column of the primary key can stand for it."),
					 errhint("Declare the table with the key that it has.")));
		call->columns[i] = linitial_int(left);
		left = list_delete_first(left);
	}
}

static void
find_columns(KeyCall *call)
{
	MemoryContext old = MemoryContextSwitchTo(call->shape.context);
	int			nkeys = list_length(call->names);
	ValueForm  *forms = palloc(sizeof(ValueForm) * nkeys);
	bool		missing = false;

	call->columns = palloc(sizeof(AttrNumber) * nkeys);
	call->values = palloc(sizeof(Datum) * nkeys);
	call->forms = palloc(sizeof(ValueForm *) * nkeys);
	for (int i = 0; i < nkeys; i++)
	{
		call->columns[i] = find_column(call->shape.desc, list_nth(call->names, i));
		missing |= call->columns[i] == InvalidAttrNumber;
	}
	if (missing)
		find_renamed_columns(call);
	for (int i = 0; i < nkeys; i++)
	{
		call->forms[i] = &forms[i];
		plasma_form_make(&forms[i],
						 TupleDescAttr(call->shape.desc, call->columns[i] - 1)->atttypid);
	}
	MemoryContextSwitchTo(old);
}

static KeyCall *
key_call(FmgrInfo *flinfo, Oid relid, ArrayType *key)
{
	KeyCall    *call = flinfo->fn_extra;
	MemoryContext context;
	MemoryContext old;

	if (call != NULL && call->relid == relid &&
		VARSIZE(call->key) == VARSIZE(key) &&
		memcmp(call->key, key, VARSIZE(key)) == 0)
		return call;

	flinfo->fn_extra = NULL;
	if (call != NULL)
		MemoryContextDelete(call->context);
	context = AllocSetContextCreate(flinfo->fn_mcxt, "plasma key encoder",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	call = palloc0(sizeof(KeyCall));
	call->context = context;
	call->relid = relid;
	call->key = palloc(VARSIZE(key));
	memcpy(call->key, key, VARSIZE(key));
	call->names = plasma_text_list(PointerGetDatum(call->key));
	call->shape.parent = context;
	MemoryContextSwitchTo(old);
	if (call->names == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a key needs at least one column")));
	flinfo->fn_extra = call;
	return call;
}

PG_FUNCTION_INFO_V1(plasma_rowid_encode);

/* plasma.encode_key(record, oid, text[]) */
Datum
plasma_rowid_encode(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	KeyCall    *call = key_call(fcinfo->flinfo, PG_GETARG_OID(1),
								PG_GETARG_ARRAYTYPE_P(2));
	HeapTupleData tuple = plasma_shape_tuple(row);
	int			nkeys = list_length(call->names);
	StringInfoData out;

	if (plasma_shape_renew(&call->shape, row) || call->forms == NULL)
	{
		call->forms = NULL;
		find_columns(call);
	}
	for (int i = 0; i < nkeys; i++)
	{
		bool		isnull;

		call->values[i] = heap_getattr(&tuple, call->columns[i],
									   call->shape.desc, &isnull);
		check_not_null(isnull);
	}
	initStringInfo(&out);
	out.len = VARHDRSZ;
	plasma_encode_values(call->forms, call->values, nkeys, &out);
	SET_VARSIZE(out.data, out.len);
	PG_RETURN_POINTER(out.data);
}

List *
plasma_encode_split_key(const char *row_id, int nkeys)
{
	JsonNode   *node;
	char	   *error;
	List	   *texts = NIL;
	ListCell   *cell;

	if (nkeys == 1)
		return list_make1(pstrdup(row_id));
	node = plasma_json_parse(row_id, strlen(row_id), &error);
	if (node == NULL || node->type != JSON_NODE_ARRAY ||
		list_length(node->items) != nkeys)
		return NULL;
	foreach(cell, node->items)
	{
		JsonNode   *item = lfirst(cell);

		if (item->type != JSON_NODE_STRING)
			return NULL;
		texts = lappend(texts, item->text);
	}
	return texts;
}

PG_FUNCTION_INFO_V1(plasma_rowid_decode);

/* plasma.decode_key(text, int): NULL when the text is no such key. */
Datum
plasma_rowid_decode(PG_FUNCTION_ARGS)
{
	List	   *texts = plasma_encode_split_key(text_to_cstring(PG_GETARG_TEXT_PP(0)),
												PG_GETARG_INT32(1));

	if (texts == NIL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(plasma_text_array(texts));
}

const char *
plasma_encode_key_fault(Oid typid, Oid collation)
{
	typid = getBaseType(typid);
	switch (typid)
	{
		case TEXTOID:
		case VARCHAROID:
		case NAMEOID:
			if (OidIsValid(collation) && !get_collation_isdeterministic(collation))
				return "its collation has different texts that are equal";
			return NULL;
		case BOOLOID:
		case BYTEAOID:
		case CHAROID:
		case CIDROID:
		case DATEOID:
		case INETOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case MACADDR8OID:
		case MACADDROID:
		case OIDOID:
		case TIMEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
			return NULL;
		case BPCHAROID:
			return "trailing spaces do not count when character values are compared";
		case NUMERICOID:
			return "one number has several texts, as 1.0 and 1.00";
		case FLOAT4OID:
		case FLOAT8OID:
			return "0 and -0 are equal and differ in their text";
		case INTERVALOID:
			return "one interval has several texts, as 1 day and 24 hours";
	}
	if (type_is_enum(typid))
		return NULL;
	if (OidIsValid(get_element_type(typid)) || type_is_rowtype(typid))
		return "it is made of several values";
	return "equal values of the type may differ in their text";
}

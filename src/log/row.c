/*
 * row.c
 *		Rows of a captured relation as the triggers hand them over: checked to be
 *		of its shape, compared by image, their keys written as text.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "log/row.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

RowReader *
plasma_row_begin(const Source *source)
{
	RowReader  *reader = palloc0(sizeof(RowReader));

	reader->source = source;
	for (int side = ROW_OLD; side <= ROW_NEW; side++)
		reader->rows[side] = MakeSingleTupleTableSlot(source->desc,
													  &TTSOpsHeapTuple);
	reader->key = MakeSingleTupleTableSlot(source->key_desc, &TTSOpsVirtual);
	initStringInfo(&reader->id);
	return reader;
}

void
plasma_row_end(RowReader *reader)
{
	for (int side = ROW_OLD; side <= ROW_NEW; side++)
		ExecDropSingleTupleTableSlot(reader->rows[side]);
	ExecDropSingleTupleTableSlot(reader->key);
}

/* The slots read a row by the shape of the relation: it must be of that shape. */
static void
check_shape(RowReader *reader, HeapTupleHeader row)
{
	Oid			typid = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	TupleDesc	expected = reader->source->desc;
	TupleDesc	desc;
	bool		fits;

	if (typid == reader->typid && typmod == reader->typmod)
		return;
	desc = lookup_rowtype_tupdesc(typid, typmod);
	fits = desc->natts == expected->natts;
	for (int i = 0; fits && i < desc->natts; i++)
		fits = TupleDescAttr(desc, i)->attisdropped ==
			TupleDescAttr(expected, i)->attisdropped &&
			TupleDescAttr(desc, i)->atttypid == TupleDescAttr(expected, i)->atttypid;
	ReleaseTupleDesc(desc);
	if (!fits)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("row is not one of table \"%s\"",
						get_rel_name(reader->source->relid))));
	reader->typid = typid;
	reader->typmod = typmod;
}

TupleTableSlot *
plasma_row_store(RowReader *reader, RowSide side, NullableDatum arg)
{
	HeapTuple	tuple = &reader->tuples[side];
	HeapTupleHeader row;

	if (arg.isnull)
		return NULL;
	row = DatumGetHeapTupleHeader(arg.value);
	check_shape(reader, row);
	tuple->t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple->t_self);
	tuple->t_tableOid = InvalidOid;
	tuple->t_data = row;
	return ExecStoreHeapTuple(tuple, reader->rows[side], false);
}

bool
plasma_row_read_key(RowReader *reader, TupleTableSlot *row)
{
	const Source *source = reader->source;

	if (source->nkeys == 0)
		return false;
	ExecClearTuple(reader->key);
	for (int i = 0; i < source->nkeys; i++)
	{
		reader->key->tts_values[i] = slot_getattr(row, source->keys[i],
											   &reader->key->tts_isnull[i]);
		if (reader->key->tts_isnull[i])
			return false;
	}
	ExecStoreVirtualTuple(reader->key);
	resetStringInfo(&reader->id);
	plasma_encode_key(source->key_encoder, reader->key, 0, source->nkeys, &reader->id);
	return true;
}

/* As OPERATOR(pg_catalog.*<>) compares, which calls nothing of the types. */
bool
plasma_row_same(TupleDesc desc, const Bitmapset *columns, bool all,
				TupleTableSlot *a, TupleTableSlot *b)
{
	slot_getallattrs(a);
	slot_getallattrs(b);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped || !(all || bms_is_member(i + 1, columns)))
			continue;
		if (a->tts_isnull[i] != b->tts_isnull[i])
			return false;
		if (!a->tts_isnull[i] &&
			!datum_image_eq(a->tts_values[i], b->tts_values[i],
							att->attbyval, att->attlen))
			return false;
	}
	return true;
}

/*
 * copies.c
 *		What clients hold of a synced table outlives some of the DDL on it.
 *
 *		Pull compares a table with what it was when the client's cookie was made,
 *		column by column (log/fingerprint), and by default every DDL on a column
 *		makes it another one.  Here plasma.tables.kept is written, which takes
 *		exceptions from that: per column
 *
 *		mark		the column as harmless DDL left it (plasma_copies_mark),
 *		counts_as	the mark that it had before that, for the clients who know it,
 *		shape		of the table since when clients know the column at all.
 *
 *		A shape is the number of times that columns were added so.  As soon as
 *		anybody alters the column again, its mark is another one and the exception
 *		is void, for those who know the column and for those who do not.
 *
 *		What the column was before this transaction is read from the versions of
 *		its row of pg_attribute that the transaction has replaced: no transaction
 *		can remove them while this one runs.
 */
#include "postgres.h"

#include <inttypes.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "schema/copies.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* A column as its row of pg_attribute is and was. */
typedef struct ColumnPast
{
	uint64		mark;
	char		generated;		/* as pg_attribute.attgenerated */
	bool		touched;		/* by this transaction */
	List	   *replaced;		/* uint64 *: marks of versions that it replaced */
	uint64		before;			/* the mark before this transaction; 0: not there */
	bool		same_type;		/* as before */
} ColumnPast;

uint64
plasma_copies_mark(HeapTuple attribute)
{
	Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(attribute);
	uint32		parts[] = {
		att->attnum,
		att->atttypid,
		att->atttypmod,
		/* ALTER TYPE … USING gives other values and may leave the type as it is. */
		HeapTupleHeaderGetRawXmin(attribute->t_data)
	};

	return hash_bytes_extended((unsigned char *) parts, sizeof(parts), 0);
}

static bool
is_ours(TransactionId xid)
{
	return TransactionIdIsCurrentTransactionId(xid);
}

/* Whether this transaction has put another version in the place of this one. */
static bool
is_replaced(HeapTupleHeader row)
{
	return (row->t_infomask & HEAP_XMAX_INVALID) == 0 &&
		!HEAP_XMAX_IS_LOCKED_ONLY(row->t_infomask) &&
		is_ours(HeapTupleHeaderGetUpdateXid(row));
}

static void
note_version(ColumnPast *past, HeapTuple version, Form_pg_attribute now)
{
	Form_pg_attribute then = (Form_pg_attribute) GETSTRUCT(version);
	uint64	   *mark;

	if (!is_replaced(version->t_data))
		return;
	mark = palloc(sizeof(uint64));
	*mark = plasma_copies_mark(version);
	past->replaced = lappend(past->replaced, mark);
	if (is_ours(HeapTupleHeaderGetRawXmin(version->t_data)))
		return;
	past->before = *mark;
	past->same_type = then->atttypid == now->atttypid &&
		then->atttypmod == now->atttypmod;
}

/* False when there is no such column. */
static bool
read_past(ColumnPast *past, Oid relid, const char *column)
{
	HeapTuple	current = SearchSysCacheCopyAttName(relid, column);
	Form_pg_attribute att;
	Relation	attributes;
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	version;

	if (!HeapTupleIsValid(current))
		return false;
	att = (Form_pg_attribute) GETSTRUCT(current);
	*past = (ColumnPast)
	{
		.mark = plasma_copies_mark(current),
			.generated = att->attgenerated,
			.touched = is_ours(HeapTupleHeaderGetRawXmin(current->t_data))
	};
	if (!past->touched)
		return true;
	ScanKeyInit(&keys[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&keys[1], Anum_pg_attribute_attnum, BTEqualStrategyNumber,
				F_INT2EQ, Int16GetDatum(att->attnum));
	attributes = table_open(AttributeRelationId, AccessShareLock);
	scan = systable_beginscan(attributes, AttributeRelidNumIndexId, true,
							  SnapshotAny, lengthof(keys), keys);
	while (HeapTupleIsValid(version = systable_getnext(scan)))
		note_version(past, version, att);
	systable_endscan(scan);
	table_close(attributes, AccessShareLock);
	return true;
}

bool
plasma_copies_added_here(Oid relid, const char *column)
{
	ColumnPast	past;

	return read_past(&past, relid, column) && past.touched && past.before == 0;
}

bool
plasma_copies_rewritten_here(Oid relid)
{
	ListCell   *cell;
	bool		rewritten = false;

	foreach(cell, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		Relation	rel = relation_open(lfirst_oid(cell), NoLock);

		rewritten |= plasma_relation_rewritten(rel);
		relation_close(rel, NoLock);
	}
	return rewritten;
}

/* The mark by which clients know a column that this transaction altered. */
static uint64
known_as(const ColumnPast *past, const SyncColumn *column)
{
	ListCell   *cell;

	foreach(cell, past->replaced)
		if (*(uint64 *) lfirst(cell) == column->mark)
			return column->counts_as;
	return past->before;
}

/*
 * Whether DDL that is not spoken for has left the values of a column as they
 * were.  A change of one column's type touches those behind it, too.
 */
static bool
is_harmless(const ColumnPast *past, bool rewritten)
{
	if (!past->same_type)
		return false;
	return past->generated == '\0' ||
		(past->generated == ATTRIBUTE_GENERATED_STORED && !rewritten);
}

/* Notes what is to be noted of one column; says whether that is anything new. */
static bool
keep_column(Oid relid, SyncColumn *column, List *added, List *changed,
			bool rewritten, int64 shape)
{
	ColumnPast	past;
	uint64		known;

	if (!read_past(&past, relid, column->name))
		return false;
	if (past.mark == column->mark)
		return false;
	if (plasma_text_position(added, column->name) >= 0)
	{
		column->shape = shape;
		column->mark = column->counts_as = past.mark;
		return true;
	}
	if (!past.touched)
		return false;
	if (plasma_text_position(changed, column->name) < 0 &&
		((rewritten && changed == NIL) || !is_harmless(&past, rewritten)))
		return false;
	known = known_as(&past, column);
	if (known == 0)
		return false;
	column->mark = past.mark;
	column->counts_as = known;
	return true;
}

static char *
write_kept(List *columns)
{
	StringInfoData json;
	ListCell   *cell;

	initStringInfo(&json);
	foreach(cell, columns)
	{
		const SyncColumn *column = lfirst(cell);

		if (column->mark == 0)
			continue;
		appendStringInfoChar(&json, json.len == 0 ? '{' : ',');
		plasma_text_json(&json, column->name);
		appendStringInfo(&json, ":{\"shape\":" INT64_FORMAT
						 ",\"mark\":\"%016" PRIx64 "\",\"counts_as\":\"%016" PRIx64 "\"}",
						 column->shape, column->mark, column->counts_as);
	}
	appendStringInfoString(&json, json.len == 0 ? "{}" : "}");
	return json.data;
}

static void
write_row(Oid relid, int64 shape, const char *kept)
{
	SpiParam	params[] = {
		SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(relid)),
		SPI_INT8(shape),
		SPI_TEXT(kept)
	};

	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.tables SET shape = $2, kept = $3::json"
					 " WHERE relation = $1", lengthof(params), params);
	plasma_registry_touch();
}

List *
plasma_copies_keep(Oid relid, List *added, List *changed)
{
	SyncTable  *table = plasma_registry_lock(relid);
	List	   *kept = NIL;
	bool		rewritten;
	ListCell   *cell;

	if (table == NULL)
		return NIL;
	rewritten = plasma_copies_rewritten_here(relid);
	if (added != NIL)
		table->shape++;
	foreach(cell, table->columns)
	{
		SyncColumn *column = lfirst(cell);

		if (keep_column(relid, column, added, changed, rewritten, table->shape))
			kept = lappend(kept, column->name);
	}
	if (kept != NIL)
		write_row(relid, table->shape, write_kept(table->columns));
	return kept;
}

int64
plasma_copies_reset(Oid relid)
{
	SpiParam	params[] = {SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(relid))};
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"UPDATE plasma.tables SET generation = generation + 1"
										" WHERE relation = $1 AND NOT suppressed"
										" RETURNING generation",
										lengthof(params), params);

	if (rows->nrows == 0)
		return 0;
	plasma_registry_touch();
	return plasma_spi_int8(rows, 0, 1);
}

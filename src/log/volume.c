/*
 * volume.c
 *		An estimate from what ANALYZE left: sizes of tables, and of those with a
 *		scope the share that lies in the caller's slices.
 *
 *		It decides nothing but whether a long catch-up is given up for a fresh start.
 *		Nothing of the tables is read; statistics are read whatever the caller's
 *		rights, but no more than a number comes of them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/compat.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_statistic.h"
#include "log/form.h"
#include "log/readable.h"
#include "log/setting.h"
#include "log/volume.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* What is known of the values of one column. */
typedef struct ColumnShare
{
	double		distinct;		/* 0: nothing */
	double		common;			/* share of the rows whose value is a common one */
	int			ncommon;
	double		mine;			/* share of the rows whose common value is a slice */
	int			nmine;
} ColumnShare;

static void
add_common_values(ColumnShare *share, const Membership *membership, HeapTuple tuple)
{
	AttStatsSlot slot;
	ValueForm	form = {NULL};
	StringInfoData text;
	int			level;

	if (!get_attstatsslot(&slot, tuple, STATISTIC_KIND_MCV, InvalidOid,
						  ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
		return;
	plasma_form_make(&form, slot.valuetype);
	initStringInfo(&text);
	level = plasma_setting_fix(form.settings);
	for (int i = 0; i < slot.nvalues; i++)
	{
		resetStringInfo(&text);
		form.text(&form, slot.values[i], &text);
		enlargeStringInfo(&text, 1);
		text.data[text.len] = '\0';
		share->common += slot.numbers[i];
		share->ncommon++;
		if (plasma_membership_of_value(membership, text.data) < 0)
			continue;
		share->mine += slot.numbers[i];
		share->nmine++;
	}
	plasma_setting_restore(level);
	free_attstatsslot(&slot);
}

static ColumnShare
column_share(Oid relid, const char *column, const Membership *membership, double rows)
{
	ColumnShare share = {0};
	bool		inherited = get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE;
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(relid),
										Int16GetDatum(get_attnum(relid, column)),
										BoolGetDatum(inherited));
	double		distinct;

	if (!HeapTupleIsValid(tuple))
		return share;
	distinct = ((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct;
	share.distinct = distinct < 0 ? -distinct * rows : distinct;
	add_common_values(&share, membership, tuple);
	ReleaseSysCache(tuple);
	return share;
}

/* Several columns are taken for independent, and all their values for alike. */
static double
share_of_slices(const ReadableTable *table, double rows)
{
	const Membership *membership = table->membership;
	double		distinct = 1;
	ListCell   *cell;

	foreach(cell, table->sync->scope_columns)
	{
		ColumnShare share = column_share(table->sync->relid, lfirst(cell), membership, rows);

		if (share.distinct <= 0)
			return 1;
		if (table->nscope == 1)
			return Min(1, share.mine + Max(0, 1 - share.common) *
					   (membership->nslices - share.nmine) /
					   Max(1, share.distinct - share.ncommon));
		distinct *= share.distinct;
	}
	return Min(1, membership->nslices / Max(1, Min(distinct, rows)));
}

static double
relation_rows(Oid relid)
{
	Relation	rel = try_relation_open(relid, NoLock);
	BlockNumber pages;
	double		tuples = 0;
	double		all_visible;

	if (rel == NULL)
		return 0;
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind))
		estimate_rel_size(rel, NULL, &pages, &tuples, &all_visible);
	relation_close(rel, NoLock);
	return tuples;
}

double
plasma_volume_rows(List *tables)
{
	double		sum = 0;
	ListCell   *cell;
	ListCell   *child;

	foreach(cell, tables)
	{
		ReadableTable *table = lfirst(cell);
		double		rows = 0;

		foreach(child, find_all_inheritors(table->sync->relid, AccessShareLock, NULL))
			rows += relation_rows(lfirst_oid(child));
		sum += table->membership == NULL ? rows : rows * share_of_slices(table, rows);
	}
	return sum;
}

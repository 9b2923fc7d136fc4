/*
 * touched.c
 *		From keys that the log names to operations: the live row where there is
 *		one that the caller may see, else the end of it.
 *
 *		The rows are read by one query a table, in the page's snapshot, under the
 *		caller's rights.  Of a table with a scope a row counts only in a slice of the
 *		caller's that the client has or is being sent: what is still to come of a
 *		slice comes by hydration.
 *
 *		No end is told of a row that the client cannot hold; its id is nobody else's
 *		business.  That is so where the first of the touches at hand is an arrival, and
 *		all of its transaction are: the row was made by a transaction that no snapshot
 *		shows in which the client was ever shown rows, or brought by one into its slices
 *		from elsewhere.  For suppose that the client holds some state of the row.  That
 *		was read in such a snapshot, or in this page's, where the row would be there
 *		now.  So that state is older than the arrival.  Whoever wrote the row next after
 *		it changed it, took it out of a slice that the client has, or deleted it: that
 *		is an entry which this caller reads, that was not sent yet, and that is no
 *		arrival.  It has a smaller row_version than the arrival, because writers of a
 *		row wait for one another, or it is of the same transaction, where a trigger's
 *		entry comes before that of the statement that fired it.  Either it is among the
 *		touches at hand, and tells of the row; or it comes in another chunk or page, and
 *		the end is told there.  In between the client holds a row that is gone, which it
 *		may before its last page.  Nothing of this asks which copy the client has, only that a
 *		patch is applied to the copy of the cookie that it was asked with: an older
 *		cookie, sent again, speaks of all that came after it.
 */
#include "postgres.h"

#include "base/spi.h"
#include "log/touched.h"

/* Touched keys of one table. */
typedef struct TouchedKeys
{
	const ReadableTable *table;
	const CookieTable *state;
	int			nkeys;
	Touch	  **keys;			/* the first touch of each, ascending by row_id */
	bool	   *found;
	bool		whole;			/* to be sent however large they are */
	bool		overflow;		/* the page was full before they were through */
	RowSender	sender;
} TouchedKeys;

static int
compare_keys(const void *a, const void *b)
{
	return strcmp((*(Touch *const *) a)->row_id, (*(Touch *const *) b)->row_id);
}

static int
compare_touches(const void *a, const void *b)
{
	int64		x = (*(Touch *const *) a)->row_version;
	int64		y = (*(Touch *const *) b)->row_version;
	int			order = compare_keys(a, b);

	return order != 0 ? order : x < y ? -1 : x > y ? 1 : 0;
}

static bool
is_wanted(TouchedKeys *touched, TupleTableSlot *slot, TupleDesc desc)
{
	int			slice;

	if (touched->table->membership == NULL)
		return true;
	slice = plasma_page_slice(&touched->sender, slot, desc);
	return slice >= 0 && plasma_cookie_has_slice(touched->state, slice);
}

static bool
send_touched_row(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	TouchedKeys *touched = arg;
	Touch		sent;
	Touch	   *key = &sent;
	Touch	  **hit;

	if (!is_wanted(touched, slot, desc))
		return true;
	plasma_page_put(&touched->sender, slot, desc);
	sent.row_id = touched->sender.key.data;
	hit = bsearch(&key, touched->keys, touched->nkeys, sizeof(Touch *), compare_keys);
	if (hit != NULL)
		touched->found[hit - touched->keys] = true;
	touched->overflow = !touched->whole && plasma_page_full(touched->sender.page);
	return !touched->overflow;
}

/*
 * SELECT … FROM t JOIN unnest($1, $2) k(c1, c2) ON t.a = k.c1 AND t.b = k.c2;
 * with one key column the array itself is the condition.
 */
static char *
touched_query(const ReadableTable *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	plasma_page_select(&sql, table);
	if (table->nkeys == 1)
	{
		appendStringInfo(&sql, " WHERE %s OPERATOR(pg_catalog.=) ANY ($1)",
						 (char *) linitial(table->keys));
		return sql.data;
	}
	appendStringInfoString(&sql, " JOIN ");
	plasma_page_unnest(&sql, table->nkeys);
	appendStringInfoString(&sql, " ON ");
	for (int i = 1; i <= table->nkeys; i++)
		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) k.c%d", i > 1 ? " AND " : "",
						 (char *) list_nth(table->keys, i - 1), i);
	return sql.data;
}

/* The keys as one array per key column; texts that are no key are left out. */
static SpiParam *
touched_params(const TouchedKeys *touched)
{
	const ReadableTable *table = touched->table;
	SpiParam   *keys = palloc(sizeof(SpiParam) * table->nkeys * touched->nkeys);
	int			count = 0;

	for (int i = 0; i < touched->nkeys; i++)
		if (plasma_readable_key(table, touched->keys[i]->row_id,
								keys + count * table->nkeys))
			count++;
	return plasma_readable_arrays(table->key_types, table->nkeys, keys, count);
}

/* The first touch of each key, an arrival only if all of its transaction are. */
static int
first_touches(Touch **touches, int count)
{
	int			nkeys = 0;

	for (int i = 0; i < count; i++)
	{
		Touch	   *first = nkeys > 0 ? touches[nkeys - 1] : NULL;

		if (first == NULL || strcmp(first->row_id, touches[i]->row_id) != 0)
			touches[nkeys++] = touches[i];
		else if (first->xid == touches[i]->xid)
			first->arrival &= touches[i]->arrival;
	}
	return nkeys;
}

bool
plasma_touched_send(PullPage *page, const ReadableTable *table, List *touches, bool whole)
{
	TouchedKeys touched = {.table = table,.nkeys = list_length(touches),.whole = whole};
	ListCell   *cell;

	touched.state = plasma_cookie_table(page->cookie, table->sync->name);
	touched.keys = palloc(sizeof(Touch *) * touched.nkeys);
	foreach(cell, touches)
		touched.keys[foreach_current_index(cell)] = lfirst(cell);
	qsort(touched.keys, touched.nkeys, sizeof(Touch *), compare_touches);
	touched.nkeys = first_touches(touched.keys, touched.nkeys);
	touched.found = palloc0(touched.nkeys);

	plasma_page_sender(&touched.sender, page, table);
	plasma_spi_scan(SPI_CALLER, touched_query(table), table->nkeys,
					touched_params(&touched), send_touched_row, &touched);
	if (touched.overflow)
		return false;
	for (int i = 0; i < touched.nkeys; i++)
		if (!touched.found[i] && !touched.keys[i]->arrival)
			plasma_page_delete(page, table->sync->name, touched.keys[i]->row_id);
	return true;
}

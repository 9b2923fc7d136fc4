/*
 * hydrate.c
 *		First pulls, tables that a client has to fetch anew, slices that it gained.
 *
 *		Rows are read live, in the snapshot of the page.  A row that changes after
 *		its page has a log entry that the cookie's snapshot has not seen, because
 *		that snapshot is never younger than the first page; so the catch-up, which
 *		goes on beside the hydration, brings it.
 *
 *		A table with a scope is sent slice by slice, each in key order.  The one that
 *		was begun goes on first, whatever was gained or lost meanwhile; the others
 *		follow, many by one query, for a statement costs more than a small slice.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/hydrate.h"
#include "miscadmin.h"

/* Slices that are read by one query, at most. */
#define MOST_SLICES		1000

typedef struct Hydration
{
	RowSender	sender;
	CookieTable *state;
	bool		several;		/* slices, one after the other */
	int			slice;			/* the one at hand, -1 before the first */
	uint64		nrows;
} Hydration;

/* Where the next slice begins, the one before is through. */
static void
note_slice(Hydration *hydration, TupleTableSlot *slot, TupleDesc desc)
{
	int			slice = plasma_page_slice(&hydration->sender, slot, desc);

	if (slice < 0)
		elog(ERROR, "a row of table \"%s\" is not in the slice that it was read of",
			 hydration->sender.table->sync->name);
	if (slice != hydration->slice && hydration->slice >= 0)
		plasma_cookie_note_sent(hydration->state, hydration->slice);
	hydration->slice = slice;
}

static bool
send_row(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	Hydration  *hydration = arg;

	if (hydration->several)
		note_slice(hydration, slot, desc);
	plasma_page_put(&hydration->sender, slot, desc);
	hydration->nrows++;
	return !plasma_page_full(hydration->sender.page);
}

/*
 * SELECT … WHERE t.s = $1 AND ROW(t.a, t.b) > ROW($2, $3) ORDER BY t.a, t.b LIMIT $4,
 * without what the table, or the start of it, has not.
 */
static char *
page_query(const ReadableTable *table, bool from_start)
{
	StringInfoData sql;
	const char *glue = " WHERE ";
	int			nparams = 0;
	ListCell   *cell;

	initStringInfo(&sql);
	plasma_page_select(&sql, table);
	foreach(cell, table->scope)
	{
		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) $%d", glue,
						 (char *) lfirst(cell), ++nparams);
		glue = " AND ";
	}
	if (!from_start)
	{
		appendStringInfo(&sql, "%sROW(", glue);
		plasma_page_join(&sql, table->keys, ", ");
		appendStringInfoString(&sql, ") OPERATOR(pg_catalog.>) ROW(");
		for (int i = 0; i < table->nkeys; i++)
			appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", ++nparams);
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfoString(&sql, " ORDER BY ");
	plasma_page_join(&sql, table->keys, ", ");
	appendStringInfo(&sql, " LIMIT $%d", nparams + 1);
	return sql.data;
}

/*
 * SELECT r.* FROM ROWS FROM (unnest($1), unnest($2)) k(c1, c2), LATERAL (
 * SELECT … WHERE t.s1 = c1 AND t.s2 = c2 ORDER BY t.a, t.b LIMIT $3) r LIMIT $3
 */
static char *
slices_query(const ReadableTable *table)
{
	StringInfoData sql;
	ListCell   *cell;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT r.* FROM ");
	plasma_page_unnest(&sql, table->nscope);
	appendStringInfoString(&sql, ", LATERAL (");
	plasma_page_select(&sql, table);
	foreach(cell, table->scope)
	{
		int			i = foreach_current_index(cell);

		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) k.c%d", i == 0 ? " WHERE " : " AND ",
						 (char *) lfirst(cell), i + 1);
	}
	appendStringInfoString(&sql, " ORDER BY ");
	plasma_page_join(&sql, table->keys, ", ");
	appendStringInfo(&sql, " LIMIT $%d) r LIMIT $%d", table->nscope + 1, table->nscope + 1);
	return sql.data;
}

/* The slices next in turn, and their values, of which some may be none. */
static Bitmapset *
next_slices(const ReadableTable *table, const CookieTable *state,
			SpiParam *values, int *nvalues)
{
	Bitmapset  *slices = NULL;
	int			slice = -1;

	*nvalues = 0;
	for (int i = 0; i < MOST_SLICES; i++)
	{
		slice = bms_next_member(state->fetching, slice);
		if (slice < 0)
			break;
		slices = bms_add_member(slices, slice);
		if (plasma_readable_slice(table, table->membership->values[slice],
								  values + *nvalues * table->nscope))
			(*nvalues)++;
	}
	return slices;
}

/*
 * Sends slices from their beginning.  The planner does not know how large each
 * of them is, so one alone is better read by itself.
 */
static void
hydrate_slices(PullPage *page, const ReadableTable *table, CookieTable *state)
{
	SpiParam   *values = palloc(sizeof(SpiParam) * table->nscope * MOST_SLICES);
	SpiParam   *params = palloc(sizeof(SpiParam) * (table->nscope + 1));
	int			wanted = page->limit - page->nops;
	Hydration	hydration = {.state = state,.several = true,.slice = -1};
	int			nvalues;
	Bitmapset  *slices = next_slices(table, state, values, &nvalues);

	memcpy(params, plasma_readable_arrays(table->scope_types, table->nscope, values, nvalues),
		   sizeof(SpiParam) * table->nscope);
	params[table->nscope] = (SpiParam) SPI_INT8(wanted);
	plasma_page_sender(&hydration.sender, page, table);
	plasma_spi_scan(SPI_CALLER, slices_query(table), table->nscope + 1, params,
					send_row, &hydration);
	if (hydration.nrows >= wanted || plasma_page_full(page))
	{
		state->begun = hydration.slice;
		state->last_key = hydration.sender.key.data;
		return;
	}
	for (int slice = -1; (slice = bms_next_member(slices, slice)) >= 0;)
		plasma_cookie_note_sent(state, slice);
}

/*
 * Sends the next rows of a slice.  A last key that is none of the table's starts
 * it again: rows are then sent twice, none is left out.
 */
static void
hydrate_slice(PullPage *page, const ReadableTable *table, CookieTable *state)
{
	SpiParam   *params = palloc(sizeof(SpiParam) * (table->nscope + table->nkeys + 1));
	bool		from_start = state->last_key == NULL ||
		!plasma_readable_key(table, state->last_key, params + table->nscope);
	int			nparams = table->nscope + (from_start ? 0 : table->nkeys);
	int			wanted = page->limit - page->nops;
	int			slice = state->last_key != NULL ? state->begun :
		bms_next_member(state->fetching, -1);
	Hydration	hydration = {.nrows = 0};

	if (table->membership == NULL ||
		plasma_readable_slice(table, table->membership->values[slice], params))
	{
		params[nparams] = (SpiParam) SPI_INT8(wanted);
		plasma_page_sender(&hydration.sender, page, table);
		plasma_spi_scan(SPI_CALLER, page_query(table, from_start), nparams + 1, params,
						send_row, &hydration);
	}
	if (hydration.nrows > 0)
	{
		state->begun = slice;
		state->last_key = hydration.sender.key.data;
	}
	if (hydration.nrows < wanted && !plasma_page_full(page))
	{
		plasma_cookie_note_sent(state, slice);
		state->last_key = NULL;
	}
}

/* Sends slices while there is room. Returns whether all of them are through. */
static bool
hydrate_table(PullPage *page, const ReadableTable *table, CookieTable *state)
{
	while (!bms_is_empty(state->fetching))
	{
		CHECK_FOR_INTERRUPTS();
		if (page->nops >= page->limit || plasma_page_full(page))
			return false;
		if (state->last_key == NULL && bms_membership(state->fetching) == BMS_MULTIPLE)
			hydrate_slices(page, table, state);
		else
			hydrate_slice(page, table, state);
	}
	return true;
}

bool
plasma_hydrate_run(PullPage *page)
{
	ListCell   *cell;

	foreach(cell, page->cookie->tables)
	{
		CookieTable *state = lfirst(cell);
		int			index = plasma_page_table_index(page, state->name);

		if (!hydrate_table(page, list_nth(page->tables, index), state))
			return false;
	}
	return true;
}

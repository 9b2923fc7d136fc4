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
 *		follow in the order of their values.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/hydrate.h"
#include "miscadmin.h"

typedef struct Hydration
{
	RowSender	sender;
	uint64		nrows;
} Hydration;

static bool
send_row(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	Hydration  *hydration = arg;

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
 * Sends the next rows of a slice.  A last key that is none of the table's
 * starts it again: rows are then sent twice, none is left out.
 */
static void
hydrate_slice(PullPage *page, const ReadableTable *table, CookieTable *state, int slice)
{
	SpiParam   *params = palloc(sizeof(SpiParam) * (table->nscope + table->nkeys + 1));
	bool		from_start = state->last_key == NULL ||
		!plasma_readable_key(table, state->last_key, params + table->nscope);
	int			nparams = table->nscope + (from_start ? 0 : table->nkeys);
	int			wanted = page->limit - page->nops;
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
		int			slice = state->last_key != NULL ? state->begun :
			bms_next_member(state->fetching, -1);

		CHECK_FOR_INTERRUPTS();
		if (page->nops >= page->limit || plasma_page_full(page))
			return false;
		hydrate_slice(page, table, state, slice);
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

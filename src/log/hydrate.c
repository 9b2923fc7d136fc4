/*
 * hydrate.c
 *		First pulls, and tables that a client has to fetch anew.
 *
 *		Rows are read live, in the snapshot of the page.  A row that changes after
 *		its page has a log entry that the cookie's snapshot has not seen, because
 *		that snapshot is never younger than the first page; so the catch-up, which
 *		goes on beside the hydration, brings it.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/hydrate.h"

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

/* SELECT … WHERE ROW(t.a, t.b) > ROW($1, $2) ORDER BY t.a, t.b LIMIT $3 */
static char *
page_query(const ReadableTable *table, bool from_start)
{
	StringInfoData sql;

	initStringInfo(&sql);
	plasma_page_select(&sql, table);
	if (!from_start)
	{
		appendStringInfoString(&sql, " WHERE ROW(");
		plasma_page_join(&sql, table->keys, ", ");
		appendStringInfoString(&sql, ") OPERATOR(pg_catalog.>) ROW(");
		for (int i = 0; i < table->nkeys; i++)
			appendStringInfo(&sql, "%s$%d", i > 0 ? ", " : "", i + 1);
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfoString(&sql, " ORDER BY ");
	plasma_page_join(&sql, table->keys, ", ");
	appendStringInfo(&sql, " LIMIT $%d", from_start ? 1 : table->nkeys + 1);
	return sql.data;
}

/*
 * Sends the next rows of a table.  A last key that is none of the table's
 * starts it again: rows are then sent twice, none is left out.
 */
static void
hydrate_table(PullPage *page, const ReadableTable *table, CookieTable *state)
{
	SpiParam   *params = palloc(sizeof(SpiParam) * (table->nkeys + 1));
	bool		from_start = state->last_key == NULL ||
		!plasma_readable_key(table, state->last_key, params);
	int			nkeys = from_start ? 0 : table->nkeys;
	int			wanted = page->limit - page->nops;
	Hydration	hydration = {.nrows = 0};

	params[nkeys] = (SpiParam) SPI_INT8(wanted);
	plasma_page_sender(&hydration.sender, page, table);
	plasma_spi_scan(SPI_CALLER, page_query(table, from_start), nkeys + 1, params,
					send_row, &hydration);
	if (hydration.nrows > 0)
		state->last_key = hydration.sender.key.data;
	if (hydration.nrows < wanted && !plasma_page_full(page))
	{
		state->fetching = false;
		state->last_key = NULL;
	}
}

bool
plasma_hydrate_run(PullPage *page)
{
	ListCell   *cell;

	foreach(cell, page->cookie->tables)
	{
		CookieTable *state = lfirst(cell);
		int			index;

		if (!state->fetching)
			continue;
		if (page->nops >= page->limit || plasma_page_full(page))
			return false;
		index = plasma_page_table_index(page, state->name);
		hydrate_table(page, list_nth(page->tables, index), state);
		if (state->fetching)
			return false;
	}
	return true;
}

/*
 * coverage.c
 *		Which tables a client has, and which of them it can keep.
 *
 *		A cookie says of each table how it was when the client got it.  Comes in: the
 *		cookie and the tables that the caller reads now.  Goes out: clears at the
 *		beginning of the page, and in the cookie the tables that are to be sent whole.
 */
#include "postgres.h"

#include "log/coverage.h"

/* The client is given the columns of the table's shape from now on. */
static void
cover_table(CookieTable *state, const ReadableTable *table)
{
	state->generation = table->sync->generation;
	state->shape = table->sync->shape;
	state->hash = plasma_fingerprint_text(table->print, state->shape);
}

static void
fetch_table(Cookie *cookie, const ReadableTable *table)
{
	CookieTable *state = palloc0(sizeof(CookieTable));

	state->name = table->sync->name;
	state->fetching = true;
	cover_table(state, table);
	cookie->tables = lappend(cookie->tables, state);
}

/* Whether what the client holds of a table can be brought up to date by the log. */
static bool
may_keep(const CookieTable *state, const ReadableTable *table)
{
	return state->generation == table->sync->generation &&
		state->shape <= table->sync->shape &&
		strcmp(state->hash, plasma_fingerprint_text(table->print, state->shape)) == 0;
}

void
plasma_coverage_reset(PullPage *page, Cookie *fresh)
{
	ListCell   *cell;

	page->cookie = fresh;
	page->nops = 0;
	resetStringInfo(&page->patch);
	plasma_page_clear(page, NULL);
	foreach(cell, page->tables)
		fetch_table(fresh, lfirst(cell));
}

void
plasma_coverage_reconcile(PullPage *page)
{
	Cookie	   *cookie = page->cookie;
	List	   *before = cookie->tables;
	ListCell   *cell;

	cookie->tables = NIL;
	foreach(cell, before)
	{
		CookieTable *state = lfirst(cell);

		if (plasma_page_table_index(page, state->name) < 0)
			plasma_page_clear(page, state->name);
	}
	foreach(cell, page->tables)
	{
		ReadableTable *table = lfirst(cell);
		Cookie		old = {.tables = before};
		CookieTable *state = plasma_cookie_table(&old, table->sync->name);

		if (state != NULL && may_keep(state, table))
		{
			cover_table(state, table);
			cookie->tables = lappend(cookie->tables, state);
			continue;
		}
		plasma_page_clear(page, table->sync->name);
		fetch_table(cookie, table);
	}
}

bool
plasma_coverage_is_growing(const Cookie *cookie)
{
	ListCell   *cell;

	foreach(cell, cookie->tables)
		if (((CookieTable *) lfirst(cell))->fetching)
			return true;
	return false;
}

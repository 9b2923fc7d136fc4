/*
 * coverage.c
 *		Which tables a client has, and which of them it can keep.
 *
 *		A cookie says of each table how it was when the client got it, and of each
 *		scope which slices it was made for.  Comes in: the cookie, and the tables and
 *		slices that the caller has now.  Goes out: clears at the beginning of the
 *		page, and in the cookie the tables and slices that are to be sent whole.
 *
 *		Slices rest on two facts that hold after each page:
 *		1. A row that the client holds is, by its own columns, in a slice of the
 *		   cookie that was sent or begun.  For a row goes out only while its slice is
 *		   one of these (touched, hydrate), and a slice that ceases to be one is
 *		   cleared, by those columns (here).
 *		2. Where a row that the client holds is not the live one, or a live one in
 *		   what was sent of a slice is missing, an entry of the log that the cookie
 *		   has still to read names a slice that was sent or begun.  For the write that
 *		   made the difference was in that slice, or left it, or entered it, and all
 *		   three name it; and an entry is passed over only where it names none of them
 *		   (catchup).  A slice that comes later is read in a later snapshot.
 *		So at the end, when no entry and no hydration is left, the client holds the
 *		live rows of the cookie's slices, whatever the order in which rows moved,
 *		slices came and went and pages were sent.
 *
 *		Where what the policies of a table read changes, the table is sent from its
 *		beginning.  Should that come between any two pages of a long table, no client
 *		would ever get to its end: after a few times what is being sent goes on to the
 *		end, in snapshots that see the change, and is sent once more by the next pull
 *		after that.  Till then the client may hold rows as they were shown to it
 *		earlier, as it may between any two pulls.
 */
#include "postgres.h"

#include "base/guc.h"
#include "log/coverage.h"

/* Times that a table which is being sent begins anew at once. */
#define MAX_RESTARTS	5

/* The client is given the columns of the table's shape from now on. */
static void
cover_table(CookieTable *state, const ReadableTable *table)
{
	state->generation = table->sync->generation;
	state->shape = table->sync->shape;
	state->hash = plasma_fingerprint_text(table->print, state->shape);
	state->has_scope = table->membership != NULL;
}

static void
fetch_table(Cookie *cookie, const ReadableTable *table)
{
	CookieTable *state = palloc0(sizeof(CookieTable));

	state->name = table->sync->name;
	cover_table(state, table);
	plasma_coverage_fetch(state, table);
	cookie->tables = lappend(cookie->tables, state);
}

void
plasma_coverage_fetch(CookieTable *state, const ReadableTable *table)
{
	int			nslices = plasma_readable_slices(table);

	state->fetching = nslices > 0 ? bms_add_range(NULL, 0, nslices - 1) : NULL;
	state->last_key = NULL;
}

static bool
is_begun(const CookieTable *state, const ReadableTable *table)
{
	return state->last_key != NULL ||
		bms_num_members(state->fetching) < plasma_readable_slices(table);
}

bool
plasma_coverage_refetch(CookieTable *state, const ReadableTable *table)
{
	if (!is_begun(state, table))
		return false;
	if (!bms_is_empty(state->fetching))
	{
		state->again = Min(state->again, MAX_RESTARTS) + 1;
		if (state->again > MAX_RESTARTS)
			return false;
	}
	plasma_coverage_fetch(state, table);
	return true;
}

/* Whether what the client holds of a table can be brought up to date by the log. */
static bool
may_keep(const Cookie *before, const CookieTable *state, const ReadableTable *table)
{
	if (table->membership != NULL &&
		plasma_cookie_scope(before, table->membership->scope->name) == NULL)
		return false;
	return state->generation == table->sync->generation &&
		state->shape <= table->sync->shape &&
		strcmp(state->hash, plasma_fingerprint_text(table->print, state->shape)) == 0;
}

/* It was sent to its end although what its policies read had changed meanwhile. */
static bool
is_owed(const CookieTable *state)
{
	return bms_is_empty(state->fetching) && state->again > MAX_RESTARTS;
}

/* The cookie is for the slices that the caller has now. */
static void
cover_scopes(PullPage *page, Cookie *cookie)
{
	ListCell   *cell;

	cookie->scopes = NIL;
	foreach(cell, page->memberships)
	{
		Membership *membership = lfirst(cell);
		CookieScope *scope = palloc0(sizeof(CookieScope));

		scope->name = membership->scope->name;
		scope->nslices = membership->nslices;
		scope->slices = membership->values;
		cookie->scopes = lappend(cookie->scopes, scope);
	}
}

void
plasma_coverage_reset(PullPage *page, Cookie *fresh)
{
	ListCell   *cell;

	page->cookie = fresh;
	cover_scopes(page, fresh);
	page->nops = 0;
	resetStringInfo(&page->patch);
	plasma_page_clear(page, NULL);
	foreach(cell, page->tables)
		fetch_table(fresh, lfirst(cell));
}

/*
 * Clears each slice by itself, or the table, where none of it is left, or where
 * more are gone than anybody may have.
 */
static void
clear_slices(PullPage *page, CookieTable *state, const ReadableTable *table,
			 const List *values, bool all)
{
	ListCell   *cell;

	if (values == NIL)
		return;
	if (all)
	{
		plasma_page_clear(page, state->name);
		return;
	}
	if (list_length(values) > plasma_max_scopes)
	{
		plasma_page_clear(page, state->name);
		plasma_coverage_fetch(state, table);
		return;
	}
	foreach(cell, values)
	{
		if (plasma_page_clear_slice(page, table, lfirst(cell)))
			continue;
		plasma_page_clear(page, state->name);
		plasma_coverage_fetch(state, table);
	}
}

/* The same for all tables of the scope, and so looked up once. */
static const int *
places_now(CookieScope *before, const Membership *now)
{
	if (before->places != NULL)
		return before->places;
	before->places = palloc(sizeof(int) * (before->nslices + 1));
	for (int i = 0; i < before->nslices; i++)
		before->places[i] = plasma_membership_of_value(now, before->slices[i]);
	return before->places;
}

/*
 * From the slices of the cookie to those of now: what is kept goes on as it
 * was, what is gained is fetched, what is lost is cleared, if anything of it was
 * sent.
 */
static void
carry_over(PullPage *page, CookieTable *state, const ReadableTable *table,
		   CookieScope *before)
{
	const Membership *now = table->membership;
	const int  *places = places_now(before, now);
	CookieTable old = *state;
	List	   *lost = NIL;
	bool		kept = false;

	plasma_coverage_fetch(state, table);
	for (int i = 0; i < before->nslices; i++)
	{
		int			slice = places[i];
		bool		begun = old.last_key != NULL && old.begun == i;

		if (slice < 0)
		{
			if (plasma_cookie_has_slice(&old, i))
				lost = lappend(lost, before->slices[i]);
			continue;
		}
		kept = true;
		if (!bms_is_member(i, old.fetching))
			plasma_cookie_note_sent(state, slice);
		else if (begun)
		{
			state->last_key = old.last_key;
			state->begun = slice;
		}
	}
	page->moved |= before->nslices != now->nslices || lost != NIL;
	clear_slices(page, state, table, lost, !kept);
}

/* A table without a scope is one slice, which every caller keeps. */
static void
keep_table(PullPage *page, CookieTable *state, const ReadableTable *table,
		   const Cookie *before)
{
	cover_table(state, table);
	if (bms_is_empty(state->fetching))
		state->again = 0;
	if (table->membership != NULL)
		carry_over(page, state, table,
				   plasma_cookie_scope(before, table->membership->scope->name));
	else if (state->fetching != NULL)
	{
		state->fetching = bms_make_singleton(0);
		state->begun = 0;
	}
	page->cookie->tables = lappend(page->cookie->tables, state);
}

void
plasma_coverage_reconcile(PullPage *page)
{
	Cookie	   *cookie = page->cookie;
	Cookie		before = *cookie;
	ListCell   *cell;

	cover_scopes(page, cookie);
	cookie->tables = NIL;
	foreach(cell, before.tables)
	{
		CookieTable *state = lfirst(cell);

		if (plasma_page_table_index(page, state->name) < 0)
			plasma_page_clear(page, state->name);
	}
	foreach(cell, page->tables)
	{
		ReadableTable *table = lfirst(cell);
		CookieTable *state = plasma_cookie_table(&before, table->sync->name);

		if (state != NULL && may_keep(&before, state, table) && !is_owed(state))
		{
			keep_table(page, state, table, &before);
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
		if (!bms_is_empty(((CookieTable *) lfirst(cell))->fetching))
			return true;
	return false;
}

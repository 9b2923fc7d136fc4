/*
 * catchup.c
 *		Changes of transactions that one snapshot has not seen and another has.
 *
 *		The log says which rows were touched; what is sent is the row as it is in
 *		the page's own snapshot, under the caller's rights: there, a put; not
 *		there or not to be seen, a del.  So neither the order of the log nor the
 *		shape of old entries can make a wrong row.
 *
 *		Of tables with a scope only the entries that name a slice of the caller's are
 *		read (feed), and only those matter: see coverage.
 *
 *		Changes go out in the order (xid, row_version).  The first page of a
 *		catch-up fixes its target; the position goes into the cookie, and when the
 *		set is through, the target is what the client has seen.  A page that still
 *		has room then goes on to its own snapshot, for it may only be the last one
 *		when nothing that it sees is left.
 *
 *		Truncations are sent first, whatever their position: an older transaction
 *		may write after a younger one's TRUNCATE, and its row must survive it.
 *		Entries of a table that were written before its last truncation are left
 *		out; row_version tells, because TRUNCATE holds off every other writer.
 *
 *		Where a table that its policies read has changed, no entry can name the rows
 *		that came into sight or went out of it: the table is cleared and sent whole,
 *		in a snapshot that sees the change (coverage).  Such a refetch holds off nobody,
 *		so its position says nothing of other entries.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/catchup.h"
#include "log/coverage.h"
#include "log/feed.h"
#include "log/touched.h"
#include "miscadmin.h"

/* Entries taken at a time; keys that repeat within them are sent once. */
#define CHUNK			1000

/* Entries that a page takes at most per row it may send, sent or not. */
#define READS_PER_ROW	10

/* So many entries are worth a new cookie, even if there is nothing to tell of them. */
#define READ_ONCE		100

typedef struct CatchUp
{
	PullPage   *page;
	SyncSnapshot *from;
	SyncSnapshot *upto;
	SpiRows    *clears;			/* table_name, row_version of its last truncation
								 * or 0, whether it is to be sent whole */
	uint64		xid;			/* position */
	int64		row_version;
	int			end;			/* number of operations at which to stop */
	int64		nread;			/* entries taken for this page */
} CatchUp;

static void
read_clears(CatchUp *run)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8ARRAYOID, plasma_snapshot_running_datum(run->from)),
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(run->from->xmax)),
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(run->upto))
	};

	run->clears = plasma_spi_read(SPI_OWNER,
								  "SELECT table_name, COALESCE(pg_catalog.max(row_version) "
								  "FILTER (WHERE op OPERATOR(pg_catalog.=) 'clear'), 0), "
								  "pg_catalog.bool_or(op OPERATOR(pg_catalog.=) 'refetch') "
								  "FROM plasma.changes WHERE row_id IS NULL "
								  "AND (xid OPERATOR(pg_catalog.=) ANY ($1) OR xid OPERATOR(pg_catalog.>=) $2) "
								  "AND pg_catalog.pg_visible_in_snapshot(xid, $3) GROUP BY table_name",
								  lengthof(params), params);
}

/*
 * A snapshot that was cut may have seen a row that was written after a
 * truncation, and not the truncation.  The table is then sent whole.
 */
static void
send_clears(CatchUp *run)
{
	PullPage   *page = run->page;

	for (uint64 i = 0; i < run->clears->nrows; i++)
	{
		char	   *name = plasma_spi_text(run->clears, i, 1);
		CookieTable *state = plasma_cookie_table(page->cookie, name);
		bool		truncated = plasma_spi_int8(run->clears, i, 2) > 0;
		ReadableTable *table;

		if (state == NULL)
			continue;
		table = list_nth(page->tables, plasma_page_table_index(page, name));
		if (truncated && page->cookie->cut)
			plasma_coverage_fetch(state, table);
		else if (plasma_spi_bool(run->clears, i, 3))
			truncated |= plasma_coverage_refetch(state, table);
		if (truncated)
			plasma_page_clear(page, name);
	}
}

static bool
written_before_clear(const CatchUp *run, const char *table, int64 row_version)
{
	for (uint64 i = 0; i < run->clears->nrows; i++)
		if (plasma_spi_int8(run->clears, i, 2) > row_version &&
			strcmp(plasma_spi_text(run->clears, i, 1), table) == 0)
			return true;
	return false;
}

/*
 * Transactions that the client saw running and that left entries, and whether
 * these are few.
 */
static SpiRows *
read_finished(const CatchUp *run)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8ARRAYOID, plasma_snapshot_running_datum(run->from)),
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(Max(run->xid, 1))),
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(run->upto)),
		SPI_INT8(plasma_feed_few(run->page->memberships))
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT r, e.n OPERATOR(pg_catalog.<=) $4 FROM pg_catalog.unnest($1) r, "
						   "LATERAL (SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes c "
						   "WHERE c.xid OPERATOR(pg_catalog.=) r LIMIT $4 OPERATOR(pg_catalog.+) 1) c) e (n) "
						   "WHERE r OPERATOR(pg_catalog.>=) $2 AND pg_catalog.pg_visible_in_snapshot(r, $3) "
						   "AND e.n OPERATOR(pg_catalog.>) 0 ORDER BY r", lengthof(params), params);
}

/* Whether a slice of the table that the client has, or is being sent, has this name. */
static bool
names_held_slice(const CookieTable *state, const ReadableTable *table, const char *name)
{
	int			slice = name == NULL ? -1 :
		plasma_membership_of_name(table->membership, name);

	return slice >= 0 && plasma_cookie_has_slice(state, slice);
}

/*
 * A table of which nothing was sent yet will be sent whole, in a snapshot that
 * sees these changes; and so will a slice.
 */
static bool
is_wanted(const CatchUp *run, const ReadableTable *table, const FeedEntry *entry)
{
	const CookieTable *state = plasma_cookie_table(run->page->cookie, entry->table);

	if (entry->row_id == NULL ||
		written_before_clear(run, entry->table, entry->row_version))
		return false;
	if (table->membership == NULL)
		return plasma_cookie_has_slice(state, 0);
	return entry->scope == NULL || names_held_slice(state, table, entry->scope) ||
		names_held_slice(state, table, entry->old_scope);
}

/* A snapshot that was cut does not know all that the client was shown. */
static bool
is_arrival(const CatchUp *run, const ReadableTable *table, const FeedEntry *entry)
{
	const Cookie *cookie = run->page->cookie;

	if (cookie->cut || plasma_snapshot_sees(cookie->rows, entry->xid))
		return false;
	return entry->inserted ||
		(table->membership != NULL && entry->old_scope != NULL &&
		 plasma_membership_of_name(table->membership, entry->old_scope) < 0);
}

static Touch *
make_touch(const CatchUp *run, const ReadableTable *table, const FeedEntry *entry)
{
	Touch	   *touch = palloc(sizeof(Touch));

	touch->row_id = entry->row_id;
	touch->xid = entry->xid;
	touch->row_version = entry->row_version;
	touch->arrival = is_arrival(run, table, entry);
	return touch;
}

/*
 * Sends the rows that some entries touched, and moves the position past them.
 * False, with the page as it was, when they are more than the page can hold.
 */
static bool
send_entries(CatchUp *run, FeedEntry **entries, int count)
{
	PullPage   *page = run->page;
	List	  **touches = palloc0(sizeof(List *) * (list_length(page->tables) + 1));
	PageMark	mark = plasma_page_mark(page);
	ListCell   *cell;

	for (int i = 0; i < count; i++)
	{
		int			index = plasma_page_table_index(page, entries[i]->table);
		const ReadableTable *table = index < 0 ? NULL : list_nth(page->tables, index);

		if (table != NULL && is_wanted(run, table, entries[i]))
			touches[index] = lappend(touches[index], make_touch(run, table, entries[i]));
	}
	foreach(cell, page->tables)
	{
		int			index = foreach_current_index(cell);

		if (touches[index] != NIL &&
			!plasma_touched_send(page, lfirst(cell), touches[index], count == 1))
		{
			plasma_page_rewind(page, mark);
			return false;
		}
	}
	run->xid = entries[count - 1]->xid;
	run->row_version = entries[count - 1]->row_version;
	return true;
}

/*
 * Sends what a feed holds while there is room.  Where the rows of a chunk are
 * too large, it is halved until they fit, or the page ends if it holds much
 * already.
 */
static bool
drain(CatchUp *run, Feed *feed)
{
	PullPage   *page = run->page;
	int			chunk = CHUNK;

	for (;;)
	{
		int			room = Min(chunk, run->end - page->nops);
		FeedEntry **entries;
		int			count;

		CHECK_FOR_INTERRUPTS();
		if (room <= 0 || plasma_page_full(page) ||
			run->nread > (int64) READS_PER_ROW * page->limit + CHUNK)
			return plasma_feed_look(feed, 1, &entries) == 0;
		count = plasma_feed_look(feed, room, &entries);
		if (count == 0)
			return true;
		if (send_entries(run, entries, count))
		{
			run->nread += count;
			page->moved |= run->nread >= READ_ONCE;
			plasma_feed_skip(feed, count);
			continue;
		}
		if (run->xid != 0 && plasma_page_half_full(page))
			return false;
		chunk = count / 2;
	}
}

static bool
drain_range(CatchUp *run, uint64 first, uint64 end, bool few)
{
	bool		started = run->xid >= first;
	FeedRange	range = {
		.xid = started ? run->xid : first,
		.row_version = started ? run->row_version : 0,
		.end = end,
		.upto = run->upto,
		.few = few
	};

	return drain(run, plasma_feed_open(run->page, &range,
									   Min(CHUNK, run->end - run->page->nops) + 1));
}

/* First what the client saw running, transaction by transaction, then the younger ones. */
static bool
drain_set(CatchUp *run)
{
	if (run->from->nrunning > 0 && run->xid < run->from->xmax)
	{
		SpiRows    *finished = read_finished(run);

		for (uint64 i = 0; i < finished->nrows; i++)
		{
			uint64		xid = plasma_spi_xid(finished, i, 1);

			if (!drain_range(run, xid, xid + 1, plasma_spi_bool(finished, i, 2)))
				return false;
		}
	}
	return drain_range(run, run->from->xmax, run->upto->xmax, false);
}

bool
plasma_catchup_run(PullPage *page, int budget)
{
	Cookie	   *cookie = page->cookie;
	int			end = page->nops + budget;
	bool		through = false;

	while (!through)
	{
		CatchUp		run = {
			.page = page,
			.from = cookie->seen,
			.upto = cookie->upto != NULL ? cookie->upto : page->now,
			.xid = cookie->upto != NULL ? cookie->pos_xid : 0,
			.row_version = cookie->upto != NULL ? cookie->pos_row_version : 0,
			.end = end
		};

		if (page->nops >= end || plasma_page_full(page))
			return false;
		read_clears(&run);
		if (cookie->upto == NULL)
			send_clears(&run);
		if (!drain_set(&run))
		{
			if (run.xid == 0)
				return false;
			cookie->upto = run.upto;
			cookie->pos_xid = run.xid;
			cookie->pos_row_version = run.row_version;
			return false;
		}
		through = run.upto == page->now;
		cookie->seen = run.upto;
		cookie->upto = NULL;
	}
	cookie->cut = false;
	return true;
}

bool
plasma_catchup_exceeds(const PullPage *page, int64 bound)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8ARRAYOID, plasma_snapshot_running_datum(page->cookie->seen)),
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(page->cookie->seen->xmax)),
		SPI_INT8(bound + 1)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT (SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes "
									   "WHERE scope IS NULL AND xid OPERATOR(pg_catalog.=) ANY ($1) LIMIT $3) a) "
									   "OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes "
									   "WHERE scope IS NULL AND xid OPERATOR(pg_catalog.>=) $2 LIMIT $3) b)",
									   lengthof(params), params);

	return plasma_spi_int8(rows, 0, 1) +
		plasma_feed_count(page->memberships, page->cookie->seen->xmax, bound + 1) > bound;
}

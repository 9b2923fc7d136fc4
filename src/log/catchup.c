/*
 * catchup.c
 *		Changes of transactions that one snapshot has not seen and another has.
 *
 *		The log says which rows were touched; what is sent is the row as it is in
 *		the page's own snapshot, under the caller's rights: there, a put; not
 *		there or not to be seen, a del.  So neither the order of the log nor the
 *		shape of old entries can make a wrong row.
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
 *		in a snapshot that sees the change.  Such a refetch holds off nobody, so its
 *		position says nothing of other entries.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/catchup.h"
#include "log/touched.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

/* Entries read at a time; keys that repeat within them are sent once. */
#define CHUNK			1000

/* Entries that a page reads at most per row it may send, sent or not. */
#define READS_PER_ROW	10

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
	int64		nread;			/* entries read for this page */
} CatchUp;

static Datum
xid_datum(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

static void
read_clears(CatchUp *run)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8ARRAYOID, plasma_snapshot_running_datum(run->from)),
		SPI_DATUM(XID8OID, xid_datum(run->from->xmax)),
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
	Cookie	   *cookie = run->page->cookie;

	for (uint64 i = 0; i < run->clears->nrows; i++)
	{
		char	   *name = plasma_spi_text(run->clears, i, 1);
		CookieTable *state = plasma_cookie_table(cookie, name);

		if (state == NULL)
			continue;
		plasma_page_clear(run->page, name);
		if (!cookie->cut && !plasma_spi_bool(run->clears, i, 3))
			continue;
		state->fetching = true;
		state->last_key = NULL;
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

/* The next entries of one transaction that the client saw running. */
static SpiRows *
read_transaction(const CatchUp *run, uint64 xid, int limit)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, xid_datum(xid)),
		SPI_INT8(run->xid == xid ? run->row_version : 0),
		SPI_INT8(limit)
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT xid, row_version, table_name, row_id FROM plasma.changes "
						   "WHERE xid OPERATOR(pg_catalog.=) $1 AND row_version OPERATOR(pg_catalog.>) $2 "
						   "ORDER BY row_version LIMIT $3", lengthof(params), params);
}

/* The next entries of transactions that are younger than the client's snapshot. */
static SpiRows *
read_younger(const CatchUp *run, int limit)
{
	bool		started = run->xid >= run->from->xmax;
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, xid_datum(started ? run->xid : run->from->xmax)),
		SPI_INT8(started ? run->row_version : 0),
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(run->upto)),
		SPI_DATUM(XID8OID, xid_datum(run->upto->xmax)),
		SPI_INT8(limit)
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT xid, row_version, table_name, row_id FROM plasma.changes "
						   "WHERE ROW(xid, row_version) OPERATOR(pg_catalog.>) ROW($1, $2) "
						   "AND xid OPERATOR(pg_catalog.<) $4 "
						   "AND pg_catalog.pg_visible_in_snapshot(xid, $3) "
						   "ORDER BY xid, row_version LIMIT $5", lengthof(params), params);
}

/* Transactions that the client saw running and that left entries to be sent. */
static SpiRows *
read_finished(const CatchUp *run)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8ARRAYOID, plasma_snapshot_running_datum(run->from)),
		SPI_DATUM(XID8OID, xid_datum(Max(run->xid, 1))),
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(run->upto))
	};

	return plasma_spi_read(SPI_OWNER,
						   "SELECT r FROM pg_catalog.unnest($1) r "
						   "WHERE r OPERATOR(pg_catalog.>=) $2 AND pg_catalog.pg_visible_in_snapshot(r, $3) "
						   "AND EXISTS (SELECT FROM plasma.changes c WHERE c.xid OPERATOR(pg_catalog.=) r) "
						   "ORDER BY r", lengthof(params), params);
}

/*
 * A table of which nothing was sent yet will be sent whole, in a snapshot that
 * sees these changes.
 */
static bool
is_wanted(const CatchUp *run, const char *table, int64 row_version)
{
	const CookieTable *state = plasma_cookie_table(run->page->cookie, table);

	return state != NULL && !(state->fetching && state->last_key == NULL) &&
		!written_before_clear(run, table, row_version);
}

/*
 * Sends the rows that some entries touched, and moves the position past them.
 * False, with the page as it was, when they are more than the page can hold.
 */
static bool
send_entries(CatchUp *run, const SpiRows *entries)
{
	PullPage   *page = run->page;
	List	  **keys = palloc0(sizeof(List *) * (list_length(page->tables) + 1));
	PageMark	mark = plasma_page_mark(page);
	ListCell   *cell;

	for (uint64 i = 0; i < entries->nrows; i++)
	{
		const char *name = plasma_spi_text(entries, i, 3);
		char	   *row_id = plasma_spi_text(entries, i, 4);
		int			index = plasma_page_table_index(page, name);

		if (row_id != NULL && index >= 0 &&
			is_wanted(run, name, plasma_spi_int8(entries, i, 2)))
			keys[index] = lappend(keys[index], row_id);
	}
	foreach(cell, page->tables)
	{
		int			index = foreach_current_index(cell);

		if (keys[index] != NIL &&
			!plasma_touched_send(page, lfirst(cell), keys[index], entries->nrows == 1))
		{
			plasma_page_rewind(page, mark);
			return false;
		}
	}
	if (entries->nrows > 0)
	{
		run->xid = plasma_spi_xid(entries, entries->nrows - 1, 1);
		run->row_version = plasma_spi_int8(entries, entries->nrows - 1, 2);
	}
	return true;
}

/*
 * Sends what is left of one transaction, or with 0 of all younger ones, while
 * there is room.  Reading one entry more than fits tells whether that was all.
 * Where the rows of a chunk are too large, it is halved until they fit, or the
 * page ends if it holds much already.
 */
static bool
drain(CatchUp *run, uint64 xid)
{
	PullPage   *page = run->page;
	int			chunk = CHUNK;
	bool		more = true;

	while (more)
	{
		int			room = Min(chunk, run->end - page->nops);
		SpiRows    *entries;

		CHECK_FOR_INTERRUPTS();
		if (room <= 0 || plasma_page_full(page) ||
			run->nread > (int64) READS_PER_ROW * page->limit + CHUNK)
			return false;
		entries = xid != 0 ? read_transaction(run, xid, room + 1)
			: read_younger(run, room + 1);
		more = entries->nrows > room;
		entries->nrows = Min(entries->nrows, room);
		run->nread += entries->nrows;
		if (send_entries(run, entries))
			continue;
		if (run->xid != 0 && plasma_page_half_full(page))
			return false;
		chunk = entries->nrows / 2;
		more = true;
	}
	return true;
}

static bool
drain_set(CatchUp *run)
{
	if (run->from->nrunning > 0 && run->xid < run->from->xmax)
	{
		SpiRows    *finished = read_finished(run);

		for (uint64 i = 0; i < finished->nrows; i++)
			if (!drain(run, plasma_spi_xid(finished, i, 1)))
				return false;
	}
	return drain(run, 0);
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
		SPI_DATUM(XID8OID, xid_datum(page->cookie->seen->xmax)),
		SPI_INT8(bound + 1)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT (SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes "
									   "WHERE xid OPERATOR(pg_catalog.=) ANY ($1) LIMIT $3) a) "
									   "OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes "
									   "WHERE xid OPERATOR(pg_catalog.>=) $2 LIMIT $3) b)",
									   lengthof(params), params);

	return plasma_spi_int8(rows, 0, 1) > bound;
}

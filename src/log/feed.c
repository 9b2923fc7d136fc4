/*
 * feed.c
 *		Entries of the log for one caller: those that are everybody's, those of its
 *		slices, and those of rows that left its slices.
 *
 *		Each of these is a range of an index (changes_common, and per slice one of
 *		changes_scope and one of changes_old_scope), so that what others write costs
 *		nothing.  The ranges are merged here: each is read in batches, small ones
 *		where there are many, and the next entry is that of the smallest position.
 *		An entry that stands in two ranges is told once.
 *		Where all entries, whosoever they are, are fewer than the searches would be, they
 *		are read in a row instead.
 *
 *		A merge in SQL would have to read all ranges to their end for each page, or
 *		be one statement per number of slices.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "lib/binaryheap.h"
#include "log/feed.h"
#include "utils/builtins.h"
#include "utils/xid8.h"

/* Entries of one range that are read at a time: at first, and at most. */
#define SMALLEST_BATCH	4
#define LARGEST_BATCH	1000

/*
 * Reading so many entries in a row costs no more than the searches for those of
 * the slices.  Of how many there are is asked only where slices are many.
 */
#define FEW_ENTRIES		64
#define FEW_PER_SLICE	2
#define MANY_SLICES		20

typedef enum StreamKind
{
	STREAM_ALL,
	STREAM_COMMON,
	STREAM_SCOPE,
	STREAM_OLD_SCOPE
} StreamKind;

#define COLUMNS \
	"c.xid, c.row_version, c.table_name, c.row_id, c.scope, c.old_scope, c.inserted"
#define RANGE \
	" ROW(c.xid, c.row_version) OPERATOR(pg_catalog.>) ROW($2, $3)" \
	" AND c.xid OPERATOR(pg_catalog.<) $4" \
	" AND pg_catalog.pg_visible_in_snapshot(c.xid, $5)" \
	" ORDER BY c.xid, c.row_version LIMIT $6"
#define PER_SLICE(column) \
	"SELECT s.n, e.* FROM pg_catalog.unnest($1) WITH ORDINALITY s (slice, n)," \
	" LATERAL (SELECT " COLUMNS " FROM plasma.changes c" \
	"  WHERE c." column " OPERATOR(pg_catalog.=) s.slice AND" RANGE ") e"

static const char *const stream_queries[] = {
	[STREAM_ALL] = "SELECT 1::pg_catalog.int8, " COLUMNS " FROM plasma.changes c WHERE" RANGE,
	[STREAM_COMMON] = "SELECT 1::pg_catalog.int8, " COLUMNS " FROM plasma.changes c"
	" WHERE c.scope IS NULL AND" RANGE,
	[STREAM_SCOPE] = PER_SLICE("scope"),
	[STREAM_OLD_SCOPE] = PER_SLICE("old_scope")
};

typedef struct Stream
{
	StreamKind	kind;
	const char *slice;
	int			batch;
	List	   *entries;		/* FeedEntry *: the last batch */
	int			next;
	uint64		xid;			/* of the last entry read, wanted or not */
	int64		row_version;
	int			nread;			/* of the last batch */
} Stream;

struct Feed
{
	List	   *memberships;
	FeedRange	range;
	binaryheap *streams;		/* those that have an entry at hand */
	FeedEntry **entries;		/* merged, and not yet stepped over */
	int			first;
	int			count;
	int			size;
};

static int
compare_positions(const FeedEntry *a, const FeedEntry *b)
{
	if (a->xid != b->xid)
		return a->xid < b->xid ? -1 : 1;
	return a->row_version < b->row_version ? -1 : a->row_version > b->row_version;
}

static FeedEntry *
stream_entry(const Stream *stream)
{
	return list_nth(stream->entries, stream->next);
}

/* For a heap that has its largest element first. */
static int
compare_streams(Datum a, Datum b, void *arg)
{
	return compare_positions(stream_entry((Stream *) DatumGetPointer(b)),
							 stream_entry((Stream *) DatumGetPointer(a)));
}

static bool
is_mine(List *memberships, const char *name)
{
	ListCell   *cell;

	if (name == NULL)
		return false;
	foreach(cell, memberships)
		if (plasma_membership_of_name(lfirst(cell), name) >= 0)
			return true;
	return false;
}

bool
plasma_feed_concerns(List *memberships, const FeedEntry *entry)
{
	return entry->scope == NULL || is_mine(memberships, entry->scope) ||
		is_mine(memberships, entry->old_scope);
}

static FeedEntry *
read_entry(const SpiRows *rows, uint64 row)
{
	FeedEntry  *entry = palloc(sizeof(FeedEntry));

	entry->xid = plasma_spi_xid(rows, row, 2);
	entry->row_version = plasma_spi_int8(rows, row, 3);
	entry->table = plasma_spi_text(rows, row, 4);
	entry->row_id = plasma_spi_text(rows, row, 5);
	entry->scope = plasma_spi_text(rows, row, 6);
	entry->old_scope = plasma_spi_text(rows, row, 7);
	entry->inserted = plasma_spi_bool(rows, row, 8);
	return entry;
}

/* The next batch of streams of one kind that stand at one position. */
static void
read_streams(Feed *feed, List *streams)
{
	const Stream *one = linitial(streams);
	List	   *slices = NIL;
	SpiParam	params[6];
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, streams)
	{
		Stream	   *stream = lfirst(cell);

		if (stream->slice != NULL)
			slices = lappend(slices, (void *) stream->slice);
	}
	params[0] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(slices));
	params[1] = (SpiParam) SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(one->xid));
	params[2] = (SpiParam) SPI_INT8(one->row_version);
	params[3] = (SpiParam) SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(feed->range.end));
	params[4] = (SpiParam) SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(feed->range.upto));
	params[5] = (SpiParam) SPI_INT8(one->batch);
	rows = plasma_spi_read(SPI_OWNER, stream_queries[one->kind], lengthof(params), params);

	foreach(cell, streams)
	{
		Stream	   *stream = lfirst(cell);

		stream->entries = NIL;
		stream->next = 0;
		stream->nread = 0;
	}
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Stream	   *stream = list_nth(streams, (int) plasma_spi_int8(rows, i, 1) - 1);
		FeedEntry  *entry = read_entry(rows, i);

		stream->nread++;
		stream->xid = entry->xid;
		stream->row_version = entry->row_version;
		if (stream->kind != STREAM_ALL || plasma_feed_concerns(feed->memberships, entry))
			stream->entries = lappend(stream->entries, entry);
	}
}

/* Whether the stream has an entry; reads further batches to find one. */
static bool
has_entry(Feed *feed, Stream *stream)
{
	while (stream->next >= list_length(stream->entries))
	{
		if (stream->nread < stream->batch)
			return false;
		stream->batch = Max(stream->batch, Min(stream->batch * 4, LARGEST_BATCH));
		read_streams(feed, list_make1(stream));
	}
	return true;
}

static void
open_streams(Feed *feed, StreamKind kind, List *slices, int batch)
{
	List	   *streams = NIL;
	ListCell   *cell;

	foreach(cell, slices)
	{
		Stream	   *stream = palloc0(sizeof(Stream));

		stream->kind = kind;
		stream->slice = lfirst(cell);
		stream->batch = batch;
		stream->xid = feed->range.xid;
		stream->row_version = feed->range.row_version;
		streams = lappend(streams, stream);
	}
	if (streams == NIL)
		return;
	read_streams(feed, streams);
	foreach(cell, streams)
		if (has_entry(feed, lfirst(cell)))
			binaryheap_add(feed->streams, PointerGetDatum(lfirst(cell)));
}

/* The names in the log of all slices of the caller. */
static List *
slice_names(List *memberships)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, memberships)
	{
		const Membership *membership = lfirst(cell);

		for (int i = 0; i < membership->nslices; i++)
			names = lappend(names, membership->names[i].name);
	}
	return names;
}

/*
 * Whether the range holds few entries, whosoever they are.  What a running
 * transaction wrote would be stepped over, however much it is: not asked then.
 */
static bool
holds_few(const FeedRange *range, int few)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(range->xid)),
		SPI_INT8(range->row_version),
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(range->end)),
		SPI_INT8(few + 1)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT pg_catalog.count(*) FROM (SELECT FROM plasma.changes c"
									   " WHERE ROW(c.xid, c.row_version) OPERATOR(pg_catalog.>) ROW($1, $2)"
									   " AND c.xid OPERATOR(pg_catalog.<) $3 LIMIT $4) e",
									   lengthof(params), params);

	return plasma_spi_int8(rows, 0, 1) <= few;
}

Feed *
plasma_feed_open(const PullPage *page, const FeedRange *range, int batch)
{
	Feed	   *feed = palloc0(sizeof(Feed));
	List	   *slices = slice_names(page->memberships);
	int			part = batch * 4 / (list_length(slices) + 1);
	bool		few = range->few ||
		(list_length(slices) >= MANY_SLICES && range->upto->nrunning == 0 &&
		 holds_few(range, plasma_feed_few(page->memberships)));

	feed->memberships = page->memberships;
	feed->range = *range;
	feed->streams = binaryheap_allocate(list_length(slices) * 2 + 1, compare_streams, NULL);
	part = Min(batch, Max(part, SMALLEST_BATCH));
	open_streams(feed, few ? STREAM_ALL : STREAM_COMMON, list_make1(NULL), batch);
	if (few)
		return feed;
	open_streams(feed, STREAM_SCOPE, slices, part);
	open_streams(feed, STREAM_OLD_SCOPE, slices, part);
	return feed;
}

/* The next entry of all streams, the same one twice, perhaps; NULL at the end. */
static FeedEntry *
next_entry(Feed *feed)
{
	Stream	   *stream;
	FeedEntry  *entry;

	if (binaryheap_empty(feed->streams))
		return NULL;
	stream = (Stream *) DatumGetPointer(binaryheap_first(feed->streams));
	entry = stream_entry(stream);
	stream->next++;
	if (has_entry(feed, stream))
		binaryheap_replace_first(feed->streams, PointerGetDatum(stream));
	else
		(void) binaryheap_remove_first(feed->streams);
	return entry;
}

static void
append_entry(Feed *feed, FeedEntry *entry)
{
	if (feed->count > 0 && compare_positions(feed->entries[feed->count - 1], entry) == 0)
		return;
	if (feed->count >= feed->size)
	{
		feed->size = Max(feed->size * 2, LARGEST_BATCH);
		feed->entries = feed->entries == NULL ?
			palloc(sizeof(FeedEntry *) * feed->size) :
			repalloc(feed->entries, sizeof(FeedEntry *) * feed->size);
	}
	feed->entries[feed->count++] = entry;
}

int
plasma_feed_look(Feed *feed, int count, FeedEntry ***entries)
{
	FeedEntry  *entry;

	while (feed->count - feed->first < count && (entry = next_entry(feed)) != NULL)
		append_entry(feed, entry);
	*entries = feed->entries + feed->first;
	return Min(count, feed->count - feed->first);
}

/* The last one stays, for its twin from another stream may be next. */
void
plasma_feed_skip(Feed *feed, int count)
{
	feed->first += count;
	if (feed->first < feed->count || count == 0)
		return;
	feed->entries[0] = feed->entries[feed->count - 1];
	feed->first = feed->count = 1;
}

int
plasma_feed_few(List *memberships)
{
	int			few = FEW_ENTRIES;
	ListCell   *cell;

	foreach(cell, memberships)
		few += ((Membership *) lfirst(cell))->nslices * FEW_PER_SLICE;
	return few;
}

/* Of rows that left a slice there are few beside all others, and they do not count. */
int64
plasma_feed_count(List *memberships, uint64 xid, int64 bound)
{
	SpiParam	params[] = {
		SPI_DATUM(TEXTARRAYOID, plasma_text_array(slice_names(memberships))),
		SPI_DATUM(XID8OID, plasma_snapshot_xid_datum(xid)),
		SPI_INT8(bound)
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT pg_catalog.count(*) FROM (SELECT FROM pg_catalog.unnest($1) s (slice),"
									   " LATERAL (SELECT FROM plasma.changes c WHERE c.scope OPERATOR(pg_catalog.=) s.slice"
									   "  AND c.xid OPERATOR(pg_catalog.>=) $2 LIMIT $3) c LIMIT $3) e",
									   lengthof(params), params);

	return plasma_spi_int8(rows, 0, 1);
}

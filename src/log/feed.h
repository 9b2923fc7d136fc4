/*
 * feed.h
 *		The entries of the log that concern a caller, in the order of the log.
 */
#ifndef PLASMA_FEED_H
#define PLASMA_FEED_H

#include "postgres.h"

#include "log/page.h"

typedef struct FeedEntry
{
	uint64		xid;
	int64		row_version;
	char	   *table;
	char	   *row_id;			/* NULL for what concerns the whole table */
	char	   *scope;
	char	   *old_scope;
	bool		inserted;
} FeedEntry;

/* Which entries. */
typedef struct FeedRange
{
	uint64		xid;			/* after this position */
	int64		row_version;
	uint64		end;			/* of transactions below this one */
	const SyncSnapshot *upto;	/* that this sees */
	bool		few;			/* they are so few, other callers' included, that
								 * they are read one and all */
} FeedRange;

typedef struct Feed Feed;

/* Lives in the current context.  So many entries are read at once, or more. */
extern Feed *plasma_feed_open(const PullPage *page, const FeedRange *range, int batch);

/* Looks at the next entries: their number is less than count at the end only. */
extern int	plasma_feed_look(Feed *feed, int count, FeedEntry ***entries);

/* Steps over the first of them. */
extern void plasma_feed_skip(Feed *feed, int count);

/* Whether an entry is everybody's, or names a slice of the caller's. */
extern bool plasma_feed_concerns(List *memberships, const FeedEntry *entry);

/* Up to this number of entries it is as well to read them all. */
extern int	plasma_feed_few(List *memberships);

/* Entries of the caller's slices after a transaction, as far as a bound. */
extern int64 plasma_feed_count(List *memberships, uint64 xid, int64 bound);

#endif							/* PLASMA_FEED_H */

/*
 * page.h
 *		One page of a pull while it is being written.
 */
#ifndef PLASMA_PAGE_H
#define PLASMA_PAGE_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "log/cookie.h"
#include "log/encode.h"
#include "log/readable.h"

typedef struct PullPage
{
	StringInfoData patch;		/* operations, separated by commas */
	int			nops;			/* puts and dels; clears cost nothing */
	int			limit;			/* of nops */
	List	   *tables;			/* ReadableTable * */
	List	   *memberships;	/* Membership *: of the tables' scopes */
	SyncSnapshot *now;			/* what the active snapshot sees */
	WalPosition shown;			/* read behind it */
	Cookie	   *cookie;			/* moved on as the page is filled */
	bool		moved;			/* the cookie is worth sending, whatever the patch */
} PullPage;

/* A state of the page to which it can be rewound. */
typedef struct PageMark
{
	int			len;
	int			nops;
} PageMark;

/* Rows of one table on their way into the page. */
typedef struct RowSender
{
	PullPage   *page;
	const ReadableTable *table;
	RowEncoder *encoder;		/* made at the first row */
	MemoryContext context;		/* outlives the rows */
	StringInfoData start;		/* of each put, up to the row's id */
	StringInfoData key;			/* of the last row sent */
} RowSender;

/* Position of a table among those of the page, or -1. */
extern int	plasma_page_table_index(const PullPage *page, const char *name);

/* Appends a clear of one table, or of all with NULL. */
extern void plasma_page_clear(PullPage *page, const char *table);

/*
 * Appends a clear of one slice of a table.  False, with the page as it was, when
 * the value is none of the columns'.
 */
extern bool plasma_page_clear_slice(PullPage *page, const ReadableTable *table,
									const char *value);

extern void plasma_page_delete(PullPage *page, const char *table, const char *row_id);

/*
 * Whether the page holds as many bytes as a page may.  One that holds nothing
 * but clears never does: a client has to get on.
 */
extern bool plasma_page_full(const PullPage *page);
extern bool plasma_page_half_full(const PullPage *page);

extern PageMark plasma_page_mark(const PullPage *page);
extern void plasma_page_rewind(PullPage *page, PageMark mark);

extern void plasma_page_sender(RowSender *sender, PullPage *page,
							   const ReadableTable *table);

/*
 * Which of the caller's slices a row is in, -1 for none.  The row holds the
 * columns of the scope first, then those of the key, then the others.
 */
extern int	plasma_page_slice(RowSender *sender, TupleTableSlot *slot, TupleDesc desc);

/* Appends a put of such a row. */
extern void plasma_page_put(RowSender *sender, TupleTableSlot *slot, TupleDesc desc);

/* "SELECT scope, keys, columns FROM relation t" */
extern void plasma_page_select(StringInfo sql, const ReadableTable *table);

/* Joins expressions, each with a prefix, by a separator. */
extern void plasma_page_join(StringInfo sql, List *expressions, const char *separator);

/* "ROWS FROM (unnest($1), unnest($2)) k(c1, c2)" */
extern void plasma_page_unnest(StringInfo sql, int count);

#endif							/* PLASMA_PAGE_H */

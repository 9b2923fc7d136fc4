/*
 * touched.h
 *		The live rows of keys that were touched.
 */
#ifndef PLASMA_TOUCHED_H
#define PLASMA_TOUCHED_H

#include "postgres.h"

#include "log/page.h"

/* One entry of the log. */
typedef struct Touch
{
	char	   *row_id;
	uint64		xid;
	int64		row_version;
	bool		arrival;		/* it made the row, or brought it into sight, after
								 * all that the client was ever shown */
} Touch;

/*
 * Appends a put or a del for each key, once, however many touches (Touch *) it
 * has.  False, with some of them appended, when the page is full before all are
 * in; a whole one is filled whatever its size.
 */
extern bool plasma_touched_send(PullPage *page, const ReadableTable *table,
								List *touches, bool whole);

#endif							/* PLASMA_TOUCHED_H */

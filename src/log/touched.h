/*
 * touched.h
 *		The live rows of keys that were touched.
 */
#ifndef PLASMA_TOUCHED_H
#define PLASMA_TOUCHED_H

#include "postgres.h"

#include "log/page.h"

/*
 * Appends a put or a del for each key (char *), once, however often it is
 * listed.  False, with some of them appended, when the page is full before all
 * are in; a whole one is filled whatever its size.
 */
extern bool plasma_touched_send(PullPage *page, const ReadableTable *table,
								List *keys, bool whole);

#endif							/* PLASMA_TOUCHED_H */

/*
 * coverage.h
 *		The tables of a client, compared with those that it may read now.
 */
#ifndef PLASMA_COVERAGE_H
#define PLASMA_COVERAGE_H

#include "postgres.h"

#include "log/page.h"

/* The page begins anew: a clear of all, and with the fresh cookie all tables to be sent. */
extern void plasma_coverage_reset(PullPage *page, Cookie *fresh);

/*
 * Tables that left are cleared; tables that are new to the client, or whose
 * rows changed without a log entry, are cleared and sent whole.  Of the others
 * the slices that the caller lost are cleared, and those that it gained sent.
 */
extern void plasma_coverage_reconcile(PullPage *page);

/* All slices of the table are to be sent, from their beginning. */
extern void plasma_coverage_fetch(CookieTable *state, const ReadableTable *table);

/*
 * What the policies of a table read has changed.  Returns whether all that was sent
 * is to be cleared, because all slices are to be sent from their beginning.
 */
extern bool plasma_coverage_refetch(CookieTable *state, const ReadableTable *table);

/* Whether tables are still to be sent whole. */
extern bool plasma_coverage_is_growing(const Cookie *cookie);

#endif							/* PLASMA_COVERAGE_H */

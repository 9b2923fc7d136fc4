/*
 * catchup.h
 *		The changes that a client has not seen.
 */
#ifndef PLASMA_CATCHUP_H
#define PLASMA_CATCHUP_H

#include "postgres.h"

#include "log/page.h"

/*
 * Sends at most so many changes.  Returns whether the client has now seen all
 * that the page's snapshot sees.
 */
extern bool plasma_catchup_run(PullPage *page, int budget);

/* Whether more changes than a bound are waiting for the client. */
extern bool plasma_catchup_exceeds(const PullPage *page, int64 bound);

#endif							/* PLASMA_CATCHUP_H */

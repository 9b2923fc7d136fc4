/*
 * continuity.h
 *		Whether this server can go on from a cookie, and what the next one says.
 */
#ifndef PLASMA_CONTINUITY_H
#define PLASMA_CONTINUITY_H

#include "postgres.h"

#include "access/envelope.h"
#include "log/cookie.h"
#include "log/timeline.h"
#include "schema/registry.h"

typedef enum Continuity
{
	CONTINUITY_KEPT,
	CONTINUITY_LOST,			/* the client must begin anew */
	CONTINUITY_AHEAD			/* the client has seen more than this server */
} Continuity;

/* The cookie of a client that has seen all that a snapshot sees, and has no table. */
extern Cookie *plasma_continuity_fresh(const Envelope *envelope,
									   const Registry *registry,
									   SyncSnapshot *now, int64 order);

/* Whether it was made for this database and this client. */
extern bool plasma_continuity_own(const Cookie *cookie, const Envelope *envelope);

/*
 * What a server that is here, and sees what now sees, knows of the transactions
 * that the client has seen.  The place was read before the snapshot was taken.
 */
extern Continuity plasma_continuity_compare(const Cookie *cookie,
											const WalPlace *here,
											const SyncSnapshot *now);

/* All of it. */
extern Continuity plasma_continuity_judge(const Cookie *cookie,
										  const Envelope *envelope,
										  const Registry *registry,
										  const WalPlace *here,
										  const SyncSnapshot *now);

/* The text of a cookie that has changed, with a position behind all that it counts. */
extern char *plasma_continuity_seal(const Envelope *envelope, Cookie *cookie,
									WalPosition position);

#endif							/* PLASMA_CONTINUITY_H */

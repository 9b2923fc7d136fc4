/*
 * continuity.h
 *		Whether this server can go on from a cookie, and what the next one says.
 */
#ifndef PLASMA_CONTINUITY_H
#define PLASMA_CONTINUITY_H

#include "postgres.h"

#include "access/envelope.h"
#include "log/cookie.h"
#include "schema/registry.h"

typedef enum Continuity
{
	CONTINUITY_KEPT,
	CONTINUITY_LOST,			/* the client must begin anew */
	CONTINUITY_AHEAD			/* the client has seen more than this server */
} Continuity;

/* Where the server is: a position in its write-ahead log. */
typedef struct WalPosition
{
	int64		timeline;
	uint64		lsn;
} WalPosition;

extern WalPosition plasma_continuity_position(void);

/* The cookie of a client that has seen all that a snapshot sees, and has no table. */
extern Cookie *plasma_continuity_fresh(const Envelope *envelope,
									   const Registry *registry,
									   SyncSnapshot *now, int64 order);

/* position was read before the snapshot of the fresh cookie was taken. */
extern Continuity plasma_continuity_judge(const Cookie *cookie, const Cookie *fresh,
										  const Registry *registry,
										  WalPosition position);

/* The text of a cookie that has changed. To be called after the snapshot was taken. */
extern char *plasma_continuity_seal(const Envelope *envelope, Cookie *cookie);

#endif							/* PLASMA_CONTINUITY_H */

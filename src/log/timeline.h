/*
 * timeline.h
 *		Positions in the write-ahead log, across failovers and recoveries.
 */
#ifndef PLASMA_TIMELINE_H
#define PLASMA_TIMELINE_H

#include "postgres.h"

/*
 * Every promotion begins a new timeline.  Two servers that were promoted apart
 * from each other both count it as the next one: the place where it left its
 * parent tells them apart.
 */
typedef struct WalPosition
{
	int64		timeline;
	uint64		begin;			/* of the timeline; 0 for the first one */
	uint64		lsn;
} WalPosition;

/* Where a server is: what it has written, or in recovery what it has replayed. */
typedef struct WalPlace
{
	WalPosition position;
	bool		recovering;		/* may still follow another timeline */
} WalPlace;

typedef enum TimelineVerdict
{
	TIMELINE_PASSED,			/* the server was there */
	TIMELINE_AHEAD,				/* it may still get there */
	TIMELINE_LOST				/* it took another way, or came back to before */
} TimelineVerdict;

extern WalPlace plasma_timeline_place(void);

/*
 * Behind the end of each transaction that a snapshot, taken before, counts as
 * over.
 */
extern WalPosition plasma_timeline_shown(void);

/* Where a position lies, seen from a server. */
extern TimelineVerdict plasma_timeline_judge(WalPosition position,
											 const WalPlace *here);

#endif							/* PLASMA_TIMELINE_H */

/*
 * horizon.h
 *		Up to which transaction the log is old.
 */
#ifndef PLASMA_HORIZON_H
#define PLASMA_HORIZON_H

#include "postgres.h"

/* An entry is young when it was made at this time or later, or has a higher version. */
typedef struct HorizonBound
{
	int64		created_before; /* milliseconds since 1970; PG_INT64_MAX: any time */
	int64		safe_version;	/* PG_INT64_MAX: any version */
} HorizonBound;

/* Every transaction below it has ended; prepared ones are not over. */
extern uint64 plasma_horizon_oldest_running(void);

/*
 * The lowest horizon that has all old entries below it and none that is young,
 * of the entries of transactions from one up to another, which is not included.
 */
extern uint64 plasma_horizon_find(uint64 from, uint64 limit, HorizonBound bound);

#endif							/* PLASMA_HORIZON_H */

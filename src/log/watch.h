/*
 * watch.h
 *		Relations that were rewritten while a pull was reading them.
 */
#ifndef PLASMA_WATCH_H
#define PLASMA_WATCH_H

#include "postgres.h"

/*
 * Begins to watch; returns what plasma_watch_stale wants to know.  To be called
 * before the snapshot is taken.
 */
extern uint64 plasma_watch_start(void);

/*
 * Whether a relation that this transaction has read was truncated or
 * rewritten by a transaction that the active snapshot does not see.
 */
extern bool plasma_watch_stale(uint64 started);

#endif							/* PLASMA_WATCH_H */

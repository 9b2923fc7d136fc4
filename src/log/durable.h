/*
 * durable.h
 *		Putting on disk what a cookie counts as over.
 */
#ifndef PLASMA_DURABLE_H
#define PLASMA_DURABLE_H

#include "postgres.h"

#include "log/snapshot.h"
#include "log/timeline.h"

/*
 * Sees to it that no crash takes back what a snapshot shows, and returns a
 * position on disk behind the commits of it.  The position that is given was
 * read after the snapshot was taken.  What is known (or NULL) was made durable
 * before.
 */
extern WalPosition plasma_durable_make(const SyncSnapshot *now, WalPosition shown,
									   const SyncSnapshot *known);

#endif							/* PLASMA_DURABLE_H */

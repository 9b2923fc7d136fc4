/*
 * snapshot.h
 *		Which transactions a client has seen, in 64-bit transaction ids.
 */
#ifndef PLASMA_SNAPSHOT_H
#define PLASMA_SNAPSHOT_H

#include "postgres.h"

/* Seen is every transaction below xmax that is not among the running ones. */
typedef struct SyncSnapshot
{
	uint64		xmax;
	int			nrunning;
	uint64	   *running;		/* ascending, each below xmax */
} SyncSnapshot;

/* What the active snapshot sees. The own transaction counts as running. */
extern SyncSnapshot *plasma_snapshot_take(void);

/* Whether all that the earlier one sees is seen by the later one, too. */
extern bool plasma_snapshot_covers(const SyncSnapshot *later,
								   const SyncSnapshot *earlier);

/* Whether it sees every transaction below a bound. */
extern bool plasma_snapshot_covers_below(const SyncSnapshot *snapshot, uint64 bound);

/* Whether it sees a transaction, if that has committed. */
extern bool plasma_snapshot_sees(const SyncSnapshot *snapshot, uint64 xid);

extern bool plasma_snapshot_equal(const SyncSnapshot *a, const SyncSnapshot *b);

/* Takes those below a bound, which are known to be over, from the running ones. */
extern void plasma_snapshot_forget_below(SyncSnapshot *snapshot, uint64 bound);

/*
 * Shortens the list of running transactions, if that leaves transactions
 * younger than one of them.  What is left sees less, which sends some changes
 * again.  Says whether it was done.
 */
extern bool plasma_snapshot_cut(SyncSnapshot *snapshot, int max_running,
								uint64 beyond);

/* As pg_snapshot writes it, xmin:xmax:running, and back; NULL when malformed. */
extern char *plasma_snapshot_write(const SyncSnapshot *snapshot);
extern SyncSnapshot *plasma_snapshot_parse(const char *text);

/* As parameters of queries: a pg_snapshot, its running transactions as xid8[], an xid8. */
extern Datum plasma_snapshot_datum(const SyncSnapshot *snapshot);
extern Datum plasma_snapshot_running_datum(const SyncSnapshot *snapshot);
extern Datum plasma_snapshot_xid_datum(uint64 xid);

#endif							/* PLASMA_SNAPSHOT_H */

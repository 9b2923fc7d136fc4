/*
 * snapshot.c
 *		Snapshots as values that outlive their transaction.
 *
 *		pg_current_snapshot() will not do: on a standby it lists no running
 *		transactions (they are in the snapshot's subxip), and it counts the own
 *		transaction, if that has an id, among those that are over.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "lib/qunique.h"
#include "lib/stringinfo.h"
#include "log/snapshot.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/xid8.h"

/* No xid of a server's life comes near it; sums and casts stay in range. */
#define MAX_XID		((uint64) PG_INT64_MAX)

static int
compare_xids(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y ? 1 : 0;
}

/* An xid of a snapshot lies at most one epoch behind the next one to be given. */
static uint64
widen(TransactionId xid, FullTransactionId next)
{
	uint32		epoch = EpochFromFullTransactionId(next);

	if (xid > XidFromFullTransactionId(next))
		epoch--;
	return ((uint64) epoch << 32) | xid;
}

SyncSnapshot *
plasma_snapshot_take(void)
{
	Snapshot	active = GetActiveSnapshot();
	FullTransactionId next = ReadNextFullTransactionId();
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	bool		standby = active->takenDuringRecovery;
	const TransactionId *xids = standby ? active->subxip : active->xip;
	int			count = standby ? active->subxcnt : (int) active->xcnt;
	SyncSnapshot *snapshot = palloc(sizeof(SyncSnapshot));

	snapshot->xmax = widen(active->xmax, next);
	snapshot->running = palloc(sizeof(uint64) * (count + 1));
	snapshot->nrunning = 0;
	for (int i = 0; i < count; i++)
	{
		uint64		xid = widen(xids[i], next);

		if (xid < snapshot->xmax)
			snapshot->running[snapshot->nrunning++] = xid;
	}
	if (FullTransactionIdIsValid(own) &&
		U64FromFullTransactionId(own) < snapshot->xmax)
		snapshot->running[snapshot->nrunning++] = U64FromFullTransactionId(own);

	qsort(snapshot->running, snapshot->nrunning, sizeof(uint64), compare_xids);
	snapshot->nrunning = qunique(snapshot->running, snapshot->nrunning,
								 sizeof(uint64), compare_xids);
	return snapshot;
}

bool
plasma_snapshot_sees(const SyncSnapshot *snapshot, uint64 xid)
{
	return xid < snapshot->xmax &&
		bsearch(&xid, snapshot->running, snapshot->nrunning,
				sizeof(uint64), compare_xids) == NULL;
}

bool
plasma_snapshot_covers(const SyncSnapshot *later, const SyncSnapshot *earlier)
{
	if (earlier->xmax > later->xmax)
		return false;
	for (int i = 0; i < later->nrunning; i++)
		if (plasma_snapshot_sees(earlier, later->running[i]))
			return false;
	return true;
}

bool
plasma_snapshot_covers_below(const SyncSnapshot *snapshot, uint64 bound)
{
	return snapshot->xmax >= bound &&
		(snapshot->nrunning == 0 || snapshot->running[0] >= bound);
}

bool
plasma_snapshot_equal(const SyncSnapshot *a, const SyncSnapshot *b)
{
	return a->xmax == b->xmax && a->nrunning == b->nrunning &&
		memcmp(a->running, b->running, sizeof(uint64) * a->nrunning) == 0;
}

void
plasma_snapshot_forget_below(SyncSnapshot *snapshot, uint64 bound)
{
	int			known = 0;

	while (known < snapshot->nrunning && snapshot->running[known] < bound)
		known++;
	snapshot->running += known;
	snapshot->nrunning -= known;
}

bool
plasma_snapshot_cut(SyncSnapshot *snapshot, int max_running, uint64 beyond)
{
	if (snapshot->nrunning <= max_running ||
		snapshot->running[max_running] <= beyond)
		return false;
	snapshot->xmax = snapshot->running[max_running];
	snapshot->nrunning = max_running;
	return true;
}

char *
plasma_snapshot_write(const SyncSnapshot *snapshot)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, UINT64_FORMAT ":" UINT64_FORMAT ":",
					 snapshot->nrunning > 0 ? snapshot->running[0] : snapshot->xmax,
					 snapshot->xmax);
	for (int i = 0; i < snapshot->nrunning; i++)
		appendStringInfo(&out, "%s" UINT64_FORMAT, i > 0 ? "," : "",
						 snapshot->running[i]);
	return out.data;
}

/* Reads a positive number and steps over it. */
static bool
parse_xid(const char **p, uint64 *xid)
{
	const char *start = *p;

	for (*xid = 0; **p >= '0' && **p <= '9'; (*p)++)
	{
		if (*xid > (MAX_XID - 9) / 10)
			return false;
		*xid = *xid * 10 + (**p - '0');
	}
	return *p > start && *xid > 0;
}

SyncSnapshot *
plasma_snapshot_parse(const char *text)
{
	SyncSnapshot *snapshot = palloc0(sizeof(SyncSnapshot));
	const char *p = text;
	uint64		xmin;
	uint64		previous = 0;

	if (!parse_xid(&p, &xmin) || *p++ != ':' ||
		!parse_xid(&p, &snapshot->xmax) || *p++ != ':')
		return NULL;
	snapshot->running = palloc(sizeof(uint64) * (strlen(p) / 2 + 1));
	while (*p != '\0')
	{
		uint64		xid;

		if ((previous > 0 && *p++ != ',') || !parse_xid(&p, &xid) ||
			xid <= previous || xid >= snapshot->xmax)
			return NULL;
		snapshot->running[snapshot->nrunning++] = previous = xid;
	}
	if (xmin != (snapshot->nrunning > 0 ? snapshot->running[0] : snapshot->xmax))
		return NULL;
	return snapshot;
}

Datum
plasma_snapshot_datum(const SyncSnapshot *snapshot)
{
	return DirectFunctionCall1(pg_snapshot_in,
							   CStringGetDatum(plasma_snapshot_write(snapshot)));
}

Datum
plasma_snapshot_running_datum(const SyncSnapshot *snapshot)
{
	Datum	   *xids = palloc(sizeof(Datum) * Max(snapshot->nrunning, 1));

	for (int i = 0; i < snapshot->nrunning; i++)
		xids[i] = plasma_snapshot_xid_datum(snapshot->running[i]);
	return PointerGetDatum(construct_array(xids, snapshot->nrunning, XID8OID,
										   sizeof(uint64), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

Datum
plasma_snapshot_xid_datum(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

/*
 * durable.c
 *		Putting on disk what a cookie counts as over, and no more than that.
 *
 *		After a crash the server gives the ids of transactions anew that left nothing
 *		on disk, be it that they were rolled back, or committed without waiting.  A
 *		client that counts them as over would miss what comes under the same ids.
 *
 *		Up to the position that was read behind the snapshot, the log ends all of
 *		them; but it also holds the work of transactions that are under way, and a
 *		flush for their sake is most of what a pull waits for beside busy writers.
 *		As a rule none is needed:
 *
 *		- a commit that waits for the disk was there before any snapshot showed it;
 *		  of one that does not wait, the server remembers a position behind it;
 *		- once the commit of the youngest id is on disk, no id is given anew, so that
 *		  what was rolled back before is over for good, whether or not the log says so.
 *
 *		What a standby has replayed is on the disk of its primary, and its own.
 */
#include "postgres.h"

#include "access/slru.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "log/durable.h"

/* With more transactions to look at, a flush is the cheaper way. */
#define MAX_LOOKED_AT	1000

/* Ids in a file of pg_xact. An older file than that of the youngest id may be gone. */
#define IDS_PER_FILE	((uint64) SLRU_PAGES_PER_SEGMENT * BLCKSZ * 4)

/* Behind a commit if it did not wait for the disk; else nothing. */
static XLogRecPtr
commit_position(uint64 xid)
{
	if (!TransactionIdIsNormal((TransactionId) xid))
		return InvalidXLogRecPtr;
	return TransactionIdGetCommitLSN((TransactionId) xid);
}

/*
 * Whether all commits that now shows and known does not lie before a position, with
 * that of the youngest id among them.
 */
static bool
lie_before(XLogRecPtr position, const SyncSnapshot *now, const SyncSnapshot *known)
{
	uint64		oldest = known->nrunning > 0 ? known->running[0] : known->xmax;
	uint64		youngest = now->xmax - 1;

	oldest = Min(oldest, youngest);
	if (youngest - oldest >= MAX_LOOKED_AT ||
		youngest / IDS_PER_FILE != oldest / IDS_PER_FILE ||
		!TransactionIdIsNormal((TransactionId) youngest) ||
		!TransactionIdDidCommit((TransactionId) youngest))
		return false;
	for (uint64 xid = oldest; xid <= youngest; xid++)
		if (commit_position(xid) > position)
			return false;
	return true;
}

/*
 * A page of the log may be on disk up to its end in the middle of a record,
 * which a server that comes back from a crash takes for not written.
 */
WalPosition
plasma_durable_make(const SyncSnapshot *now, WalPosition shown,
					const SyncSnapshot *known)
{
	XLogRecPtr	flushed;

	if (RecoveryInProgress())
		return shown;
	flushed = GetFlushRecPtr(NULL);
	if (flushed < shown.lsn && flushed > shown.begin &&
		flushed % XLOG_BLCKSZ != 0 && known != NULL &&
		lie_before(flushed, now, known))
		shown.lsn = flushed;
	else
		XLogFlush(shown.lsn);
	return shown;
}

/*
 * continuity.c
 *		Is this the database, the history and the identity that the cookie was
 *		made for, and does the server know all that the client knows?
 *
 *		The position in the write-ahead log that a cookie stores is read after the
 *		snapshot, the one it is compared with before it: so a cookie that counts
 *		more than this server knew is told from one that the server made itself.
 *		Whoever has replayed the log up to a cookie's position knows the commits of
 *		all transactions that it counts as over.  What was rolled back may still run
 *		there, for all that anybody knows, and comes to nothing.
 */
#include "postgres.h"

#include <time.h>

#include "access/ctx.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "base/guc.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "log/continuity.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

static char *
system_text(void)
{
	return psprintf(UINT64_FORMAT, GetSystemIdentifier());
}

static char *
epoch_text(const Registry *registry)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out,
											   UUIDPGetDatum(&registry->epoch)));
}

static char *
group_hash(const char *client_group_id)
{
	return psprintf("%08x", hash_bytes((const unsigned char *) client_group_id,
									   strlen(client_group_id)));
}

Cookie *
plasma_continuity_fresh(const Envelope *envelope, const Registry *registry,
						SyncSnapshot *now, int64 order)
{
	Cookie	   *cookie = palloc0(sizeof(Cookie));

	cookie->system = system_text();
	cookie->database = MyDatabaseId;
	cookie->epoch = epoch_text(registry);
	cookie->version = envelope->schema_version;
	cookie->identity = plasma_ctx_identity_hash();
	cookie->group = group_hash(envelope->client_group_id);
	cookie->order = order;
	cookie->seen = now;
	cookie->rows = now;
	return cookie;
}

bool
plasma_continuity_own(const Cookie *cookie, const Envelope *envelope)
{
	return strcmp(cookie->system, system_text()) == 0 &&
		cookie->database == MyDatabaseId &&
		strcmp(cookie->group, group_hash(envelope->client_group_id)) == 0 &&
		strcmp(cookie->identity, plasma_ctx_identity_hash()) == 0;
}

/* Whether all that the client may have been shown is shown here. */
static bool
covered(const Cookie *cookie, const SyncSnapshot *now)
{
	return plasma_snapshot_covers(now, cookie->seen) &&
		(cookie->upto == NULL || plasma_snapshot_covers(now, cookie->upto)) &&
		plasma_snapshot_covers(now, cookie->rows);
}

/*
 * In recovery the position is proof enough.  The snapshots are, too, but not
 * the other way round: there they list subtransactions that a primary does not.
 * They matter where replay stands still in the middle of a record, in conflict
 * with a query, which the client's own cookie of this server then counts.  And
 * the snapshot of a transaction may be older than the position.  On a primary
 * that has written what a cookie counts, a commit may still wait for a
 * synchronous standby that shows it already.
 */
Continuity
plasma_continuity_compare(const Cookie *cookie, const WalPlace *here,
						  const SyncSnapshot *now)
{
	switch (plasma_timeline_judge(cookie->position, here))
	{
		case TIMELINE_LOST:
			return CONTINUITY_LOST;
		case TIMELINE_AHEAD:
			if (cookie->position.timeline != here->position.timeline)
				return CONTINUITY_AHEAD;
			break;
		case TIMELINE_PASSED:
			if (here->recovering && !IsolationUsesXactSnapshot())
				return CONTINUITY_KEPT;
			break;
	}
	return covered(cookie, now) ? CONTINUITY_KEPT : CONTINUITY_AHEAD;
}

/*
 * A standby that is behind the cookie may be behind its epoch, too, so the log
 * is asked first.  That some transactions are not seen tells something only
 * within one epoch, and where they have not been compacted away.
 */
Continuity
plasma_continuity_judge(const Cookie *cookie, const Envelope *envelope,
						const Registry *registry, const WalPlace *here,
						const SyncSnapshot *now)
{
	Continuity	continuity;

	if (!plasma_continuity_own(cookie, envelope))
		return CONTINUITY_LOST;
	continuity = plasma_continuity_compare(cookie, here, now);
	if ((continuity == CONTINUITY_KEPT ||
		 plasma_timeline_judge(cookie->position, here) == TIMELINE_PASSED) &&
		(strcmp(cookie->epoch, epoch_text(registry)) != 0 ||
		 !plasma_snapshot_covers_below(cookie->seen, registry->floor)))
		return CONTINUITY_LOST;
	return continuity;
}

char *
plasma_continuity_seal(const Envelope *envelope, Cookie *cookie,
					   WalPosition position)
{
	cookie->cut |= plasma_snapshot_cut(cookie->seen, plasma_cookie_max_running, 0);
	/* Cut below its position, a catch-up would never get past it. */
	if (cookie->upto != NULL)
		cookie->cut |= plasma_snapshot_cut(cookie->upto, plasma_cookie_max_running,
										   cookie->pos_xid);
	if (cookie->rows != cookie->seen && cookie->rows != cookie->upto)
		cookie->cut |= plasma_snapshot_cut(cookie->rows, plasma_cookie_max_running, 0);
	cookie->position = position;
	cookie->version = envelope->schema_version;
	cookie->made_at = (int64) time(NULL);
	cookie->order++;
	return plasma_cookie_write(cookie);
}

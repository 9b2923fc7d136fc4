/*
 * continuity.c
 *		Is this the database, the history and the identity that the cookie was
 *		made for, and does the server know all that the client knows?
 *
 *		The position in the write-ahead log that a cookie stores is read after the
 *		snapshot, the one it is compared with before it: so a cookie that counts
 *		more than this server knew is told from one that the server made itself.
 */
#include "postgres.h"

#include <time.h>

#include "access/ctx.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "base/guc.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "log/continuity.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

WalPosition
plasma_continuity_position(void)
{
	TimeLineID	timeline;
	XLogRecPtr	lsn;

	if (RecoveryInProgress())
		lsn = GetXLogReplayRecPtr(&timeline);
	else
	{
		lsn = GetXLogInsertRecPtr();
		timeline = GetWALInsertionTimeLine();
	}
	return (WalPosition) {timeline, lsn};
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

	cookie->system = psprintf(UINT64_FORMAT, GetSystemIdentifier());
	cookie->database = MyDatabaseId;
	cookie->epoch = DatumGetCString(DirectFunctionCall1(uuid_out,
														UUIDPGetDatum(&registry->epoch)));
	cookie->version = envelope->schema_version;
	cookie->identity = plasma_ctx_identity_hash();
	cookie->group = group_hash(envelope->client_group_id);
	cookie->order = order;
	cookie->seen = now;
	return cookie;
}

static bool
same_history(const Cookie *cookie, const Cookie *fresh)
{
	return strcmp(cookie->system, fresh->system) == 0 &&
		cookie->database == fresh->database &&
		strcmp(cookie->epoch, fresh->epoch) == 0;
}

static bool
same_client(const Cookie *cookie, const Cookie *fresh)
{
	return strcmp(cookie->identity, fresh->identity) == 0 &&
		strcmp(cookie->group, fresh->group) == 0;
}

Continuity
plasma_continuity_judge(const Cookie *cookie, const Cookie *fresh,
						const Registry *registry, WalPosition position)
{
	if (!same_history(cookie, fresh) || !same_client(cookie, fresh) ||
		cookie->timeline != position.timeline ||
		!plasma_snapshot_covers_below(cookie->seen, registry->floor))
		return CONTINUITY_LOST;
	if (plasma_snapshot_covers(fresh->seen, cookie->seen) &&
		(cookie->upto == NULL || plasma_snapshot_covers(fresh->seen, cookie->upto)))
		return CONTINUITY_KEPT;
	if (cookie->lsn > position.lsn || IsolationUsesXactSnapshot())
		return CONTINUITY_AHEAD;
	return CONTINUITY_LOST;
}

char *
plasma_continuity_seal(const Envelope *envelope, Cookie *cookie)
{
	WalPosition position = plasma_continuity_position();

	cookie->cut |= plasma_snapshot_cut(cookie->seen, plasma_cookie_max_running, 0);
	/* Cut below its position, a catch-up would never get past it. */
	if (cookie->upto != NULL)
		cookie->cut |= plasma_snapshot_cut(cookie->upto, plasma_cookie_max_running,
										   cookie->pos_xid);
	cookie->timeline = position.timeline;
	cookie->lsn = position.lsn;
	cookie->version = envelope->schema_version;
	cookie->made_at = (int64) time(NULL);
	cookie->order++;
	return plasma_cookie_write(cookie);
}

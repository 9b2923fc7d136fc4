/*
 * watch.c
 *		TRUNCATE and table rewrites are not MVCC-safe: a snapshot older than the
 *		rewrite finds the table empty.
 *
 *		A pull locks its tables before it takes its snapshot, so these cannot be
 *		rewritten under it.  Tables that only a policy, a function of a policy or
 *		a partitioned parent reaches are locked later, after a wait perhaps, by
 *		when the snapshot is too old.  Whoever waited receives the invalidation
 *		of the rewrite; that is the cheap sign.  The proof is the catalog: the
 *		file of a relation that this transaction has locked is another one now
 *		than the snapshot says.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/spi.h"
#include "log/watch.h"
#include "utils/inval.h"

/* Counted, not flagged: a pull inside a policy has a watch of its own. */
static uint64 invalidations = 0;

static void
note_invalidation(Datum arg, Oid relid)
{
	invalidations++;
}

uint64
plasma_watch_start(void)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(note_invalidation, (Datum) 0);
		registered = true;
	}
	AcceptInvalidationMessages();
	return invalidations;
}

/*
 * pg_relation_filenode() reads the catalog as it is now, pg_class is read in
 * the active snapshot.  A relation that the snapshot does not know was made
 * later: what was read of it was nothing.
 */
static bool
locked_relation_rewritten(void)
{
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT FROM pg_catalog.pg_locks l "
									   "LEFT JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation "
									   "WHERE l.locktype OPERATOR(pg_catalog.=) 'relation' "
									   "AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() "
									   "AND l.database OPERATOR(pg_catalog.<>) 0 "
									   "AND l.relation OPERATOR(pg_catalog.>=) 16384 "
									   "AND (c.oid IS NULL OR "
									   "c.relkind OPERATOR(pg_catalog.=) ANY ('{r,m}') AND c.relfilenode OPERATOR(pg_catalog.<>) "
									   "pg_catalog.pg_relation_filenode(c.oid)) LIMIT 1",
									   0, NULL);

	return rows->nrows > 0;
}

bool
plasma_watch_stale(uint64 started)
{
	AcceptInvalidationMessages();
	if (invalidations == started && !IsolationUsesXactSnapshot())
		return false;
	return locked_relation_rewritten();
}

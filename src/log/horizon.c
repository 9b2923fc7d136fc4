/*
 * horizon.c
 *		Finding the horizon of a compaction: a transaction id, since that is what a
 *		cookie can be compared with, where people speak of an age or a version.
 *
 *		The primary key is in the order of transactions, and times and versions
 *		grow in about the same order; so a binary search finds the place in some
 *		forty looks at the index.  About: a long transaction has a low id and young
 *		entries.  So what lies before the place is read once, and the horizon lowered
 *		to the first transaction there with an entry that is young.  That is also the
 *		part of the log which is to be compacted next; nothing below it is read.
 *
 *		No lock but AccessShare on the log.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/horizon.h"
#include "log/snapshot.h"
#include "miscadmin.h"
#include "utils/xid8.h"

#define IS_YOUNG	"(created_at >= $3 OR row_version > $4)"

uint64
plasma_horizon_oldest_running(void)
{
	SyncSnapshot *now = plasma_snapshot_take();

	return now->nrunning > 0 ? now->running[0] : now->xmax;
}

static SpiRows *
look(const char *sql, uint64 from, uint64 limit, HorizonBound bound)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(from))),
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(limit))),
		SPI_INT8(bound.created_before),
		SPI_INT8(bound.safe_version)
	};

	return plasma_spi_write(SPI_OWNER, sql, lengthof(params), params);
}

uint64
plasma_horizon_find(uint64 from, uint64 limit, HorizonBound bound)
{
	uint64		low = from;
	uint64		high = Max(from, limit);
	SpiRows    *rows;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		CHECK_FOR_INTERRUPTS();
		rows = look("SELECT xid, " IS_YOUNG " FROM plasma.changes"
					" WHERE xid >= $1 AND xid < $2"
					" ORDER BY xid, row_version LIMIT 1", middle, high, bound);
		if (rows->nrows == 0 || plasma_spi_bool(rows, 0, 2))
			high = middle;
		else
			low = plasma_spi_xid(rows, 0, 1) + 1;
	}
	rows = look("SELECT xid FROM plasma.changes"
				" WHERE xid >= $1 AND xid < $2 AND " IS_YOUNG
				" ORDER BY xid, row_version LIMIT 1", from, high, bound);
	return rows->nrows == 0 ? high : plasma_spi_xid(rows, 0, 1);
}

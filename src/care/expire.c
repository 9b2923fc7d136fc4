/*
 * expire.c
 *		Client groups and readers that have been idle for longer than a setting
 *		says, and never less than the log's retention.
 *
 *		A group that is pushed to at this moment is not idle.  So the group is locked
 *		first, which keeps new clients of it out, then the rows of its clients, which
 *		keeps out pushes of those; only then, in a later snapshot, is it judged.
 *		Whatever somebody else holds is left for another time: nobody is waited for,
 *		and a push that came too late finds its rows gone and is to be repeated.
 *		A transaction of REPEATABLE READ has no later snapshot, and leaves all groups.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/guc.h"
#include "base/spi.h"
#include "care/expire.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#define OLD(time)	time " < statement_timestamp() - make_interval(secs => $1)"

#define IS_IDLE \
	OLD("g.created_at") \
	" AND NOT EXISTS (SELECT FROM plasma.client_mutations m" \
	"  WHERE m.client_group_id = g.client_group_id AND NOT " OLD("m.updated_at") ")" \
	" AND NOT EXISTS (SELECT FROM plasma.readers r" \
	"  WHERE r.client_group_id = g.client_group_id AND NOT " OLD("r.last_seen") ")"

#define LOCK_GROUPS \
	"SELECT array_agg(l.client_group_id) FROM (" \
	" SELECT g.client_group_id FROM plasma.client_groups g WHERE " IS_IDLE \
	"  LIMIT $2 FOR UPDATE OF g SKIP LOCKED) l"

#define LOCK_CLIENTS \
	"SELECT l.client_group_id, count(*) FROM (" \
	" SELECT m.client_group_id FROM plasma.client_mutations m" \
	"  WHERE m.client_group_id = ANY ($1) FOR UPDATE OF m SKIP LOCKED) l GROUP BY 1"

#define DELETE_GROUPS \
	"WITH gone AS (DELETE FROM plasma.client_groups g" \
	"  USING ROWS FROM (unnest($2), unnest($3)) AS k (id, clients)" \
	"  WHERE g.client_group_id = k.id AND " IS_IDLE \
	"   AND k.clients = (SELECT count(*) FROM plasma.client_mutations m WHERE m.client_group_id = k.id)" \
	"  RETURNING g.client_group_id)," \
	" readers AS (DELETE FROM plasma.readers r USING gone WHERE r.client_group_id = gone.client_group_id)" \
	" SELECT count(*) FROM gone"

#define DELETE_READERS \
	"WITH gone AS (DELETE FROM plasma.readers WHERE ctid = ANY (ARRAY(" \
	"  SELECT r.ctid FROM plasma.readers r WHERE " OLD("r.last_seen") \
	"   AND NOT EXISTS (SELECT FROM plasma.client_groups g WHERE g.client_group_id = r.client_group_id)" \
	"  LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1)" \
	" SELECT count(*) FROM gone"

/* The arrays of ids and of how many clients of each are locked; most have some. */
static void
lock_clients(Datum groups, SpiParam *ids, SpiParam *counts)
{
	SpiParam	params[] = {SPI_DATUM(TEXTARRAYOID, groups)};
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"WITH locked AS (" LOCK_CLIENTS ")"
										" SELECT array_agg(g.id), array_agg(COALESCE(l.count, 0))"
										" FROM unnest($1) AS g (id) LEFT JOIN locked l ON l.client_group_id = g.id",
										lengthof(params), params);
	bool		isnull;

	*ids = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_spi_datum(rows, 0, 1, &isnull));
	*counts = (SpiParam) SPI_DATUM(INT8ARRAYOID, plasma_spi_datum(rows, 0, 2, &isnull));
}

int64
plasma_expire_groups(int batch)
{
	SpiParam	params[] = {
		SPI_DATUM(FLOAT8OID, Float8GetDatum(Max(plasma_client_expiry_s, plasma_retention_s))),
		SPI_INT8(batch),
		SPI_NULL(INT8ARRAYOID)
	};
	SpiRows    *rows;
	Datum		groups;
	bool		isnull;

	if (plasma_client_expiry_s == 0 || IsolationUsesXactSnapshot())
		return 0;
	rows = plasma_spi_write(SPI_OWNER, LOCK_GROUPS, 2, params);
	groups = plasma_spi_datum(rows, 0, 1, &isnull);
	if (isnull)
		return 0;
	lock_clients(groups, &params[1], &params[2]);
	return plasma_spi_int8(plasma_spi_write(SPI_OWNER, DELETE_GROUPS, lengthof(params), params), 0, 1);
}

/* Those of groups that never pushed; the others go with their group. */
int64
plasma_expire_readers(int batch)
{
	SpiParam	params[] = {
		SPI_DATUM(FLOAT8OID, Float8GetDatum(plasma_retention_s)), SPI_INT8(batch)
	};

	return plasma_spi_int8(plasma_spi_write(SPI_OWNER, DELETE_READERS, lengthof(params), params), 0, 1);
}

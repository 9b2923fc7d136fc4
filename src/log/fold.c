/*
 * fold.c
 *		Compaction of entries below the horizon, a batch at a time.
 *
 *		Of each row the newest of these entries stays, if it is a put and its table
 *		keeps history: a state of the table from the horizon on can then still be
 *		put together.  Pulls need none of it: below the floor there is nothing that
 *		a cookie has not seen, and a horizon is never above the floor.
 *
 *		The order of transactions is not the order of writes: an older transaction
 *		may delete what a younger one wrote.  What is newest is told by row_version;
 *		two writes of one row never overlap, so it agrees with the order of their
 *		commits.  A del or clear must therefore be known for as long as an older
 *		write may come behind it: until all transactions are compacted that had
 *		begun by now.  It is known in plasma.compacted_rows, no longer in the log.
 *
 *		A refetch says nothing of any row, and simply goes.
 *
 *		An entry is read once, and once more, by key, when a newer one takes its
 *		place.  Writers and pulls are never waited for: no entry down here is
 *		touched by anybody else.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "log/fold.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/xid8.h"

#define KEEPING \
	"ARRAY(SELECT t.table_name FROM plasma.tables t WHERE t.history AND NOT t.suppressed)"

/* All tables without a place of their own, or tables that go the same way together. */
#define READ_PLACE \
	"SELECT array_agg(table_name), horizon, xid, row_version FROM plasma.compactions" \
	" WHERE xid < horizon GROUP BY table_name = '', horizon, xid, row_version" \
	" ORDER BY table_name = '' DESC, horizon, xid, row_version LIMIT 1"

/*
 * Keys are looked up one by one, in what may have been all but empty when the plan
 * was made and holds millions of rows at the end of the very same call: a join that
 * the planner is free to run in another way would read all of them for each key.
 */
#define ENTRY(xid, row_version) \
	"(SELECT c.ctid AS at FROM plasma.changes c" \
	"  WHERE c.xid = " xid " AND c.row_version = " row_version " LIMIT 1)"

/*
 * $1, $2 position; $3 horizon; $4 batch; $5 tables, '' for those without a place of
 * their own; $6 the next transaction id.  A position that was lost does no harm:
 * an entry that is noted as the newest stays.
 */
#define FOLD_SQL \
	"WITH batch AS MATERIALIZED (" \
	" SELECT c.ctid AS at, c.xid, c.row_version, c.table_name, c.row_id, c.op" \
	"  FROM plasma.changes c WHERE ROW(c.xid, c.row_version) > ROW($1, $2) AND c.xid < $3" \
	"  ORDER BY c.xid, c.row_version LIMIT $4)," \
	" mine AS MATERIALIZED (" \
	" SELECT b.*, " FOLD_KEY("b.row_id") " AS key, b.table_name = ANY (" KEEPING ") AS history," \
	"   b.op <> 'refetch' AND row_number() OVER (PARTITION BY b.table_name, b.row_id, b.op = 'refetch'" \
	"    ORDER BY b.row_version DESC) = 1 AS newest" \
	"  FROM batch b WHERE CASE WHEN '' = ANY ($5) THEN b.table_name <> ALL (ARRAY(" \
	"   SELECT p.table_name FROM plasma.compactions p WHERE p.table_name <> ''))" \
	"   ELSE b.table_name = ANY ($5) END)," \
	" cleared AS MATERIALIZED (" \
	" SELECT u.table_name, max(u.row_version) AS row_version FROM (" \
	"   SELECT m.table_name, m.row_version FROM mine m WHERE m.op = 'clear'" \
	"   UNION ALL SELECT r.table_name, r.row_version FROM plasma.compacted_rows r WHERE r.row_id IS NULL) u" \
	"  GROUP BY u.table_name)," \
	" known AS MATERIALIZED (" \
	" SELECT m.*, k.xid AS old_xid, k.row_version AS old_version, k.forget_at IS NULL AS old_there," \
	"   m.newest AND m.history AND m.row_id IS NOT NULL" \
	"    AND (k.row_version IS NULL OR k.row_version < m.row_version) AS wins" \
	"  FROM mine m LEFT JOIN LATERAL (" \
	"   SELECT r.xid, r.row_version, r.forget_at FROM plasma.compacted_rows r" \
	"    WHERE m.newest AND m.history AND r.table_name = m.table_name AND r.row_id = m.key LIMIT 1) k ON true)," \
	" judged AS MATERIALIZED (" \
	" SELECT k.*, k.op = 'put' AND (k.wins AND k.row_version > COALESCE(" \
	"    (SELECT c.row_version FROM cleared c WHERE c.table_name = k.table_name), 0)" \
	"   OR COALESCE(k.old_there AND k.old_version = k.row_version, false)) AS stays" \
	"  FROM known k)," \
	" gone AS (DELETE FROM plasma.changes c" \
	"  WHERE c.ctid = ANY (ARRAY(SELECT j.at FROM judged j WHERE NOT j.stays)) RETURNING 1)," \
	" replaced AS (DELETE FROM plasma.changes c WHERE c.ctid = ANY (ARRAY(" \
	"  SELECT o.at FROM judged j CROSS JOIN LATERAL " ENTRY("j.old_xid", "j.old_version") " o" \
	"   WHERE j.wins AND j.old_there)) RETURNING 1)," \
	" noted AS (INSERT INTO plasma.compacted_rows AS r (table_name, row_id, xid, row_version, forget_at)" \
	"  SELECT j.table_name, j.key, j.xid, j.row_version, CASE WHEN NOT j.stays THEN $6 END" \
	"  FROM judged j WHERE j.wins" \
	"  ON CONFLICT (table_name, row_id) DO UPDATE SET" \
	"   xid = excluded.xid, row_version = excluded.row_version, forget_at = excluded.forget_at)," \
	" noted_clears AS (INSERT INTO plasma.compacted_rows AS r (table_name, xid, row_version)" \
	"  SELECT m.table_name, m.xid, m.row_version FROM mine m WHERE m.newest AND m.history AND m.row_id IS NULL" \
	"  ON CONFLICT (table_name) WHERE row_id IS NULL DO UPDATE SET" \
	"   xid = excluded.xid, row_version = excluded.row_version, forget_at = NULL" \
	"   WHERE r.row_version < excluded.row_version)" \
	" SELECT (SELECT count(*) FROM batch), (SELECT count(*) FROM mine)," \
	"  (SELECT count(*) FROM gone) + (SELECT count(*) FROM replaced)," \
	"  (SELECT count(*) FROM judged j WHERE j.stays), l.xid, l.row_version" \
	" FROM (SELECT 1) one LEFT JOIN (SELECT b.xid, b.row_version FROM batch b" \
	"  ORDER BY b.xid DESC, b.row_version DESC LIMIT 1) l ON true"

/* $1 table, $2 version below which, $3 how many; clears of the table included with $4. */
#define SWEEP_SQL \
	"WITH old AS (DELETE FROM plasma.compacted_rows WHERE ctid = ANY (ARRAY(" \
	"  SELECT r.ctid FROM plasma.compacted_rows r WHERE r.table_name = $1 AND r.row_version < $2" \
	"   AND (r.row_id IS NOT NULL OR $4) LIMIT $3))" \
	" RETURNING xid, row_version, row_id IS NOT NULL AND forget_at IS NULL AS there)," \
	" gone AS (DELETE FROM plasma.changes c WHERE c.ctid = ANY (ARRAY(" \
	"  SELECT e.at FROM old o CROSS JOIN LATERAL " ENTRY("o.xid", "o.row_version") " e" \
	"   WHERE o.there)) RETURNING 1)" \
	" SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM gone)"

static Datum
xid_datum(uint64 xid)
{
	return FullTransactionIdGetDatum(FullTransactionIdFromU64(xid));
}

static uint64
next_xid(void)
{
	return U64FromFullTransactionId(ReadNextFullTransactionId());
}

/* The look-ups are by an index each, and not by a bitmap. */
static SpiRows *
run_by_key(const char *sql, int nparams, const SpiParam *params)
{
	static const char *const off[] = {"enable_hashjoin", "enable_mergejoin", "enable_bitmapscan"};
	int			level = NewGUCNestLevel();
	SpiRows    *rows;

	for (int i = 0; i < lengthof(off); i++)
		set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION,
						  GUC_ACTION_SAVE, true, 0, false);
	rows = plasma_spi_write(SPI_OWNER, sql, nparams, params);
	AtEOXact_GUC(false, level);
	return rows;
}

static void
move_on(Datum tables, uint64 xid, int64 row_version)
{
	SpiParam	params[] = {
		SPI_DATUM(TEXTARRAYOID, tables), SPI_DATUM(XID8OID, xid_datum(xid)), SPI_INT8(row_version)
	};

	plasma_spi_write(SPI_OWNER, "UPDATE plasma.compactions SET xid = $2, row_version = $3"
					 " WHERE table_name = ANY ($1)", lengthof(params), params);
}

bool
plasma_fold_entries(int batch, FoldCount *count)
{
	SpiRows    *place = plasma_spi_write(SPI_OWNER, READ_PLACE, 0, NULL);
	SpiRows    *rows;

	if (place->nrows == 0)
		return false;
	else
	{
		bool		isnull;
		Datum		tables = plasma_spi_datum(place, 0, 1, &isnull);
		uint64		horizon = plasma_spi_xid(place, 0, 2);
		SpiParam	params[] = {
			SPI_DATUM(XID8OID, xid_datum(plasma_spi_xid(place, 0, 3))),
			SPI_INT8(plasma_spi_int8(place, 0, 4)),
			SPI_DATUM(XID8OID, xid_datum(horizon)),
			SPI_INT8(batch),
			SPI_DATUM(TEXTARRAYOID, tables),
			SPI_DATUM(XID8OID, xid_datum(next_xid()))
		};

		rows = run_by_key(FOLD_SQL, lengthof(params), params);
		count->scanned += plasma_spi_int8(rows, 0, 2);
		count->removed += plasma_spi_int8(rows, 0, 3);
		count->kept += plasma_spi_int8(rows, 0, 4);
		if (plasma_spi_int8(rows, 0, 1) < batch)
			move_on(tables, horizon, 0);
		else
			move_on(tables, plasma_spi_xid(rows, 0, 5), plasma_spi_int8(rows, 0, 6));
	}
	return true;
}

static int64
sweep(const char *table, int64 below, int batch, bool clears, FoldCount *count)
{
	SpiParam	params[] = {
		SPI_TEXT(table), SPI_INT8(below), SPI_INT8(batch),
		SPI_DATUM(BOOLOID, BoolGetDatum(clears))
	};
	SpiRows    *rows = run_by_key(SWEEP_SQL, lengthof(params), params);

	count->removed += plasma_spi_int8(rows, 0, 2);
	return plasma_spi_int8(rows, 0, 1);
}

/* What stood in a table when it was truncated. */
bool
plasma_fold_cleared(int batch, FoldCount *count)
{
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"SELECT table_name, row_version FROM plasma.compacted_rows"
										" WHERE row_id IS NULL AND forget_at IS NULL LIMIT 1", 0, NULL);
	char	   *table;

	if (rows->nrows == 0)
		return false;
	table = plasma_spi_text(rows, 0, 1);
	if (sweep(table, plasma_spi_int8(rows, 0, 2), batch, false, count) < batch)
	{
		SpiParam	params[] = {SPI_TEXT(table), SPI_DATUM(XID8OID, xid_datum(next_xid()))};

		plasma_spi_write(SPI_OWNER, "UPDATE plasma.compacted_rows SET forget_at = $2"
						 " WHERE table_name = $1 AND row_id IS NULL", lengthof(params), params);
	}
	return true;
}

/* Tables that left the declaration, or whose history is no longer wanted. */
bool
plasma_fold_dropped(int batch, FoldCount *count)
{
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"WITH RECURSIVE names AS ("
										" (SELECT r.table_name FROM plasma.compacted_rows r ORDER BY r.table_name LIMIT 1)"
										" UNION ALL SELECT (SELECT r.table_name FROM plasma.compacted_rows r"
										"  WHERE r.table_name > n.table_name ORDER BY r.table_name LIMIT 1)"
										" FROM names n WHERE n.table_name IS NOT NULL)"
										" SELECT n.table_name FROM names n WHERE n.table_name <> ALL (" KEEPING ") LIMIT 1",
										0, NULL);

	if (rows->nrows == 0)
		return false;
	sweep(plasma_spi_text(rows, 0, 1), PG_INT64_MAX, batch, true, count);
	return true;
}

bool
plasma_fold_forget(int batch)
{
	SpiParam	params[] = {SPI_INT8(batch)};

	return plasma_spi_write(SPI_OWNER,
							"DELETE FROM plasma.compacted_rows WHERE ctid = ANY (ARRAY("
							" SELECT r.ctid FROM plasma.compacted_rows r"
							" WHERE r.forget_at <= (SELECT max(p.xid) FROM plasma.compactions p)"
							"  AND r.forget_at <= COALESCE("
							"   (SELECT p.xid FROM plasma.compactions p WHERE p.table_name = r.table_name),"
							"   (SELECT p.xid FROM plasma.compactions p WHERE p.table_name = ''))"
							" LIMIT $1)) RETURNING 1", lengthof(params), params)->nrows > 0;
}

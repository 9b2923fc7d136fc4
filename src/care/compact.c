/*
 * compact.c
 *		plasma.compact_change_log() and plasma.compact: keeping the log short.
 *
 *		Begin: decide up to where, and raise the floor to it.  Then step by step:
 *		entries; what truncated tables held; tables without history; clients that
 *		are gone.  All progress is in plasma.compactions, so whoever comes next goes
 *		on where the last one stopped, in this transaction or in another one.
 *
 *		Invariant: an entry is removed in the transaction that raised the floor above
 *		it, or in a later one, and all that are below the floor have ended by then,
 *		prepared ones included.  Whoever sees an entry gone sees the floor as well.
 *
 *		Locks: one advisory lock, never waited for, so that there is one compaction
 *		at a time; and the row of plasma.state while the floor is raised, which only
 *		compactions and changes of the schema ever lock.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/guc.h"
#include "base/json.h"
#include "base/spi.h"
#include "care/expire.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "log/fold.h"
#include "log/horizon.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

/* "compact" in ASCII. */
#define COMPACT_LOCK	INT64CONST(0x636f6d70616374)

#define MAX_BATCH		1000000

typedef struct Report
{
	char	   *floor;
	FoldCount	entries;
	int64		groups;
	int64		readers;
	int64		ms;				/* of work, pauses not included */
	double		pause;			/* seconds, before the next step */
	bool		busy;			/* another session compacts */
	bool		finished;
} Report;

PG_FUNCTION_INFO_V1(plasma_compact_begin);
PG_FUNCTION_INFO_V1(plasma_compact_step);

static void
refuse_read_only(void)
{
	if (!XactReadOnly)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
			 errmsg("cannot compact the log in a read-only transaction"),
			 RecoveryInProgress() ?
			 errhint("This server is a standby; compact on its primary, and this one follows.") :
			 errhint("Start the transaction with BEGIN READ WRITE.")));
}

static Datum
write_report(const Report *report)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "{\"floor\":\"%s\",\"scanned\":" INT64_FORMAT ",\"removed\":" INT64_FORMAT
					 ",\"kept\":" INT64_FORMAT ",\"groups\":" INT64_FORMAT ",\"readers\":" INT64_FORMAT
					 ",\"ms\":" INT64_FORMAT ",\"busy\":%s,\"finished\":%s,\"pause\":%.3f}",
					 report->floor, report->entries.scanned, report->entries.removed,
					 report->entries.kept, report->groups, report->readers, report->ms,
					 report->busy ? "true" : "false", report->finished ? "true" : "false",
					 report->pause);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

static int64
read_number(const JsonNode *root, const char *key)
{
	JsonNode   *node = plasma_json_get(root, key);
	int64		value;

	if (node == NULL || !plasma_json_int8(node, &value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the report has no number \"%s\"", key),
				 errhint("Pass what plasma.compact_begin or the last step returned.")));
	return value;
}

static Report
read_report(Jsonb *json)
{
	char	   *text = JsonbToCString(NULL, &json->root, VARSIZE(json));
	char	   *error;
	JsonNode   *root = plasma_json_parse(text, strlen(text), &error);
	JsonNode   *floor = plasma_json_get(root, "floor");
	Report		report = {0};

	report.entries.scanned = read_number(root, "scanned");
	report.entries.removed = read_number(root, "removed");
	report.entries.kept = read_number(root, "kept");
	report.groups = read_number(root, "groups");
	report.readers = read_number(root, "readers");
	report.ms = read_number(root, "ms");
	report.floor = floor != NULL && floor->type == JSON_NODE_STRING ? floor->text : "0";
	return report;
}

static bool
get_lock(Report *report)
{
	report->busy = !DatumGetBool(DirectFunctionCall1(pg_try_advisory_xact_lock_int8,
													 Int64GetDatum(COMPACT_LOCK)));
	report->finished = report->busy;
	return !report->busy;
}

/* Tables whose history is to stay for longer than the rest have a place of their own. */
static void
enrol_tables(void)
{
	SpiParam	params[] = {SPI_DATUM(FLOAT8OID, Float8GetDatum(plasma_retention_s))};

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.compactions (table_name, xid, row_version)"
					 " SELECT t.table_name, c.xid, c.row_version"
					 " FROM plasma.tables t JOIN plasma.compactions c ON c.table_name = ''"
					 " WHERE t.history AND NOT t.suppressed AND t.retention > make_interval(secs => $1)"
					 " ON CONFLICT DO NOTHING", lengthof(params), params);
	plasma_spi_write(SPI_OWNER,
					 "DELETE FROM plasma.compactions k USING plasma.compactions c"
					 " WHERE c.table_name = '' AND k.table_name <> ''"
					 "  AND (k.xid, k.row_version) >= (c.xid, c.row_version)"
					 "  AND NOT EXISTS (SELECT FROM plasma.tables t"
					 "   WHERE t.table_name = k.table_name AND t.history AND NOT t.suppressed"
					 "    AND t.retention > make_interval(secs => $1))", lengthof(params), params);
}

/*
 * The places, and the time from which entries are young.  A version that the caller
 * knows to be safe takes the place of plasma.retention; one of zero means any entry,
 * and not those of the last millisecond excepted.
 */
static SpiRows *
read_places(bool by_version)
{
	SpiParam	params[] = {
		SPI_DATUM(FLOAT8OID, Float8GetDatum(plasma_retention_s)),
		SPI_DATUM(BOOLOID, BoolGetDatum(by_version || plasma_retention_s == 0)),
		SPI_INT8(PG_INT64_MAX)
	};

	return plasma_spi_write(SPI_OWNER,
							"SELECT c.table_name, c.xid, CASE WHEN t.retention IS NULL AND $2 THEN $3 ELSE"
							"  (extract(epoch FROM clock_timestamp()"
							"   - COALESCE(t.retention, make_interval(secs => $1))) * 1000)::int8 END"
							" FROM plasma.compactions c LEFT JOIN plasma.tables t"
							"  ON t.table_name = c.table_name AND t.retention > make_interval(secs => $1)"
							" ORDER BY c.table_name COLLATE \"C\"", lengthof(params), params);
}

static void
set_horizon(const char *table, uint64 horizon)
{
	SpiParam	params[] = {
		SPI_TEXT(table),
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(horizon)))
	};

	plasma_spi_write(SPI_OWNER, "UPDATE plasma.compactions SET horizon = $2"
					 " WHERE table_name = $1 AND horizon <> $2", lengthof(params), params);
}

static void
raise_floor(uint64 floor)
{
	SpiParam	params[] = {
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(floor)))
	};

	plasma_spi_write(SPI_OWNER, "UPDATE plasma.state SET floor = $1 WHERE floor < $1",
					 lengthof(params), params);
}

/*
 * The place of all tables comes first and decides on the floor; no table's own
 * horizon is above it.
 */
static void
set_horizons(bool by_version, int64 safe_up_to_version)
{
	uint64		limit = plasma_horizon_oldest_running();
	SpiRows    *places;

	enrol_tables();
	places = read_places(by_version);
	for (uint64 i = 0; i < places->nrows; i++)
	{
		const char *table = plasma_spi_text(places, i, 1);
		HorizonBound bound = {
			.created_before = plasma_spi_int8(places, i, 3),
			.safe_version = by_version ? safe_up_to_version : PG_INT64_MAX
		};
		uint64		horizon = plasma_horizon_find(plasma_spi_xid(places, i, 2), limit, bound);

		set_horizon(table, horizon);
		if (i > 0)
			continue;
		raise_floor(horizon);
		limit = horizon;
	}
}

static char *
read_floor(void)
{
	SpiRows    *rows = plasma_spi_write(SPI_OWNER, "SELECT floor FROM plasma.state", 0, NULL);

	if (rows->nrows != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("plasma.state does not hold its one row"),
				 errhint("Run SELECT plasma.repair(); every client then starts afresh.")));
	return plasma_spi_text(rows, 0, 1);
}

static void
note_time(Report *report, TimestampTz started)
{
	int64		us = GetCurrentTimestamp() - started;

	report->ms += (us + 500) / 1000;
	report->pause = us / 1e6 * (100 - plasma_compaction_duty) / plasma_compaction_duty;
}

/* plasma.compact_begin(safe_up_to_version bigint) */
Datum
plasma_compact_begin(PG_FUNCTION_ARGS)
{
	TimestampTz started = GetCurrentTimestamp();
	Report		report = {0};

	refuse_read_only();
	if (get_lock(&report))
		set_horizons(!PG_ARGISNULL(0), PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0));
	report.floor = read_floor();
	note_time(&report, started);
	return write_report(&report);
}

static bool
expire(int batch, Report *report)
{
	int64		groups = plasma_expire_groups(batch);
	int64		readers = plasma_expire_readers(batch);

	report->groups += groups;
	report->readers += readers;
	return groups == batch || readers == batch;
}

/* plasma.compact_step(batch integer, report jsonb) */
Datum
plasma_compact_step(PG_FUNCTION_ARGS)
{
	TimestampTz started = GetCurrentTimestamp();
	int			batch = PG_GETARG_INT32(0);
	Report		report = read_report(PG_GETARG_JSONB_P(1));

	refuse_read_only();
	if (batch < 1 || batch > MAX_BATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch must be from 1 to %d, not %d", MAX_BATCH, batch)));
	if (get_lock(&report))
		report.finished = !plasma_fold_entries(batch, &report.entries) &&
			!plasma_fold_cleared(batch, &report.entries) &&
			!plasma_fold_dropped(batch, &report.entries) &&
			!plasma_fold_forget(batch) &&
			!expire(batch, &report);
	note_time(&report, started);
	return write_report(&report);
}

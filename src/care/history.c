/*
 * history.c
 *		plasma.snapshot_as_of(): the rows of synced tables at the snapshot of a
 *		cookie, put together from the log.
 *
 *		Of each row the newest entry that the snapshot sees counts, as row_version
 *		tells: a put that no clear came after is a row.  Compaction has left the
 *		newest put below where it stands, and notes there which rows and tables were
 *		deleted last, in case an older write lies above; a snapshot that has not seen
 *		all below that place is refused.  All is read in one snapshot, that of the
 *		statement.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "log/cookie.h"
#include "log/fold.h"
#include "log/timeline.h"
#include "miscadmin.h"
#include "schema/registry.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"
#include "utils/xid8.h"

#define STATE_SQL \
	"WITH seen AS (" \
	" SELECT c.table_name, c.row_id, c.row_version, c.op, c.value FROM plasma.changes c" \
	"  WHERE c.xid < $2 AND pg_visible_in_snapshot(c.xid, $1) AND c.table_name = ANY ($3))," \
	" cleared AS MATERIALIZED (" \
	" SELECT u.table_name, max(u.row_version) AS row_version FROM (" \
	"   SELECT s.table_name, s.row_version FROM seen s WHERE s.op = 'clear'" \
	"   UNION ALL SELECT r.table_name, r.row_version FROM plasma.compacted_rows r WHERE r.row_id IS NULL) u" \
	"  GROUP BY u.table_name)" \
	" SELECT n.table_name, n.row_id, n.value FROM (" \
	"  SELECT DISTINCT ON (s.table_name, s.row_id) s.* FROM seen s WHERE s.row_id IS NOT NULL" \
	"   ORDER BY s.table_name, s.row_id, s.row_version DESC) n" \
	" WHERE n.op = 'put'" \
	"  AND n.row_version > COALESCE((SELECT c.row_version FROM cleared c WHERE c.table_name = n.table_name), 0)" \
	"  AND NOT EXISTS (SELECT FROM plasma.compacted_rows r WHERE r.table_name = n.table_name" \
	"   AND r.row_id = " FOLD_KEY("n.row_id") " AND r.forget_at IS NOT NULL AND r.row_version > n.row_version)" \
	" ORDER BY n.table_name COLLATE \"C\", n.row_id COLLATE \"C\""

PG_FUNCTION_INFO_V1(plasma_history_show);

static void
refuse(const char *detail, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the log does not reach back to this cookie"),
			 errdetail("%s", detail),
			 errhint("%s", hint)));
}

static Cookie *
read_cookie(FunctionCallInfo fcinfo)
{
	Cookie	   *cookie;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the cookie must not be null")));
	cookie = plasma_cookie_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (cookie == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this is not a cookie of plasma")));
	return cookie;
}

/* Transaction ids mean something in the history that they are of, and nowhere else. */
static void
check_origin(const Cookie *cookie, const Registry *registry)
{
	char	   *epoch = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&registry->epoch)));
	WalPlace	here = plasma_timeline_place();

	if (cookie->database != MyDatabaseId || strcmp(cookie->epoch, epoch) != 0 ||
		strcmp(cookie->system, psprintf(UINT64_FORMAT, GetSystemIdentifier())) != 0 ||
		plasma_timeline_judge(cookie->position, &here) == TIMELINE_LOST)
		refuse("It was made by another database, before a restore, or of what a failover lost.",
			   "Ask the database that made it.");
	if (!plasma_snapshot_covers(plasma_snapshot_take(), cookie->seen))
		refuse("It has seen transactions that this snapshot has not.",
			   "Ask the server that made it, or again in a new transaction.");
}

/*
 * The first transaction that may have entries left of which none are gone.  A place
 * that was lost and made anew knows nothing, so all below the floor may be gone.
 */
static uint64
compacted_below(const char *table)
{
	SpiParam	params[] = {SPI_TEXT(table)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT CASE WHEN p.table_name = '' AND p.xid = '0' THEN s.floor ELSE p.xid END,"
									   " p.row_version FROM plasma.compactions p, plasma.state s"
									   " WHERE p.table_name IN ($1, '') ORDER BY p.table_name DESC LIMIT 1",
									   lengthof(params), params);

	if (rows->nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("plasma.compactions does not hold the row of all tables"),
				 errhint("Run SELECT plasma.repair().")));
	return plasma_spi_xid(rows, 0, 1) + (plasma_spi_int8(rows, 0, 2) > 0 ? 1 : 0);
}

static void
check_table(const Cookie *cookie, const SyncTable *table)
{
	if (!table->history)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" keeps no history", table->name),
				 errhint("Name the tables that you want as the second argument.")));
	if (!plasma_snapshot_covers_below(cookie->seen, compacted_below(table->name)))
		refuse(psprintf("Entries of table \"%s\" were compacted that it had not seen.", table->name),
			   "Keep history for longer with plasma.retention or plasma.set_retention.");
}

/* Names of the tables that are asked for, each of which can be answered. */
static List *
choose_tables(const Cookie *cookie, const Registry *registry, List *wanted)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, registry->tables)
	{
		SyncTable  *table = lfirst(cell);

		if (wanted != NIL && plasma_text_position(wanted, table->name) < 0)
			continue;
		check_table(cookie, table);
		names = lappend(names, table->name);
	}
	foreach(cell, wanted)
		if (plasma_text_position(names, lfirst(cell)) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_TABLE),
					 errmsg("\"%s\" is not a synced table", (char *) lfirst(cell))));
	return names;
}

typedef struct History
{
	ReturnSetInfo *result;
	char	   *bare;			/* a table with a row whose value the log has not */
	MemoryContext context;
} History;

static bool
show_row(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	History    *history = arg;

	slot_getallattrs(slot);
	if (slot->tts_isnull[2])
		history->bare = MemoryContextStrdup(history->context,
											TextDatumGetCString(slot->tts_values[0]));
	else
		tuplestore_putvalues(history->result->setResult, history->result->setDesc,
							 slot->tts_values, slot->tts_isnull);
	return history->bare == NULL;
}

/* plasma.snapshot_as_of(cookie text, tables text[]) */
Datum
plasma_history_show(PG_FUNCTION_ARGS)
{
	Cookie	   *cookie = read_cookie(fcinfo);
	const Registry *registry = plasma_registry_read();
	List	   *wanted = PG_ARGISNULL(1) ? NIL : plasma_text_list(PG_GETARG_DATUM(1));
	SpiParam	params[] = {
		SPI_DATUM(PG_SNAPSHOTOID, plasma_snapshot_datum(cookie->seen)),
		SPI_DATUM(XID8OID, FullTransactionIdGetDatum(FullTransactionIdFromU64(cookie->seen->xmax))),
		SPI_NULL(TEXTARRAYOID)
	};

	History		history = {(ReturnSetInfo *) fcinfo->resultinfo, NULL, CurrentMemoryContext};

	InitMaterializedSRF(fcinfo, 0);
	check_origin(cookie, registry);
	params[2] = (SpiParam) SPI_DATUM(TEXTARRAYOID, plasma_text_array(choose_tables(cookie, registry, wanted)));
	plasma_spi_scan(SPI_OWNER, STATE_SQL, lengthof(params), params, show_row, &history);
	if (history.bare != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" kept no history then", history.bare),
				 errhint("Name the tables that you want as the second argument.")));
	return (Datum) 0;
}

/*
 * release.c
 *		plasma.drop_capture: the tables are the application's alone again.
 *
 *		While a generated trigger exists, the server refuses DROP EXTENSION and
 *		names it.  Here they go in order: after the owner of each table agreed,
 *		under the lock of apply, and with the registry, so that what comes back
 *		later comes back as a table that clients have to fetch anew.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "log/capture.h"
#include "log/function.h"
#include "miscadmin.h"
#include "base/compat.h"
#include "schema/apply.h"
#include "schema/enrol.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(plasma_release_run);

static void
check_owners(List *entries)
{
	ListCell   *cell;

	foreach(cell, entries)
	{
		RegistryEntry *entry = lfirst(cell);

		if (get_rel_name(entry->relid) != NULL &&
			!object_ownercheck(RelationRelationId, entry->relid, GetUserId()))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("must be owner of table \"%s\"", entry->name),
					 errhint("Call drop_capture as a role that owns all synced tables, since it removes triggers there.")));
	}
}

static void
remove_triggers(List *entries)
{
	SpiRows    *stray;
	ListCell   *cell;

	foreach(cell, entries)
	{
		RegistryEntry *entry = lfirst(cell);

		if (!entry->suppressed && get_rel_name(entry->relid) != NULL)
			plasma_capture_remove(entry->relid);
		plasma_registry_retire(entry->name);
	}
	plasma_policy_source_settle(NULL, entries);
	stray = plasma_spi_read(SPI_OWNER, "SELECT DISTINCT relation::oid FROM plasma.stray_triggers()",
							0, NULL);
	for (uint64 i = 0; i < stray->nrows; i++)
	{

		plasma_capture_remove(plasma_spi_oid(stray, i, 1));
	}
	plasma_function_drop_unused();
}

/*
 * What of the application DROP EXTENSION would name: it needs an object of
 * plasma, and is no part of one.
 */
static SpiRows *
read_dependents(void)
{
	return plasma_spi_read(SPI_OWNER,
						   "WITH member AS (SELECT d.classid, d.objid FROM pg_depend d"
						   "  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'plasma'"
						   "  WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'),"
						   " needs AS (SELECT d.* FROM pg_depend d JOIN member m"
						   "  ON m.classid = d.refclassid AND m.objid = d.refobjid)"
						   " SELECT DISTINCT pg_describe_object(n.classid, n.objid, n.objsubid) COLLATE \"C\""
						   " FROM needs n WHERE n.deptype = 'n'"
						   " AND (n.classid, n.objid) NOT IN (SELECT classid, objid FROM member)"
						   " AND NOT EXISTS (SELECT FROM needs p WHERE p.classid = n.classid"
						   "  AND p.objid = n.objid AND p.deptype IN ('a', 'i'))"
						   " ORDER BY 1", 0, NULL);
}

static void
append_text(StringInfo out, bool first, const char *text)
{
	if (!first)
		appendStringInfoChar(out, ',');
	plasma_text_json(out, text);
}

Datum
plasma_release_run(PG_FUNCTION_ARGS)
{
	StringInfoData out;
	List	   *entries;
	SpiRows    *dependents;
	ListCell   *cell;

	PreventCommandIfReadOnly("plasma.drop_capture()");
	plasma_apply_lock();
	PushActiveSnapshot(GetLatestSnapshot());
	entries = plasma_registry_entries();
	check_owners(entries);
	remove_triggers(entries);
	plasma_spi_write(SPI_OWNER, "DELETE FROM plasma.scopes", 0, NULL);
	plasma_spi_write(SPI_OWNER, "UPDATE plasma.declarations SET active = false WHERE active",
					 0, NULL);
	plasma_registry_touch();
	plasma_enrol_look_again();
	dependents = read_dependents();
	PopActiveSnapshot();

	initStringInfo(&out);
	appendStringInfoString(&out, "{\"tables\":[");
	foreach(cell, entries)
		append_text(&out, foreach_current_index(cell) == 0,
					((RegistryEntry *) lfirst(cell))->name);
	appendStringInfoString(&out, "],\"dependents\":[");
	for (uint64 i = 0; i < dependents->nrows; i++)
		append_text(&out, i == 0, plasma_spi_text(dependents, i, 1));
	appendStringInfoString(&out, "]}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(out.data));
}

/*
 * drift_capture.c
 *		Which triggers of a captured table are not as they were made.
 */
#include "postgres.h"

#include "base/text.h"
#include "log/inspect.h"
#include "plan/drift.h"
#include "schema/enrol.h"
#include "utils/lsyscache.h"

typedef struct CaptureLook
{
	ReturnSetInfo *result;
	const char *table;			/* on the wire */
} CaptureLook;

static const char *const words[] = {
	[INSPECT_MISSING] = "is missing",
	[INSPECT_DISABLED] = "is disabled",
	[INSPECT_MODE] = "is enabled for other sessions than it was",
	[INSPECT_FOREIGN] = "calls a function that plasma did not make",
	[INSPECT_UNSAFE] = "calls a function whose owner, rights or settings are not as they were",
	[INSPECT_TEXT] = "calls a function whose text was changed",
	[INSPECT_SURPLUS] = "does not belong there",
};

static void
tell(const InspectFinding *finding, void *arg)
{
	CaptureLook *look = arg;

	plasma_drift_add(look->result, "DR103", look->table, NULL,
					 psprintf("trigger %s%s on %s %s",
							  finding->fault == INSPECT_MISSING ? "for " : "",
							  finding->trigger, plasma_text_relation(finding->relid),
							  words[finding->fault]));
}

void
plasma_drift_capture(ReturnSetInfo *result, const SyncTable *table)
{
	CaptureLook look = {result, table->name};

	if (get_rel_name(table->relid) != NULL)
		plasma_inspect_table(plasma_enrol_capture(table), tell, &look);
}

/*
 * drift_capture.c
 *		Which triggers of a captured table are not as they were made.
 */
#include "postgres.h"

#include "base/text.h"
#include "commands/trigger.h"
#include "log/capture.h"
#include "log/trigger.h"
#include "plan/drift.h"
#include "utils/lsyscache.h"

typedef struct CaptureLook
{
	ReturnSetInfo *result;
	const char *table;			/* on the wire */
	int64		hashes[BODY_KINDS];
} CaptureLook;

static void
tell(const CaptureLook *look, const TriggerPlace *place, const char *trigger,
	 const char *what)
{
	plasma_drift_add(look->result, "DR103", look->table, NULL,
					 psprintf("trigger %s on %s %s", trigger,
							  plasma_text_relation(place->relid), what));
}

static void
look_at_trigger(const CaptureLook *look, const TriggerPlace *place,
				const TriggerSpec *spec, const TriggerFound *found)
{
	if (found->enabled == TRIGGER_DISABLED)
		tell(look, place, found->name, "is disabled");
	else if (found->enabled != spec->enabled)
		tell(look, place, found->name, "is enabled for other sessions than it was");
	if (found->function_name == NULL)
		tell(look, place, found->name, "calls a function that plasma did not make");
	else if (!found->function_safe)
		tell(look, place, found->name,
			 "calls a function whose owner, rights or settings are not as they were");
	else if (found->function_hash != look->hashes[spec->body])
		tell(look, place, found->name, "calls a function whose text was changed");
}

/* Each trigger that should be there, and none beside them. */
static void
look_at_place(const CaptureLook *look, const TriggerPlace *place)
{
	List	   *others = list_copy(place->found);
	ListCell   *cell;

	for (int i = 0; i < TRIGGER_SPECS; i++)
	{
		const TriggerSpec *spec = &plasma_trigger_specs[i];
		TriggerFound *found = NULL;

		if ((spec->places & place->place) == 0)
			continue;
		foreach(cell, others)
			if (found == NULL && plasma_trigger_fits(lfirst(cell), spec, place))
				found = lfirst(cell);
		if (found == NULL)
			tell(look, place, psprintf("for %s", spec->suffix), "is missing");
		else
			look_at_trigger(look, place, spec, found);
		others = list_delete_ptr(others, found);
	}
	foreach(cell, others)
		tell(look, place, ((TriggerFound *) lfirst(cell))->name, "does not belong there");
}

void
plasma_drift_capture(ReturnSetInfo *result, const SyncTable *table)
{
	CaptureTable capture = {table->name, table->relid, table->key,
	plasma_registry_bigints(table), table->history};
	CaptureLook look = {result, table->name};
	ListCell   *cell;

	if (get_rel_name(table->relid) == NULL)
		return;
	for (int kind = 0; kind < BODY_KINDS; kind++)
		look.hashes[kind] = plasma_trigger_text_hash(plasma_body_text(&capture, kind));
	foreach(cell, plasma_trigger_places(list_make1_oid(table->relid)))
		look_at_place(&look, lfirst(cell));
}

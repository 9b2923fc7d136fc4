/*
 * inspect.c
 *		What of a table's capture is not as it was made.
 *
 *		capture.c asks the same only until it finds a fault, in every request;
 *		here each fault is told, for drift and verify.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "log/inspect.h"
#include "log/trigger.h"

typedef struct Inspection
{
	InspectFn	fn;
	void	   *arg;
	int64		hashes[BODY_KINDS];
} Inspection;

static void
tell(const Inspection *inspection, InspectFault fault, const TriggerPlace *place,
	 const char *trigger, const char *function)
{
	InspectFinding finding = {fault, place->relid, trigger, function};

	inspection->fn(&finding, inspection->arg);
}

static void
look_at_trigger(const Inspection *inspection, const TriggerPlace *place,
				const TriggerSpec *spec, const TriggerFound *found)
{
	const char *function = found->function_name;

	if (found->enabled == TRIGGER_DISABLED)
		tell(inspection, INSPECT_DISABLED, place, found->name, function);
	else if (found->enabled != spec->enabled)
		tell(inspection, INSPECT_MODE, place, found->name, function);
	if (function == NULL)
		tell(inspection, INSPECT_FOREIGN, place, found->name, NULL);
	else if (!found->function_safe)
		tell(inspection, INSPECT_UNSAFE, place, found->name, function);
	if (function != NULL && found->function_hash != inspection->hashes[spec->body])
		tell(inspection, INSPECT_TEXT, place, found->name, function);
}

/* Each trigger that should be there, and none beside them. */
static void
look_at_place(const Inspection *inspection, const TriggerPlace *place)
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
			tell(inspection, INSPECT_MISSING, place, spec->suffix, NULL);
		else
			look_at_trigger(inspection, place, spec, found);
		others = list_delete_ptr(others, found);
	}
	foreach(cell, others)
	{
		TriggerFound *found = lfirst(cell);

		tell(inspection, INSPECT_SURPLUS, place, found->name, found->function_name);
	}
}

void
plasma_inspect_table(const CaptureTable *table, InspectFn fn, void *arg)
{
	Inspection	inspection = {fn, arg};
	ListCell   *cell;

	for (int kind = 0; kind < BODY_KINDS; kind++)
		inspection.hashes[kind] = plasma_trigger_text_hash(plasma_body_text(table, kind));
	foreach(cell, plasma_trigger_places(list_make1_oid(table->relid)))
		look_at_place(&inspection, lfirst(cell));
}

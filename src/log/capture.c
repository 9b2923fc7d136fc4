/*
 * capture.c
 *		Puts the triggers that write the change log on a synced table and its
 *		partitions, and takes them off.
 *
 *		The caller has checked that the table is its user's to declare, and keeps
 *		two sessions from doing this at once; what is done here is done as the
 *		extension's owner.  Functions are replaced without a lock on the table,
 *		and a trigger is touched, which does lock it, only when it is missing or
 *		wrong.  What there is, is found by oid through the triggers: a name that
 *		is taken is no one else's proof.
 *
 *		Neither functions nor triggers are members of the extension, so that they
 *		are dumped with the table.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "commands/trigger.h"
#include "log/capture.h"
#include "log/function.h"
#include "log/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

List *
plasma_capture_scope(const CaptureTable *table)
{
	return table->scope == NULL ? NIL :
		lcons(unconstify(char *, table->scope), list_copy(table->scope_columns));
}

/* Writing rows of a child fires nothing on its parent, whose rows they are. */
static bool
has_inheritance(Oid relid)
{
	if (get_rel_relkind(relid) == RELKIND_RELATION && has_subclass(relid) &&
		find_inheritance_children(relid, NoLock) != NIL)
		return true;
	return !get_rel_relispartition(relid) && has_superclass(relid);
}

static void
check_relation(Oid relid)
{
	char		kind = get_rel_relkind(relid);

	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be a synced table", get_rel_name(relid)),
				 errdetail("It is neither a table nor a partitioned table.")));
	if (has_inheritance(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" with INHERITS cannot be synced",
						get_rel_name(relid)),
				 errdetail("Writes to a child table fire no trigger of its parent, so that they would be missed."),
				 errhint("Use declarative partitioning, or end it with ALTER TABLE ... NO INHERIT.")));
}

static void
check_place(const TriggerPlace *place)
{
	Oid			owner = plasma_spi_owner();

	if (get_rel_relkind(place->relid) == RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("partition \"%s\" of a synced table is a foreign table",
						get_rel_name(place->relid)),
				 errdetail("A foreign table cannot have the triggers that log its writes.")));
	if (!object_ownercheck(RelationRelationId, place->relid, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("plasma may not put triggers on table \"%s\"",
						get_rel_name(place->relid)),
				 errdetail("The owner of plasma, role \"%s\", is no member of the role that owns the table.",
						   GetUserNameFromId(owner, false)),
				 errhint("Grant the role that owns the table to \"%s\", or let a superuser own plasma.",
						 GetUserNameFromId(owner, false))));
}

/* The trigger of the spec that is on a relation, or NULL. */
static TriggerFound *
find_trigger(const TriggerPlace *place, const TriggerSpec *spec)
{
	ListCell   *cell;

	foreach(cell, place->found)
		if (plasma_trigger_fits(lfirst(cell), spec, place))
			return lfirst(cell);
	return NULL;
}

/*
 * Whether a relation has all that it must have and nothing beside it, and every
 * function is the one with the hash of its kind.
 */
static bool
is_complete(const TriggerPlace *place, const int64 *hashes)
{
	int			wanted = 0;

	for (int i = 0; i < TRIGGER_SPECS; i++)
	{
		const TriggerSpec *spec = &plasma_trigger_specs[i];
		const TriggerFound *found;

		if ((spec->places & place->place) == 0)
			continue;
		found = find_trigger(place, spec);
		if (found == NULL || found->enabled != spec->enabled ||
			found->function_name == NULL || !found->function_safe ||
			found->function_hash != hashes[spec->body])
			return false;
		wanted++;
	}
	return list_length(place->found) == wanted;
}

static bool
are_complete(const CaptureTable *table, List *places)
{
	int64		hashes[BODY_KINDS];
	ListCell   *cell;

	for (int kind = 0; kind < BODY_KINDS; kind++)
		hashes[kind] = plasma_trigger_text_hash(plasma_body_text(table, kind));
	foreach(cell, places)
		if (!is_complete(lfirst(cell), hashes))
			return false;
	return true;
}

/*
 * Removes what is named as a trigger of plasma's and is none that this place
 * should have, so that its name is free and no write is logged twice.
 */
static bool
drop_wrong(const TriggerPlace *place, char **functions)
{
	bool		have[TRIGGER_SPECS] = {0};
	bool		dropped = false;
	ListCell   *cell;

	foreach(cell, place->found)
	{
		TriggerFound *found = lfirst(cell);
		bool		good = found->cloned;

		for (int i = 0; i < TRIGGER_SPECS && !good; i++)
		{
			const TriggerSpec *spec = &plasma_trigger_specs[i];

			good = (spec->places & place->place) != 0 && !have[i] &&
				plasma_trigger_fits(found, spec, place) &&
				found->function_name != NULL &&
				strcmp(found->function_name, functions[spec->body]) == 0;
			have[i] |= good;
		}
		if (good)
			continue;
		plasma_spi_command(SPI_OWNER,
						   psprintf("DROP TRIGGER %s ON %s",
									quote_identifier(found->name),
									plasma_text_relation(place->relid)));
		dropped = true;
	}
	return dropped;
}

static bool
make_missing(const TriggerPlace *place, char **functions)
{
	char	   *relation = get_rel_name(place->relid);
	bool		made = false;

	for (int i = 0; i < TRIGGER_SPECS; i++)
	{
		const TriggerSpec *spec = &plasma_trigger_specs[i];
		char	   *name;

		if ((spec->places & ~spec->cloned & place->place) == 0 ||
			find_trigger(place, spec) != NULL)
			continue;
		name = plasma_body_name(relation, spec->suffix, NULL);
		plasma_spi_command(SPI_OWNER,
						   plasma_trigger_sql(spec, name, place->relid,
											  functions[spec->body]));
		made = true;
	}
	return made;
}

/* As ALTER TABLE names the states of pg_trigger.tgenabled. */
static const char *
enable_words(char enabled)
{
	switch (enabled)
	{
		case TRIGGER_FIRES_ALWAYS:
			return "ENABLE ALWAYS";
		case TRIGGER_FIRES_ON_REPLICA:
			return "ENABLE REPLICA";
	}
	return "ENABLE";
}

/* On a partitioned table, ALTER TABLE reaches the clones on partitions as well. */
static bool
enable_triggers(const TriggerPlace *place)
{
	bool		enabled = false;
	ListCell   *cell;

	for (int i = 0; i < TRIGGER_SPECS; i++)
	{
		const TriggerSpec *spec = &plasma_trigger_specs[i];

		foreach(cell, place->found)
		{
			TriggerFound *found = lfirst(cell);

			if (!plasma_trigger_fits(found, spec, place) ||
				found->enabled == spec->enabled)
				continue;
			plasma_spi_command(SPI_OWNER,
							   psprintf("ALTER TABLE %s %s TRIGGER %s",
										plasma_text_relation(place->relid),
										enable_words(spec->enabled),
										quote_identifier(found->name)));
			enabled = true;
		}
	}
	return enabled;
}

bool
plasma_capture_install(const CaptureTable *table)
{
	List	   *tree = list_make1_oid(table->relid);
	List	   *places;
	char	   *functions[BODY_KINDS];
	bool		dropped = false;
	bool		made = false;
	bool		enabled = false;
	ListCell   *cell;

	check_relation(table->relid);
	places = plasma_trigger_places(tree);
	if (are_complete(table, places))
		return false;
	foreach(cell, places)
		check_place(lfirst(cell));

	plasma_function_make(table, places, functions);
	foreach(cell, places)
		dropped |= drop_wrong(lfirst(cell), functions);
	if (dropped)
		places = plasma_trigger_places(tree);
	foreach(cell, places)
		made |= make_missing(lfirst(cell), functions);
	if (made)
		places = plasma_trigger_places(tree);
	foreach(cell, places)
		enabled |= enable_triggers(lfirst(cell));
	if (dropped)
		plasma_function_drop_unused();
	return dropped || made || enabled;
}

/* Of a relation that is gone the functions are left. */
void
plasma_capture_remove(Oid relid)
{
	List	   *places = get_rel_name(relid) == NULL ? NIL :
		plasma_trigger_places(list_make1_oid(relid));
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, places)
	{
		TriggerPlace *place = lfirst(cell);

		foreach(inner, place->found)
		{
			TriggerFound *found = lfirst(inner);

			if (!found->cloned)
				plasma_spi_command(SPI_OWNER,
								   psprintf("DROP TRIGGER %s ON %s",
											quote_identifier(found->name),
											plasma_text_relation(place->relid)));
		}
	}
	plasma_function_drop_unused();
}

bool
plasma_capture_intact(List *tables)
{
	List	   *relids = NIL;
	List	   *places;
	ListCell   *cell;
	int			at = 0;

	foreach(cell, tables)
	{
		Oid			relid = ((CaptureTable *) lfirst(cell))->relid;

		if (has_inheritance(relid))
			return false;
		relids = lappend_oid(relids, relid);
	}
	places = plasma_trigger_places(relids);
	foreach(cell, tables)
	{
		List	   *tree = NIL;

		do
			tree = lappend(tree, list_nth(places, at++));
		while (at < list_length(places) &&
			   (((TriggerPlace *) list_nth(places, at))->place &
				(PLACE_MIDDLE | PLACE_LEAF)) != 0);
		if (!are_complete(lfirst(cell), tree))
			return false;
	}
	return true;
}

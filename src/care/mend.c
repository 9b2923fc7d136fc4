/*
 * mend.c
 *		The tables of plasma.repair.
 *
 *		What ensure_schema does for a declaration that fits as a whole is done
 *		here table by table, so that one that is broken keeps no other from being
 *		captured.  A table that is registered is mended whoever calls; one that
 *		comes into the registry is a new one to plasma, for its owner to bring.
 *
 *		Invariant: the generation is raised where a trigger was missing, disabled
 *		or wrong, where partitions came or went, and where a function had another
 *		text: what it wrote, or did not, nobody knows.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "care/mend.h"
#include "care/verify.h"
#include "catalog/namespace.h"
#include "log/function.h"
#include "log/inspect.h"
#include "schema/enrol.h"
#include "schema/introspect.h"
#include "schema/misfit.h"
#include "schema/obstacle.h"
#include "schema/policy_source.h"
#include "schema/registry.h"
#include "schema/scope.h"
#include "schema/version.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct TableMend
{
	Model	   *active;
	ModelTable *table;
	RegistryEntry *entry;		/* or NULL */
	List	   *retyped;		/* char *: scopes */
	bool		changed;
} TableMend;

typedef struct SourceMend
{
	const Model *active;
	List	   *entries;
	bool		changed;
} SourceMend;

bool
plasma_mend_attempt(Mending *mending, const char *object, void (*fn) (void *), void *arg)
{
	ErrorData  *error = plasma_spi_catch(fn, arg);
	MendFailure *failure;

	if (error == NULL)
		return true;
	failure = palloc(sizeof(MendFailure));
	failure->object = object;
	failure->error = error;
	mending->failed = lappend(mending->failed, failure);
	return false;
}

/* A table that comes into the registry must be fit for it, and the caller's. */
static void
check_adoption(const TableMend *mend)
{
	ListCell   *cell;

	foreach(cell, plasma_introspect_read(mend->active))
	{
		const LiveTable *live = lfirst(cell);
		List	   *obstacles;
		Obstacle   *first;

		if (live->declared != mend->table || (obstacles = plasma_obstacle_find(live)) == NIL)
			continue;
		first = linitial(obstacles);
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" cannot be registered: %s", mend->table->name,
						plasma_misfit_obstacle(first)),
				 errhint("%s", first->fix)));
	}
}

/* The registered relation while it lives, whatever its name is now. */
static Oid
find_relation(const TableMend *mend)
{
	if (mend->entry != NULL && get_rel_name(mend->entry->relid) != NULL)
		return mend->entry->relid;
	return get_relname_relid(mend->table->name,
							 get_namespace_oid(mend->table->schema, true));
}

static void
note_rewritten(const InspectFinding *finding, void *rewritten)
{
	*(bool *) rewritten |= finding->fault == INSPECT_TEXT;
}

/* Whether a function that a trigger of the table calls has another text. */
static bool
is_rewritten(Oid relid)
{
	bool		rewritten = false;
	ListCell   *cell;

	foreach(cell, plasma_registry_read()->tables)
	{
		SyncTable  *table = lfirst(cell);

		if (table->relid == relid)
			plasma_inspect_table(plasma_enrol_capture(table), note_rewritten, &rewritten);
	}
	return rewritten;
}

/*
 * Making a trigger does so anyway.  A function is replaced without a lock: who
 * is writing now may have called the old one, and must be over before clients
 * fetch the table anew.
 */
static void
wait_for_writers(Oid relid)
{
	plasma_spi_command(SPI_OWNER,
					   psprintf("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
								plasma_text_relation(relid)));
}

static void
raise_generation(const char *name)
{
	SpiParam	params[] = {SPI_TEXT(name)};

	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.tables SET generation = generation + 1 WHERE table_name = $1",
					 lengthof(params), params);
}

static void
mend_table(void *arg)
{
	TableMend  *mend = arg;
	ModelTable *table = mend->table;
	RegistryEntry *entry = mend->entry;
	bool		rewritten;

	table->relid = find_relation(mend);
	if (!OidIsValid(table->relid))
		return;
	LockRelationOid(table->relid, AccessShareLock);
	if (entry == NULL || entry->relid != table->relid)
		check_adoption(mend);
	if (entry != NULL && entry->relid != table->relid)
	{
		plasma_registry_retire(entry->name);
		entry = NULL;
	}
	rewritten = entry != NULL && is_rewritten(table->relid);
	if (rewritten)
		wait_for_writers(table->relid);
	mend->changed = plasma_enrol_table(table, entry, mend->retyped);
	if (rewritten)
	{
		raise_generation(table->name);
		mend->changed = true;
	}
}

/* Only where they are not as they were: the search path may be another one by now. */
static void
mend_scopes(void *arg)
{
	TableMend  *mend = arg;
	List	   *bound;
	ListCell   *cell;

	foreach(cell, mend->active->tables)
	{
		ModelTable *table = lfirst(cell);
		RegistryEntry *entry = plasma_registry_entry(plasma_registry_entries(), table->name);

		table->relid = entry ? entry->relid : InvalidOid;
	}
	bound = plasma_scope_bind(mend->active);
	plasma_scope_raise(bound);
	mend->changed = plasma_scope_put(bound, &mend->retyped);
}

static void
retire(void *entry)
{
	plasma_registry_retire(((RegistryEntry *) entry)->name);
}

static void
remove_capture(void *relid)
{
	plasma_capture_remove(*(Oid *) relid);
}

static void
drop_unused(void *arg)
{
	plasma_function_drop_unused();
}

/* Triggers of what left the declaration, of former partitions, of who knows what. */
static void
remove_strays(Mending *mending)
{
	SpiRows    *rows;

	plasma_enrol_look_again();
	rows = plasma_spi_read(SPI_OWNER,
						   "SELECT DISTINCT relation::oid, relation::text FROM plasma.stray_triggers()",
						   0, NULL);
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Oid			relid = plasma_spi_oid(rows, i, 1);

		mending->acted |= plasma_mend_attempt(mending, plasma_spi_text(rows, i, 2),
											  remove_capture, &relid);
	}
	if (rows->nrows > 0 || plasma_verify_has(mending->findings, "VF110"))
		mending->acted |= plasma_mend_attempt(mending, "functions", drop_unused, NULL);
}

/* A text that somebody edited is not what was accepted, and none to follow. */
static void
read_active(void *arg)
{
	SpiRows    *edited = plasma_spi_read(SPI_OWNER,
										 "SELECT FROM plasma.declarations WHERE active"
										 " AND sha256 <> sha256(convert_to(declaration::text, 'UTF8'))",
										 0, NULL);

	if (edited->nrows > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the text of the active declaration is not the one that was accepted"),
				 errhint("Put it back or accept it, as plasma.verify() says, then call plasma.repair() again.")));
	*(Model **) arg = plasma_version_active();
}

static void
settle_sources(void *arg)
{
	SourceMend *mend = arg;

	mend->changed = plasma_policy_source_settle(mend->active, mend->entries);
}

void
plasma_mend_tables(Mending *mending)
{
	Model	   *active = NULL;
	SourceMend	sources = {NULL, mending->entries};
	TableMend	scopes = {NULL};
	ListCell   *cell;

	if (!plasma_mend_attempt(mending, "active declaration", read_active, &active))
		return;
	foreach(cell, mending->entries)
	{
		RegistryEntry *entry = lfirst(cell);

		if (active != NULL && plasma_model_table(active, entry->name) == NULL)
			mending->acted |= plasma_mend_attempt(mending, entry->name, retire, entry);
	}
	scopes.active = active;
	if (active != NULL && (plasma_verify_has(mending->findings, "VF422") ||
						   plasma_verify_has(mending->findings, "VF424")))
		plasma_mend_attempt(mending, "plasma.scopes", mend_scopes, &scopes);
	mending->acted |= scopes.changed;
	foreach(cell, active ? active->tables : NIL)
	{
		ModelTable *table = lfirst(cell);
		TableMend	mend = {active, table, plasma_registry_entry(mending->entries, table->name),
			scopes.retyped
		};

		plasma_enrol_look_again();
		plasma_mend_attempt(mending, plasma_text_qualified(table->schema, table->name),
							mend_table, &mend);
		mending->acted |= mend.changed;
	}
	sources.active = active;
	plasma_enrol_look_again();
	plasma_mend_attempt(mending, "sources of policies", settle_sources, &sources);
	mending->acted |= sources.changed;
	remove_strays(mending);
}

/*
 * enrol.c
 *		From a declared model to tables that are captured and registered.
 *
 *		In comes a model, out goes what was made.  All looking comes before all
 *		doing: rights and fit are checked for every table first.  Tables that
 *		exist are locked against changes of their shape before they are looked
 *		at; capture then takes what its triggers need.  Tables are made as the
 *		caller, rows of the registry are written as the owner.
 *
 *		Invariant: a table's generation is raised in the transaction in which
 *		capture of it begins anew, and no generation of a name is used twice.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "log/capture.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "schema/create.h"
#include "schema/enrol.h"
#include "schema/fit.h"
#include "schema/introspect.h"
#include "schema/policy_source.h"
#include "schema/scope.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

void
plasma_enrol_look_again(void)
{
	PopActiveSnapshot();
	PushActiveSnapshot(GetLatestSnapshot());
}

/* Of an encrypted column the envelope is sent, whatever kind is inside. */
static List *
bigints_of_model(const ModelTable *table)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);

		if (column->kind == KIND_BIGINT && !column->encrypted)
			names = lappend(names, column->name);
	}
	return names;
}

CaptureTable *
plasma_enrol_capture(const SyncTable *table)
{
	CaptureTable *capture = palloc(sizeof(CaptureTable));

	capture->name = table->name;
	capture->relid = table->relid;
	capture->key = table->key;
	capture->bigints = plasma_registry_bigints(table);
	capture->history = table->history;
	capture->scope = table->scope != NULL ? table->scope->name : NULL;
	capture->scope_columns = table->scope_columns;
	return capture;
}

bool
plasma_enrol_is_intact(const Registry *registry)
{
	List	   *captured = NIL;
	ListCell   *cell;

	foreach(cell, registry->tables)
		captured = lappend(captured, plasma_enrol_capture(lfirst(cell)));
	return plasma_capture_intact(captured);
}

List *
plasma_enrol_disturbed(const Registry *registry)
{
	List	   *names = NIL;
	ListCell   *cell;

	if (plasma_enrol_is_intact(registry))
		return NIL;
	foreach(cell, registry->tables)
	{
		SyncTable  *table = lfirst(cell);

		if (!plasma_capture_intact(list_make1(plasma_enrol_capture(table))))
			names = lappend(names, pstrdup(table->name));
	}
	return names;
}

/* Nothing of a table may change between the look at it and its triggers. */
static void
lock_tables(const Model *model)
{
	ListCell   *cell;

	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);

		RangeVarGetRelid(makeRangeVar(table->schema, table->name, -1),
						 AccessShareLock, true);
	}
}

/*
 * Ends what is registered but no longer so: tables that left the declaration,
 * names that stand for another relation now, partitions that were detached.
 * All of it comes before anything new, since a relation may have become another
 * table.
 */
static void
retire_tables(const Model *model, List *entries, Enrolled *done)
{
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, entries)
	{
		RegistryEntry *entry = lfirst(cell);
		ModelTable *table = plasma_model_table(model, entry->name);
		bool		leaves = table == NULL || table->relid != entry->relid;

		if (!entry->suppressed && (leaves || table->suppressed))
			plasma_capture_remove(entry->relid);
		foreach(inner, entry->detached)
			plasma_capture_remove(lfirst_oid(inner));
		if (leaves)
		{
			plasma_registry_retire(entry->name);
			done->changed = true;
		}
	}
}

static int
by_relid(const ListCell *a, const ListCell *b)
{
	Oid			left = ((ModelTable *) lfirst(a))->relid;
	Oid			right = ((ModelTable *) lfirst(b))->relid;

	return left < right ? -1 : left > right;
}

/* Whether writes may have gone unlogged before. */
static bool
capture_table(const ModelTable *table)
{
	CaptureTable capture = {
		table->name, table->relid, table->key, bigints_of_model(table), table->history,
		table->scope, table->scope_columns
	};

	return !table->suppressed && plasma_capture_install(&capture);
}

/* Whether the log says otherwise than before which slices rows are in. */
static bool
is_cut_anew(const ModelTable *table, const RegistryEntry *entry, List *retyped)
{
	if (entry->suppressed || (table->scope == NULL && entry->scope == NULL))
		return false;
	return table->scope == NULL || entry->scope == NULL ||
		strcmp(table->scope, entry->scope) != 0 ||
		!plasma_text_same(table->scope_columns, entry->scope_columns) ||
		plasma_text_position(retyped, table->scope) >= 0;
}

/* What was written in the old way is over before clients fetch the table anew. */
static void
wait_for_writers(Oid relid)
{
	LockRelationOid(relid, ShareRowExclusiveLock);
	find_all_inheritors(relid, ShareRowExclusiveLock, NULL);
}

bool
plasma_enrol_table(const ModelTable *table, const RegistryEntry *entry, List *retyped)
{
	bool		known = entry != NULL && entry->relid == table->relid;
	bool		cut_anew = known && is_cut_anew(table, entry, retyped);
	bool		unlogged;
	int64		generation;

	if (cut_anew)
		wait_for_writers(table->relid);
	unlogged = capture_table(table);
	if (!known)
		generation = plasma_registry_first_generation(table->name);
	else
		generation = entry->generation +
			(unlogged || entry->repartitioned || cut_anew ? 1 : 0);
	return plasma_registry_put(table, generation) || unlogged;
}

/* All tables are there, so the queries of scopes may name them. */
static List *
bound_scopes(const Model *model, bool registered)
{
	List	   *bound;

	plasma_enrol_look_again();
	bound = plasma_scope_bind(model);
	if (registered)
		plasma_scope_uphold(bound);
	plasma_scope_raise(bound);
	return bound;
}

/* In the order of their oids, so that two such calls do not deadlock. */
static void
register_tables(const Model *model, bool registered, List *entries, Enrolled *done)
{
	List	   *tables = list_copy(model->tables);
	List	   *retyped;
	ListCell   *cell;

	done->changed |= plasma_scope_put(bound_scopes(model, registered), &retyped);
	list_sort(tables, by_relid);
	foreach(cell, tables)
	{
		ModelTable *table = lfirst(cell);

		if (plasma_enrol_table(table, plasma_registry_entry(entries, table->name), retyped))
			done->changed = true;
	}
}

/* A migration that ran may have left a name to nobody; that cannot be. */
static void
find_tables(Model *model)
{
	ListCell   *cell;

	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);

		table->relid = get_relname_relid(table->name,
										 get_namespace_oid(table->schema, false));
		if (!OidIsValid(table->relid))
			elog(ERROR, "table \"%s\" is not there", table->name);
	}
}

void
plasma_enrol_register(Model *model, Enrolled *done)
{
	List	   *entries;

	lock_tables(model);
	plasma_enrol_look_again();
	find_tables(model);
	entries = plasma_registry_entries();
	retire_tables(model, entries, done);
	register_tables(model, false, entries, done);
	done->changed |= plasma_policy_source_settle(model, entries);
}

void
plasma_enrol_model(Model *model, bool registered, Enrolled *done)
{
	List	   *live;
	List	   *entries;

	lock_tables(model);
	plasma_enrol_look_again();
	live = plasma_introspect_read(model);
	entries = plasma_registry_entries();
	plasma_fit_check_rights(model, live, entries);
	plasma_fit_check(model, live);

	plasma_create_types(live);
	plasma_create_tables(model, live, entries, done);
	retire_tables(model, entries, done);
	register_tables(model, registered, entries, done);
	done->changed |= plasma_policy_source_settle(model, entries);
	if (done->created != NIL || done->adopted != NIL)
		done->changed = true;
}

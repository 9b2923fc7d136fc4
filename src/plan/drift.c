/*
 * drift.c
 *		plasma.drift: the active declaration beside the catalog.
 *
 *		What the planner would find to do, told without a plan: for monitoring, by
 *		any role that may call it, on a standby as well.  Changes nothing; takes
 *		AccessShare locks on the tables whose expressions it compares.  Undeclared
 *		columns are the application's unless no client can insert beside them.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "plan/drift.h"
#include "schema/breaking.h"
#include "schema/introspect.h"
#include "schema/misfit.h"
#include "schema/scope.h"
#include "schema/settle.h"
#include "schema/version.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(plasma_drift_show);

void
plasma_drift_add(ReturnSetInfo *result, const char *code, const char *table,
				 const char *column, const char *detail)
{
	Datum		values[4] = {
		CStringGetTextDatum(code),
		table ? CStringGetTextDatum(table) : (Datum) 0,
		column ? CStringGetTextDatum(column) : (Datum) 0,
		CStringGetTextDatum(detail)
	};
	bool		nulls[4] = {false, table == NULL, column == NULL, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
read_active(void *arg)
{
	*(Model **) arg = plasma_version_active();
}

/*
 * A declaration that was accepted may not be understood any more, if a type that
 * it names is gone or the caller's search path does not lead to it.
 */
static Model *
active_model(ReturnSetInfo *result)
{
	Model	   *model = NULL;
	ErrorData  *error = plasma_spi_try(read_active, &model);

	if (error == NULL)
		return model;
	plasma_drift_add(result, "DR102", NULL, NULL,
					 psprintf("the active declaration cannot be read: %s%s%s", error->message,
							  error->detail ? ": " : "", error->detail ? error->detail : ""));
	return NULL;
}

/* Who owns a table is no concern of whoever monitors it. */
static void
show_obstacles(ReturnSetInfo *result, const LiveTable *live)
{
	bool		gone = !OidIsValid(live->relid);
	ListCell   *cell;

	foreach(cell, plasma_obstacle_find(live))
	{
		Obstacle   *obstacle = lfirst(cell);

		if (strcmp(obstacle->code, "UN105") == 0)
			continue;
		gone = false;
		plasma_drift_add(result, "DR102", live->declared->name, obstacle->column,
						 plasma_misfit_obstacle(obstacle));
	}
	if (gone)
		plasma_drift_add(result, "DR102", live->declared->name, NULL,
						 "missing in the database");
}

static const char *
code_of(const Change *change)
{
	const ColumnFacts *facts = change->live ? change->live->facts : NULL;

	switch (change->kind)
	{
		case CHANGE_UNIQUE:
			return facts->invalid_unique ? "DR105" : "DR102";
		case CHANGE_ENFORCED:
			return facts->foreign_key ? "DR106" : "DR102";
		case CHANGE_CHECK:
			return facts->check ? "DR106" : "DR102";
		case CHANGE_NULLABLE:
			return facts->not_null_unproven ? "DR106" : "DR102";
		default:
			return "DR102";
	}
}

static void
show_change(ReturnSetInfo *result, const Change *change)
{
	char	   *what = plasma_misfit_change(change);

	if (change->kind == CHANGE_COLUMN_REMOVED && plasma_breaking_demands_value(change->live))
		plasma_drift_add(result, "MF107", change->table->name, change->live->name,
						 "not declared, NOT NULL and without a default, so that no client can insert a row");
	if (what != NULL)
		plasma_drift_add(result, code_of(change), change->table->name,
						 change->declared ? change->declared->name : NULL, what);
}

static void
show_tables(ReturnSetInfo *result, Model *active)
{
	List	   *live = plasma_introspect_read(active);
	ListCell   *cell;

	plasma_settle_model(active, live);
	foreach(cell, live)
		show_obstacles(result, lfirst(cell));
	foreach(cell, plasma_diff_compare(active, plasma_introspect_model(live), DIFF_CATALOG))
		show_change(result, lfirst(cell));
}

static const char *
scope_text(const char *scope, List *columns)
{
	StringInfoData out;
	ListCell   *cell;

	if (scope == NULL)
		return "no scope";
	initStringInfo(&out);
	appendStringInfo(&out, "scope %s", scope);
	foreach(cell, columns)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) ? ", " : " (",
						 (const char *) lfirst(cell));
	appendStringInfoChar(&out, ')');
	return out.data;
}

/* What rows are in which slices by the registry, which capture and pulls go by. */
static void
show_table_scopes(ReturnSetInfo *result, const Model *active)
{
	List	   *entries = plasma_registry_entries();
	ListCell   *cell;

	foreach(cell, active->tables)
	{
		const ModelTable *table = lfirst(cell);
		RegistryEntry *entry = plasma_registry_entry(entries, table->name);
		const char *declared = scope_text(table->scope, table->scope_columns);
		const char *registered;

		if (entry == NULL)
			continue;
		registered = scope_text(entry->scope, entry->scope_columns);
		if (strcmp(declared, registered) != 0)
			plasma_drift_add(result, "DR102", table->name, NULL,
							 psprintf("%s registered, %s declared", registered, declared));
	}
}

/* Whoever monitors need not be allowed to look into each schema. */
static void
show_scopes(ReturnSetInfo *result, const Model *active)
{
	ListCell   *cell;

	if (active != NULL)
		show_table_scopes(result, active);
	foreach(cell, plasma_scope_read())
	{
		const SyncScope *scope = lfirst(cell);
		ErrorData  *error;

		plasma_scope_types(scope->query, &error);
		if (error != NULL && error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE)
			plasma_drift_add(result, "DR102", NULL, NULL,
							 psprintf("the query of scope %s cannot be run any more: %s",
									  scope->name, error->message));
	}
}

/* Partitions that came or went write to the log, or not, by their own triggers. */
static void
show_registry(ReturnSetInfo *result)
{
	ListCell   *cell;

	foreach(cell, plasma_registry_read()->tables)
		plasma_drift_capture(result, lfirst(cell));
	foreach(cell, plasma_registry_entries())
	{
		RegistryEntry *entry = lfirst(cell);

		if (entry->repartitioned && !entry->suppressed)
			plasma_drift_add(result, "DR103", entry->name, NULL,
							 "partitions or children came or went since capture was set up");
	}
}

Datum
plasma_drift_show(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Model	   *active;

	InitMaterializedSRF(fcinfo, 0);
	if (!plasma_drift_own(result))
		return (Datum) 0;
	active = active_model(result);
	if (active != NULL)
		show_tables(result, active);
	show_scopes(result, active);
	show_registry(result);
	return (Datum) 0;
}

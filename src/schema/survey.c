/*
 * survey.c
 *		From the names of schemas to a Model of the tables in them.
 *
 *		introspect is asked twice: for every relation there is by its name, and
 *		once more, when those that can be declared have their keys, for what
 *		refers to these.  Takes no lock on the tables.
 *
 *		Invariant: what comes out can be declared.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "schema/candidate.h"
#include "schema/fault.h"
#include "schema/introspect.h"
#include "schema/reference.h"
#include "schema/survey.h"
#include "utils/builtins.h"

static void
add_gap(List **gaps, char *object, char *why)
{
	SurveyGap  *gap = palloc(sizeof(SurveyGap));

	gap->object = object;
	gap->why = why;
	*gaps = lappend(*gaps, gap);
}

static char *
qualified(const ModelTable *table)
{
	return plasma_text_qualified(table->schema, table->name);
}

static int
by_name(const ListCell *a, const ListCell *b)
{
	return strcmp(((ModelTable *) lfirst(a))->name, ((ModelTable *) lfirst(b))->name);
}

/* Tables and what looks like one; partitions and extensions' own are left out. */
static List *
find_relations(char *schema)
{
	SpiParam	params[] = {SPI_TEXT(schema)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.relname::text FROM pg_class c"
									   " JOIN pg_namespace n ON n.oid = c.relnamespace"
									   " WHERE n.nspname::text = $1 AND NOT c.relispartition"
									   " AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
									   " AND NOT EXISTS (SELECT FROM pg_depend d"
									   "  WHERE d.classid = 'pg_class'::regclass"
									   "  AND d.objid = c.oid AND d.deptype = 'e')",
									   lengthof(params), params);
	List	   *tables = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		ModelTable *table = palloc0(sizeof(ModelTable));

		table->schema = schema;
		table->name = plasma_spi_text(rows, i, 1);
		tables = lappend(tables, table);
	}
	list_sort(tables, by_name);
	return tables;
}

/* The relations of the schemas, those of the active declaration first. */
static Model *
find_names(List *schemas, const Model *active)
{
	Model	   *model = palloc0(sizeof(Model));
	List	   *others = NIL;
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, schemas)
		foreach(inner, find_relations(lfirst(cell)))
		{
			ModelTable *table = lfirst(inner);

			if (plasma_model_same_table(active, table) != NULL)
				model->tables = lappend(model->tables, table);
			else
				others = lappend(others, table);
		}
	model->tables = list_concat(model->tables, others);
	return model;
}

/* Why a declaration does not take a name, or NULL. */
static char *
refused_name(const char *what, const char *name)
{
	FaultList	faults = {NIL};

	plasma_fault_name(&faults, NULL, what, name);
	return faults.lines == NIL ? NULL : "a name that no declaration may have";
}

static char *
refused_column(const ModelColumn *column)
{
	if (column->facts->virtual)
		return "a column that is generated when it is read";
	return refused_name("column", column->name);
}

static bool
has_columns(const ModelTable *table)
{
	ListCell   *cell;

	foreach(cell, table->columns)
		if (refused_column(lfirst(cell)) == NULL)
			return true;
	return false;
}

/* Why a relation cannot be declared, or NULL. */
static char *
refused_relation(const LiveTable *live)
{
	switch (live->relkind)
	{
		case RELKIND_VIEW:
			return "a view";
		case RELKIND_MATVIEW:
			return "a materialized view";
		case RELKIND_FOREIGN_TABLE:
			return "a foreign table";
	}
	if (live->foreign_partition)
		return "a table with a foreign partition";
	if (live->persistence != RELPERSISTENCE_PERMANENT)
		return live->relkind == RELKIND_PARTITIONED_TABLE ?
			"a table with an unlogged partition" : "an unlogged table";
	if (live->inherits)
		return "a table with inheritance";
	if (!has_columns(live->table))
		return "a table without columns";
	return refused_name("table", live->declared->name);
}

/* Takes out the columns that no declaration describes. */
static void
drop_columns(ModelTable *table, List **gaps)
{
	ListCell   *cell;

	foreach(cell, table->columns)
	{
		ModelColumn *column = lfirst(cell);
		char	   *why = refused_column(column);

		if (why == NULL)
			continue;
		add_gap(gaps, psprintf("%s.%s", qualified(table), quote_identifier(column->name)),
				why);
		table->columns = foreach_delete_current(table->columns, cell);
	}
}

/* The tables of the schemas that can be declared, by name. */
static Model *
find_tables(List *schemas, const Model *active, List **gaps)
{
	Model	   *model = palloc0(sizeof(Model));
	ListCell   *cell;

	foreach(cell, plasma_introspect_read(find_names(schemas, active)))
	{
		const LiveTable *live = lfirst(cell);
		char	   *why = OidIsValid(live->relid) ? refused_relation(live) : "gone by now";
		ModelTable *taken = plasma_model_table(model, live->declared->name);

		if (why == NULL && taken != NULL)
			why = psprintf("a table of the same name as %s", qualified(taken));
		if (why != NULL)
		{
			add_gap(gaps, qualified(live->declared), why);
			continue;
		}
		drop_columns(live->table, gaps);
		model->tables = lappend(model->tables, live->table);
	}
	list_sort(model->tables, by_name);
	return model;
}

/*
 * The same tables once more, with the references to their keys.  What is
 * chosen already stays.
 */
static void
read_references(const Model *keyed)
{
	Model	   *model = plasma_introspect_model(plasma_introspect_read(keyed));
	ListCell   *cell;

	foreach(cell, keyed->tables)
	{
		ModelTable *table = lfirst(cell);
		ModelTable *again = plasma_model_table(model, table->name);
		ListCell   *inner;

		foreach(inner, table->columns)
		{
			ModelColumn *column = lfirst(inner);
			ModelColumn *found = again ? plasma_model_column(again, column->name) : NULL;

			if (found == NULL)
				continue;
			column->references = found->references;
			column->on_delete = found->on_delete;
			column->enforced = found->enforced;
			column->facts = found->facts;
		}
	}
}

Model *
plasma_survey_read(List *schemas, const Model *active, List **gaps)
{
	Model	   *model = find_tables(schemas, active, gaps);

	plasma_candidate_choose(model, active);
	read_references(model);
	plasma_reference_choose(model, active);
	return model;
}

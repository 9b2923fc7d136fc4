/*
 * survey.c
 *		From the names of schemas to a Model of the tables in them.
 *
 *		introspect is asked for every relation there is, by name.  It looks for
 *		what a declaration names; keys, unique columns and references are found
 *		here instead, since nothing is declared yet.  Takes no lock on the tables.
 *
 *		Invariant: what comes out can be declared.  A table that has no key which
 *		makes row ids is suppressed; a column or a foreign key that no
 *		declaration takes is left out.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "log/encode.h"
#include "nodes/parsenodes.h"
#include "schema/fault.h"
#include "schema/introspect.h"
#include "schema/survey.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

/* A unique index over columns as they are, valid and checked at once. */
typedef struct SurveyIndex
{
	char	   *name;
	bool		primary;
	bool		nulls_distinct;
	List	   *columns;		/* char * */
} SurveyIndex;

/* A validated foreign key of one column. */
typedef struct SurveyReference
{
	char	   *name;
	char	   *column;
	Oid			target;
	char	   *target_column;
	OnDelete	on_delete;
} SurveyReference;

typedef struct SurveyTable
{
	ModelTable *table;
	const ModelTable *active;	/* of the active declaration, or NULL */
	List	   *indexes;
	List	   *references;
} SurveyTable;

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

/* Tables and what looks like one in a schema, partitions and extensions' own left out. */
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

/* Why a declaration does not take a name, or NULL. */
static char *
refused_name(const char *what, const char *name)
{
	FaultList	faults = {NIL};

	plasma_fault_name(&faults, NULL, what, name);
	return faults.lines == NIL ? NULL : "a name that no declaration may have";
}

/* Why a relation cannot be declared, or NULL. */
static char *
obstacle(const LiveTable *live)
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
		char	   *why = refused_name("column", column->name);

		if (column->facts != NULL && column->facts->virtual)
			why = "a column that is generated when it is read";
		if (why == NULL)
			continue;
		add_gap(gaps, psprintf("%s.%s", qualified(table), quote_identifier(column->name)), why);
		table->columns = foreach_delete_current(table->columns, cell);
	}
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
			ModelTable *declared = active ? plasma_model_table(active, table->name) : NULL;

			if (declared != NULL && strcmp(declared->schema, table->schema) == 0)
				model->tables = lappend(model->tables, table);
			else
				others = lappend(others, table);
		}
	model->tables = list_concat(model->tables, others);
	return model;
}

/* What remains is to be described: SurveyTable *, by name. */
static List *
find_tables(List *schemas, const Model *active, List **gaps)
{
	Model	   *chosen = palloc0(sizeof(Model));
	List	   *tables = NIL;
	ListCell   *cell;

	foreach(cell, plasma_introspect_read(find_names(schemas, active)))
	{
		const LiveTable *live = lfirst(cell);
		char	   *why = obstacle(live);
		ModelTable *taken = plasma_model_table(chosen, live->declared->name);

		if (why == NULL && taken != NULL)
			why = psprintf("a table whose name %s has, too", qualified(taken));
		if (why == NULL)
			drop_columns(live->table, gaps);
		if (why == NULL && live->table->columns == NIL)
			why = "a table without columns";
		if (why != NULL)
			add_gap(gaps, qualified(live->declared), why);
		else
			chosen->tables = lappend(chosen->tables, live->table);
	}
	list_sort(chosen->tables, by_name);
	foreach(cell, chosen->tables)
	{
		SurveyTable *made = palloc0(sizeof(SurveyTable));

		made->table = lfirst(cell);
		made->active = active ? plasma_model_table(active, made->table->name) : NULL;
		if (made->active != NULL && strcmp(made->active->schema, made->table->schema) != 0)
			made->active = NULL;
		tables = lappend(tables, made);
	}
	return tables;
}

static SurveyTable *
by_relid(List *tables, Oid relid)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		SurveyTable *table = lfirst(cell);

		if (table->table->relid == relid)
			return table;
	}
	return NULL;
}

static SpiParam
relids_param(List *tables)
{
	Datum	   *relids = palloc(sizeof(Datum) * Max(list_length(tables), 1));
	SpiParam	param = {OIDARRAYOID};
	ListCell   *cell;

	foreach(cell, tables)
		relids[foreach_current_index(cell)] =
			ObjectIdGetDatum(((SurveyTable *) lfirst(cell))->table->relid);
	param.value = PointerGetDatum(construct_array(relids, list_length(tables), OIDOID,
												  sizeof(Oid), true, TYPALIGN_INT));
	return param;
}

static Oid
field_oid(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;

	return DatumGetObjectId(plasma_spi_datum(rows, row, column, &isnull));
}

/* Those that come first make the better key. */
static int
by_fitness(const ListCell *a, const ListCell *b)
{
	const SurveyIndex *left = lfirst(a);
	const SurveyIndex *right = lfirst(b);

	if (left->primary != right->primary)
		return left->primary ? -1 : 1;
	if (list_length(left->columns) != list_length(right->columns))
		return list_length(left->columns) - list_length(right->columns);
	return strcmp(left->name, right->name);
}

static void
read_indexes(List *tables)
{
	SpiParam	relids = relids_param(tables);
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT i.indrelid, c.relname::text, i.indisprimary,"
									   " NOT i.indnullsnotdistinct,"
									   " (SELECT array_agg(a.attname::text ORDER BY k.position)"
									   "  FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, position)"
									   "  JOIN pg_attribute a ON a.attrelid = i.indrelid"
									   "   AND a.attnum = k.attnum"
									   "  WHERE k.position <= i.indnkeyatts)"
									   " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
									   " WHERE i.indrelid = ANY ($1) AND i.indisunique"
									   " AND i.indisvalid AND i.indisready AND i.indimmediate"
									   " AND NOT i.indisexclusion"
									   " AND i.indpred IS NULL AND i.indexprs IS NULL",
									   1, &relids);
	ListCell   *cell;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		SurveyTable *table = by_relid(tables, field_oid(rows, i, 1));
		SurveyIndex *index = palloc0(sizeof(SurveyIndex));
		bool		isnull;

		index->name = plasma_spi_text(rows, i, 2);
		index->primary = plasma_spi_bool(rows, i, 3);
		index->nulls_distinct = plasma_spi_bool(rows, i, 4);
		index->columns = plasma_text_list(plasma_spi_datum(rows, i, 5, &isnull));
		table->indexes = lappend(table->indexes, index);
	}
	foreach(cell, tables)
		list_sort(((SurveyTable *) lfirst(cell))->indexes, by_fitness);
}

/* Whether values of a column make a row's id. */
static bool
makes_key(const ModelColumn *column)
{
	Oid			collation = OidIsValid(column->collation) ? column->collation :
		get_typcollation(column->typid);

	return plasma_encode_key_fault(column->typid, collation) == NULL;
}

static bool
all_columns(const ModelTable *table, List *names, bool usable)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		ModelColumn *column = plasma_model_column(table, lfirst(cell));

		if (column == NULL || column->nullable || (usable && !makes_key(column)))
			return false;
	}
	return true;
}

static bool
same_columns(List *a, List *b)
{
	ListCell   *cell;

	if (list_length(a) != list_length(b))
		return false;
	foreach(cell, a)
		if (plasma_text_position(b, lfirst(cell)) < 0)
			return false;
	return true;
}

/*
 * The declared key as long as an index stands for it; else the primary key, or
 * the narrowest unique index that makes ids.  Other single columns with a
 * unique index of their own are unique.
 */
static void
choose_key(SurveyTable *survey)
{
	ModelTable *table = survey->table;
	const SurveyIndex *best = NULL;
	ListCell   *cell;

	table->key = NIL;
	foreach(cell, survey->indexes)
	{
		SurveyIndex *index = lfirst(cell);

		if (!all_columns(table, index->columns, false))
			continue;
		if (survey->active != NULL && same_columns(survey->active->key, index->columns))
		{
			best = index;
			table->key = survey->active->key;
			break;
		}
		if (best == NULL ||
			(!best->primary && !all_columns(table, best->columns, true) &&
			 all_columns(table, index->columns, true)))
			best = index;
	}
	if (best != NULL && table->key == NIL)
		table->key = best->columns;
	table->suppressed = best == NULL || !all_columns(table, table->key, true) ||
		(survey->active != NULL && survey->active->suppressed);
	table->history = survey->active == NULL || survey->active->history;

	foreach(cell, table->columns)
		((ModelColumn *) lfirst(cell))->unique = false;
	foreach(cell, survey->indexes)
	{
		SurveyIndex *index = lfirst(cell);
		ModelColumn *column = plasma_model_column(table, linitial(index->columns));

		if (index != best && list_length(index->columns) == 1 &&
			index->nulls_distinct && column != NULL)
			column->unique = true;
	}
}

static OnDelete
on_delete_of(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_CASCADE:
			return ON_DELETE_CASCADE;
		case FKCONSTR_ACTION_RESTRICT:
			return ON_DELETE_RESTRICT;
		case FKCONSTR_ACTION_SETNULL:
			return ON_DELETE_SET_NULL;
		case FKCONSTR_ACTION_SETDEFAULT:
			return ON_DELETE_SET_DEFAULT;
		default:
			return ON_DELETE_NO_ACTION;
	}
}

static int
by_constraint(const ListCell *a, const ListCell *b)
{
	return strcmp(((SurveyReference *) lfirst(a))->name,
				  ((SurveyReference *) lfirst(b))->name);
}

static void
read_references(List *tables)
{
	SpiParam	relids = relids_param(tables);
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.conrelid, c.conname::text, a.attname::text,"
									   " c.confrelid, f.attname::text, c.confdeltype"
									   " FROM pg_constraint c"
									   " JOIN pg_attribute a ON a.attrelid = c.conrelid"
									   "  AND a.attnum = c.conkey[1]"
									   " JOIN pg_attribute f ON f.attrelid = c.confrelid"
									   "  AND f.attnum = c.confkey[1]"
									   " WHERE c.conrelid = ANY ($1)"
									   " AND c.confrelid = ANY ($1)"
									   " AND c.contype = 'f' AND c.convalidated"
									   " AND cardinality(c.conkey) = 1", 1, &relids);
	ListCell   *cell;

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		SurveyTable *table = by_relid(tables, field_oid(rows, i, 1));
		SurveyReference *reference = palloc0(sizeof(SurveyReference));
		bool		isnull;

		reference->name = plasma_spi_text(rows, i, 2);
		reference->column = plasma_spi_text(rows, i, 3);
		reference->target = field_oid(rows, i, 4);
		reference->target_column = plasma_spi_text(rows, i, 5);
		reference->on_delete = on_delete_of(DatumGetChar(plasma_spi_datum(rows, i, 6, &isnull)));
		table->references = lappend(table->references, reference);
	}
	foreach(cell, tables)
		list_sort(((SurveyTable *) lfirst(cell))->references, by_constraint);
}

/* What a declaration says of an action and a column that do not go together. */
static bool
takes_action(const ModelColumn *column, OnDelete on_delete)
{
	if (on_delete != ON_DELETE_SET_NULL && on_delete != ON_DELETE_SET_DEFAULT)
		return true;
	if (column->generated != NULL)
		return false;
	return column->nullable ||
		(on_delete == ON_DELETE_SET_DEFAULT && column->default_sql != NULL &&
		 column->identity == IDENTITY_NONE);
}

/* A chain of keys that are refs ends in one that is none. */
static bool
leads_back(const Model *model, const ModelTable *table, const ModelColumn *column,
		   const ModelTable *target)
{
	while (list_length(table->key) == 1 &&
		   strcmp(linitial(table->key), column->name) == 0)
	{
		const ModelColumn *key;

		if (target == table)
			return true;
		key = plasma_model_column(target, linitial(target->key));
		if (key->references == NULL)
			return false;
		target = plasma_model_table(model, key->references);
	}
	return false;
}

/* Makes the column a ref, if a declaration can say so. */
static void
refer(const Model *model, const ModelTable *table, ModelColumn *column,
	  const ModelTable *target, OnDelete on_delete, bool enforced)
{
	const ModelColumn *key;

	if (list_length(target->key) != 1 || column->references != NULL ||
		column->identity != IDENTITY_NONE)
		return;
	key = plasma_model_column(target, linitial(target->key));
	if (key->typid != column->typid || key->typmod != column->typmod ||
		!takes_action(column, on_delete) || leads_back(model, table, column, target))
		return;
	column->references = target->name;
	column->on_delete = on_delete;
	column->enforced = enforced;
}

/* Foreign keys, and then declared refs that have none. */
static void
choose_references(const Model *model, List *tables, const SurveyTable *survey)
{
	ListCell   *cell;

	foreach(cell, survey->references)
	{
		SurveyReference *reference = lfirst(cell);
		ModelTable *target = by_relid(tables, reference->target)->table;
		ModelColumn *column = plasma_model_column(survey->table, reference->column);

		if (column != NULL && list_length(target->key) == 1 &&
			strcmp(linitial(target->key), reference->target_column) == 0)
			refer(model, survey->table, column, target, reference->on_delete, true);
	}
	if (survey->active == NULL)
		return;
	foreach(cell, survey->table->columns)
	{
		ModelColumn *column = lfirst(cell);
		ModelColumn *declared = plasma_model_column(survey->active, column->name);
		ModelTable *target;

		if (declared == NULL || declared->references == NULL || declared->enforced)
			continue;
		target = plasma_model_table(model, declared->references);
		if (target != NULL)
			refer(model, survey->table, column, target, ON_DELETE_NO_ACTION, false);
	}
}

Model *
plasma_survey_read(List *schemas, const Model *active, List **gaps)
{
	List	   *tables = find_tables(schemas, active, gaps);
	Model	   *model = palloc0(sizeof(Model));
	ListCell   *cell;
	ListCell   *inner;

	read_indexes(tables);
	read_references(tables);
	foreach(cell, tables)
	{
		SurveyTable *survey = lfirst(cell);

		choose_key(survey);
		foreach(inner, survey->table->columns)
			((ModelColumn *) lfirst(inner))->references = NULL;
		model->tables = lappend(model->tables, survey->table);
	}
	foreach(cell, tables)
		choose_references(model, tables, lfirst(cell));
	return model;
}

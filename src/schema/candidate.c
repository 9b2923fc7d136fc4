/*
 * candidate.c
 *		From the unique indexes of tables to their keys.
 *
 *		A candidate is unique now and for every row: valid, checked at once, over
 *		NOT NULL columns that can be declared.  What a table is synced by stays,
 *		since the ids of its rows are made of it.
 *
 *		Invariant: a table that is not suppressed has a key that makes row ids.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "log/encode.h"
#include "schema/candidate.h"
#include "schema/catalog.h"
#include "utils/lsyscache.h"

typedef struct Candidate
{
	Oid			relid;
	char	   *name;
	bool		primary;
	bool		nulls_distinct;
	List	   *columns;		/* char * */
} Candidate;

/* Table by table; those that come first make the better key. */
static int
by_fitness(const ListCell *a, const ListCell *b)
{
	const Candidate *left = lfirst(a);
	const Candidate *right = lfirst(b);

	if (left->relid != right->relid)
		return left->relid < right->relid ? -1 : 1;
	if (left->primary != right->primary)
		return left->primary ? -1 : 1;
	if (list_length(left->columns) != list_length(right->columns))
		return list_length(left->columns) - list_length(right->columns);
	return strcmp(left->name, right->name);
}

static List *
read_candidates(const Model *model)
{
	List	   *relids = NIL;
	List	   *candidates = NIL;
	SpiParam	param;
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, model->tables)
		relids = lappend_oid(relids, ((ModelTable *) lfirst(cell))->relid);
	param = plasma_catalog_oids(relids);
	rows = plasma_spi_read(SPI_OWNER,
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
						   " AND i.indpred IS NULL AND i.indexprs IS NULL", 1, &param);
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		Candidate  *candidate = palloc0(sizeof(Candidate));
		bool		isnull;

		candidate->relid = plasma_spi_oid(rows, i, 1);
		candidate->name = plasma_spi_text(rows, i, 2);
		candidate->primary = plasma_spi_bool(rows, i, 3);
		candidate->nulls_distinct = plasma_spi_bool(rows, i, 4);
		candidate->columns = plasma_text_list(plasma_spi_datum(rows, i, 5, &isnull));
		candidates = lappend(candidates, candidate);
	}
	list_sort(candidates, by_fitness);
	return candidates;
}

/* Whether values of a column make a row's id. */
static bool
makes_id(const ModelColumn *column)
{
	Oid			collation = OidIsValid(column->collation) ? column->collation :
		get_typcollation(column->typid);

	return plasma_encode_key_fault(column->typid, collation) == NULL;
}

static bool
is_key(const ModelTable *table, List *names)
{
	ListCell   *cell;

	foreach(cell, names)
	{
		ModelColumn *column = plasma_model_column(table, lfirst(cell));

		if (column == NULL || column->nullable)
			return false;
	}
	return names != NIL;
}

static bool
is_usable_key(const ModelTable *table, List *names)
{
	ListCell   *cell;

	if (!is_key(table, names))
		return false;
	foreach(cell, names)
		if (!makes_id(plasma_model_column(table, lfirst(cell))))
			return false;
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
 * The declared key as long as an index stands for it; else the primary key;
 * else the narrowest unique index, one that makes ids before one that does not.
 */
static const Candidate *
best_candidate(const ModelTable *table, List *candidates, List *declared_key)
{
	const Candidate *best = NULL;
	ListCell   *cell;

	foreach(cell, candidates)
	{
		const Candidate *candidate = lfirst(cell);

		if (candidate->relid != table->relid || !is_key(table, candidate->columns))
			continue;
		if (same_columns(declared_key, candidate->columns))
			return candidate;
		if (best == NULL ||
			(!best->primary && !is_usable_key(table, best->columns) &&
			 is_usable_key(table, candidate->columns)))
			best = candidate;
	}
	return best;
}

/* The key is unique without saying so. */
static void
note_unique_columns(ModelTable *table, List *candidates, const Candidate *key)
{
	ListCell   *cell;

	foreach(cell, table->columns)
		((ModelColumn *) lfirst(cell))->unique = false;
	foreach(cell, candidates)
	{
		const Candidate *candidate = lfirst(cell);
		ModelColumn *column = plasma_model_column(table, linitial(candidate->columns));

		if (candidate->relid == table->relid && candidate != key &&
			list_length(candidate->columns) == 1 && candidate->nulls_distinct &&
			column != NULL)
			column->unique = true;
	}
}

/* As long as its columns are there, and name slices. */
static void
keep_scope(ModelTable *table, const ModelTable *active)
{
	ListCell   *cell;

	if (active == NULL || table->suppressed)
		return;
	foreach(cell, active->scope_columns)
	{
		const ModelColumn *column = plasma_model_column(table, lfirst(cell));

		if (column == NULL || !makes_id(column))
			return;
	}
	table->scope = active->scope;
	table->scope_columns = active->scope_columns;
	table->scope_query = active->scope_query;
}

static void
choose(ModelTable *table, List *candidates, const ModelTable *active)
{
	List	   *declared_key = active ? active->key : NIL;
	const Candidate *best = best_candidate(table, candidates, declared_key);

	table->key = NIL;
	if (best != NULL)
		table->key = same_columns(declared_key, best->columns) ? declared_key : best->columns;
	table->suppressed = !is_usable_key(table, table->key) ||
		(active != NULL && active->suppressed);
	table->history = active == NULL || active->history;
	table->depends_on = active ? active->depends_on : NULL;
	keep_scope(table, active);
	note_unique_columns(table, candidates, best);
}

void
plasma_candidate_choose(Model *model, const Model *active)
{
	List	   *candidates = read_candidates(model);
	ListCell   *cell;

	foreach(cell, model->tables)
	{
		ModelTable *table = lfirst(cell);

		choose(table, candidates, plasma_model_same_table(active, table));
	}
}

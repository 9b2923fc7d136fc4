/*
 * constraint.c
 *		From pg_constraint to what holds for single columns.
 *
 *		Constraints of several columns are the application's.  A check is known by
 *		what it says, as the server prints it, and not by its name.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/text.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "schema/constraint.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

typedef struct ColumnConstraint
{
	char		type;
	char	   *name;
	bool		valid;
	CatalogTable *table;
	ModelColumn *column;
	Oid			target;			/* of a foreign key */
	AttrNumber	target_attnum;
	OnDelete	on_delete;
	char	   *check;			/* the condition */
} ColumnConstraint;

/* A constraint that is not enforced holds for no row, old or new. */
static SpiRows *
find_constraints(const Catalog *catalog)
{
	return plasma_spi_read(SPI_OWNER,
						   "SELECT c.contype, c.conname::text, c.convalidated,"
						   " c.conrelid, c.conkey[1], c.confrelid, c.confkey[1],"
						   " c.confdeltype,"
						   " CASE WHEN c.contype = 'c' THEN pg_get_expr(c.conbin, c.conrelid) END"
						   " FROM pg_constraint c"
						   " WHERE c.conrelid = ANY ($1)"
						   " AND (c.contype IN ('f', 'c') OR c.contype = 'n' AND NOT c.convalidated)"
						   " AND cardinality(c.conkey) = 1 AND " PLASMA_CONSTRAINT_ENFORCED("c"),
						   1, &catalog->relids);
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

static ColumnConstraint
read_constraint(const Catalog *catalog, const SpiRows *rows, uint64 i)
{
	ColumnConstraint constraint;

	constraint.type = plasma_catalog_char(rows, i, 1);
	constraint.name = plasma_spi_text(rows, i, 2);
	constraint.valid = plasma_spi_bool(rows, i, 3);
	constraint.table = plasma_catalog_table(catalog, plasma_spi_oid(rows, i, 4));
	constraint.column = plasma_catalog_column(constraint.table,
											  plasma_catalog_int2(rows, i, 5));
	constraint.target = plasma_spi_oid(rows, i, 6);
	constraint.target_attnum = plasma_catalog_int2(rows, i, 7);
	constraint.on_delete = on_delete_of(plasma_catalog_char(rows, i, 8));
	constraint.check = plasma_spi_text(rows, i, 9);
	return constraint;
}

/*
 * Which of several foreign keys of a column is shown: that of the declaration,
 * a valid one, one that plasma may have made; last one that gives way (0).
 */
static int
reference_rank(const ColumnConstraint *constraint, const ModelTable *target)
{
	const ModelTable *table = constraint->table->live->declared;
	const ModelColumn *declared = plasma_model_column(table, constraint->column->name);
	char	   *generated = makeObjectName(table->name, constraint->column->name, "fkey");
	int			rank = 1;

	if (plasma_model_is_passing(constraint->name, MODEL_OLD_FOREIGN_KEY))
		return 0;
	if (declared != NULL && declared->references != NULL &&
		strcmp(declared->references, target->name) == 0)
		rank += declared->on_delete == constraint->on_delete ? 16 : 8;
	return rank + (constraint->valid ? 4 : 0) +
		(strcmp(constraint->name, generated) == 0 ? 2 : 0);
}

/* Foreign keys to the key of a table of the declaration; others are the application's. */
static void
note_reference(const Catalog *catalog, const ColumnConstraint *constraint, int *ranks)
{
	ModelColumn *column = constraint->column;
	CatalogTable *to = plasma_catalog_find(catalog, constraint->target);
	const ModelTable *target = to ? to->live->declared : NULL;
	ModelColumn *key = to ? plasma_catalog_column(to, constraint->target_attnum) : NULL;
	int			rank;

	if (target == NULL || list_length(target->key) != 1 ||
		strcmp(linitial(target->key), key->name) != 0)
		return;
	rank = reference_rank(constraint, target);
	if (rank == 0)
		column->facts->old_foreign_key = constraint->name;
	if (column->references != NULL &&
		(rank < *ranks || (rank == *ranks &&
						   strcmp(constraint->name, column->facts->foreign_key) > 0)))
		return;
	*ranks = rank;
	column->references = target->name;
	column->on_delete = constraint->on_delete;
	column->enforced = true;
	column->facts->foreign_key = constraint->name;
	column->facts->foreign_key_valid = constraint->valid;
}

/* The shape that plasma checks, in the words of jsonpath's output. */
static const char *
printed_shape(ColumnKind kind, bool encrypted)
{
	static char *shapes[KIND_SQL + 2];
	char	  **known = &shapes[encrypted ? KIND_SQL + 1 : kind];
	const char *shape = plasma_kind_shape(kind, encrypted);

	if (*known == NULL && shape != NULL)
	{
		Datum		path = DirectFunctionCall1(jsonpath_in, CStringGetDatum(shape));

		*known = MemoryContextStrdup(TopMemoryContext,
									 DatumGetCString(DirectFunctionCall1(jsonpath_out, path)));
	}
	return *known;
}

/* The check of the declared kind, as pg_get_expr prints it; or NULL. */
static char *
wanted_check(const ColumnConstraint *constraint)
{
	const ModelColumn *declared =
		plasma_model_column(constraint->table->live->declared, constraint->column->name);
	const char *shape = declared ? printed_shape(declared->kind, declared->encrypted) : NULL;

	return shape == NULL ? NULL :
		psprintf("jsonb_path_exists(%s, %s::jsonpath)",
				 quote_identifier(declared->name), plasma_text_literal(shape));
}

/* Of several that say the same, a valid one; of those, the first by its name. */
static void
note_better(const ColumnConstraint *constraint, char **name, bool *valid)
{
	if (*name != NULL && (*valid != constraint->valid ? *valid :
						  strcmp(*name, constraint->name) < 0))
		return;
	*name = constraint->name;
	*valid = constraint->valid;
}

static void
note_check(const ColumnConstraint *constraint)
{
	ColumnFacts *facts = constraint->column->facts;
	char	   *wanted = wanted_check(constraint);
	char	   *not_null = psprintf("(%s IS NOT NULL)",
									quote_identifier(constraint->column->name));

	if (wanted != NULL && strcmp(constraint->check, wanted) == 0)
		note_better(constraint, &facts->check, &facts->check_valid);
	if (strcmp(constraint->check, not_null) == 0)
		note_better(constraint, &facts->not_null_check, &facts->not_null_check_valid);
}

/*
 * Since 18 a NOT NULL is a constraint, and the column is marked before the
 * rows that were there are known to follow it.
 */
static void
note_not_null(const ColumnConstraint *constraint)
{
	ColumnFacts *facts = constraint->column->facts;

	constraint->column->nullable = true;
	facts->not_null_unproven = constraint->name;
	facts->not_null_generated =
		strcmp(constraint->name, makeObjectName(constraint->table->live->declared->name,
												constraint->column->name, "not_null")) == 0;
}

void
plasma_constraint_read(const Catalog *catalog)
{
	SpiRows    *rows = find_constraints(catalog);
	int		  **ranks = palloc0(sizeof(int *) * Max(catalog->ntables, 1));

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		ColumnConstraint constraint = read_constraint(catalog, rows, i);
		int		  **of_table = &ranks[constraint.table - catalog->tables];

		switch (constraint.type)
		{
			case CONSTRAINT_FOREIGN:
				if (*of_table == NULL)
					*of_table = palloc0(sizeof(int) * constraint.table->live->natts);
				note_reference(catalog, &constraint,
							   &(*of_table)[constraint.column->facts->attnum - 1]);
				break;
			case CONSTRAINT_CHECK:
				note_check(&constraint);
				break;
			default:
				note_not_null(&constraint);
		}
	}
}

/*
 * backfill.c
 *		The record of columns whose rows of before wait for their default.
 *
 *		The procedure plasma.backfill gives it to them.  It runs as the caller;
 *		what it owes is noted here, as the extension's owner, for whoever owns the
 *		table.  Invariant: the note is there before the column, so that a column
 *		without it has no row that waits.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/error.h"
#include "base/spi.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* As many as "batch" of the options of a migration allows. */
#define MAX_BATCH	1000000

typedef struct Backfill
{
	Oid			relid;
	char	   *relation;		/* for messages */
	char	   *column;
	SpiParam	params[2];
} Backfill;

PG_FUNCTION_INFO_V1(plasma_backfill_start);
PG_FUNCTION_INFO_V1(plasma_backfill_owed);
PG_FUNCTION_INFO_V1(plasma_backfill_finish);
PG_FUNCTION_INFO_V1(plasma_backfill_fail);

static void
check_relation(const Backfill *backfill)
{
	char		relkind = get_rel_relkind(backfill->relid);

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", backfill->relation)));
	if (get_rel_relispartition(backfill->relid))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s\" is a partition", backfill->relation),
				 errhint("Name the table that it is a partition of.")));
	if (!object_ownercheck(RelationRelationId, backfill->relid, GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table \"%s\"", backfill->relation),
				 errhint("Let the role that owns the table do it.")));
}

/* The arguments (relation regclass, column_name text) of all of them. */
static Backfill
read_arguments(FunctionCallInfo fcinfo)
{
	Backfill	backfill = {InvalidOid};

	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the %s must not be null", i == 0 ? "relation" : "column name")));
	backfill.relid = PG_GETARG_OID(0);
	backfill.relation = get_rel_name(backfill.relid);
	backfill.column = text_to_cstring(PG_GETARG_TEXT_PP(1));
	backfill.params[0] = (SpiParam) SPI_DATUM(REGCLASSOID, ObjectIdGetDatum(backfill.relid));
	backfill.params[1] = (SpiParam) SPI_TEXT(backfill.column);
	if (backfill.relation == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", backfill.relid)));
	check_relation(&backfill);
	return backfill;
}

/* Notes of tables that are gone go as well. */
Datum
plasma_backfill_start(PG_FUNCTION_ARGS)
{
	Backfill	backfill = read_arguments(fcinfo);

	PreventCommandIfReadOnly("plasma.start_backfill()");
	plasma_spi_write(SPI_OWNER,
					 "DELETE FROM plasma.backfills b WHERE NOT EXISTS"
					 " (SELECT FROM pg_class c WHERE c.oid = b.relation)", 0, NULL);
	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.backfills VALUES ($1, $2)"
					 " ON CONFLICT (relation, column_name) DO UPDATE SET filled = false",
					 lengthof(backfill.params), backfill.params);
	PG_RETURN_VOID();
}

static void
check_column(const Backfill *backfill)
{
	AttrNumber	attnum = get_attnum(backfill->relid, backfill->column);

	if (attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\"",
						backfill->relation, backfill->column)));
	if (attnum < 0 || get_attgenerated(backfill->relid, attnum) != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("column \"%s\" of table \"%s\" has no default to give",
						backfill->column, backfill->relation)));
}

Datum
plasma_backfill_owed(PG_FUNCTION_ARGS)
{
	Backfill	backfill = read_arguments(fcinfo);
	int			batch = PG_ARGISNULL(2) ? -1 : PG_GETARG_INT32(2);

	PreventCommandIfReadOnly("plasma.backfill()");
	if (batch < 0 || batch > MAX_BATCH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the batch must be from 0 to %d", MAX_BATCH),
				 errhint("It is the number of rows that are filled in before each COMMIT; 0 fills in all of them and leaves the COMMIT to the caller.")));
	check_column(&backfill);
	PG_RETURN_BOOL(plasma_spi_read(SPI_OWNER,
								   "SELECT FROM plasma.backfills"
								   " WHERE relation = $1 AND column_name = $2 AND NOT filled",
								   lengthof(backfill.params), backfill.params)->nrows > 0);
}

/*
 * The note of a column that takes null stays: a plan has to know that it came
 * with the migration, and that NOT NULL is the rest of its coming.
 */
Datum
plasma_backfill_finish(PG_FUNCTION_ARGS)
{
	Backfill	backfill = read_arguments(fcinfo);

	plasma_spi_write(SPI_OWNER,
					 "DELETE FROM plasma.backfills WHERE relation = $1 AND column_name = $2"
					 " AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1"
					 "  AND attname::text = $2 AND attnum > 0 AND NOT attnotnull)",
					 lengthof(backfill.params), backfill.params);
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.backfills SET filled = true"
					 " WHERE relation = $1 AND column_name = $2",
					 lengthof(backfill.params), backfill.params);
	PG_RETURN_VOID();
}

static const char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* What the server said of one of the statements, as a refusal of the migration. */
Datum
plasma_backfill_fail(PG_FUNCTION_ARGS)
{
	Backfill	backfill = read_arguments(fcinfo);
	const char *hint = text_argument(fcinfo, 3);

	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_MISFIT),
			 errmsg("MigrationRefused: %s", text_argument(fcinfo, 2)),
			 errdetail("Rows of table \"%s\" could not be given the default of column \"%s\".",
					   backfill.relation, backfill.column),
			 errhint("%s%sRows that have a value keep it.  Mend what the message tells of, or declare the column otherwise, and call plasma.migrate again.",
					 hint, hint[0] == '\0' ? "" : "  ")));
	PG_RETURN_VOID();
}

/*
 * retention.c
 *		How long compaction leaves the history of one table alone.
 *
 *		It is a wish for more history only.  How long a client may stay away is the
 *		same for all tables, for there is one floor: a shorter retention of one of
 *		them would reset every client.  Nothing of a pull depends on it, so caches
 *		of the registry stay.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(plasma_retention_set);

static void
check_retention(Datum retention)
{
	Interval	none = {0};

	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, retention, IntervalPGetDatum(&none))) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a retention must not be negative")));
}

/* plasma.set_retention(relation regclass, retention interval) */
Datum
plasma_retention_set(PG_FUNCTION_ARGS)
{
	SpiParam	params[] = {SPI_NULL(REGCLASSOID), SPI_NULL(INTERVALOID)};

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the relation must not be null")));
	params[0] = (SpiParam) SPI_DATUM(REGCLASSOID, PG_GETARG_DATUM(0));
	if (!PG_ARGISNULL(1))
	{
		check_retention(PG_GETARG_DATUM(1));
		params[1] = (SpiParam) SPI_DATUM(INTERVALOID, PG_GETARG_DATUM(1));
	}
	if (plasma_spi_write(SPI_OWNER, "UPDATE plasma.tables SET retention = $2"
						 " WHERE relation = $1 AND NOT suppressed RETURNING 1",
						 lengthof(params), params)->nrows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"%s\" is not a synced table",
						DatumGetCString(DirectFunctionCall1(regclassout, PG_GETARG_DATUM(0)))),
				 errhint("Declare it with plasma.ensure_schema first.")));
	PG_RETURN_VOID();
}

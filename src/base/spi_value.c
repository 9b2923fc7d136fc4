/*
 * spi_value.c
 *		Values of the rows that a statement returned.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/spi.h"
#include "fmgr.h"
#include "utils/lsyscache.h"
#include "utils/xid8.h"

Datum
plasma_spi_datum(const SpiRows *rows, uint64 row, int column, bool *isnull)
{
	Assert(row < rows->nrows && column <= rows->desc->natts);
	return heap_getattr(rows->rows[row], column, rows->desc, isnull);
}

char *
plasma_spi_text(const SpiRows *rows, uint64 row, int column)
{
	Oid			output;
	bool		varlena;
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	if (isnull)
		return NULL;
	getTypeOutputInfo(TupleDescAttr(rows->desc, column - 1)->atttypid,
					  &output, &varlena);
	return OidOutputFunctionCall(output, value);
}

Oid
plasma_spi_oid(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? InvalidOid : DatumGetObjectId(value);
}

int64
plasma_spi_int8(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

uint64
plasma_spi_xid(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return isnull ? 0 : U64FromFullTransactionId(DatumGetFullTransactionId(value));
}

bool
plasma_spi_bool(const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

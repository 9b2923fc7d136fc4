/*
 * epoch.c
 *		plasma.new_epoch: every cookie that was handed out ends.
 *
 *		For a server that went back in time without recovery, which no cookie can
 *		tell: a snapshot of the disk that was brought back, a copied cluster.
 */
#include "postgres.h"

#include "base/spi.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(plasma_epoch_renew);

Datum
plasma_epoch_renew(PG_FUNCTION_ARGS)
{
	SpiRows    *rows;
	bool		isnull;

	PreventCommandIfReadOnly("plasma.new_epoch()");
	rows = plasma_spi_write(SPI_OWNER,
							"UPDATE plasma.state SET epoch = gen_random_uuid() RETURNING epoch",
							0, NULL);
	if (rows->nrows != 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("plasma.state does not hold its one row"),
				 errhint("Run SELECT plasma.repair(); every client then starts afresh.")));
	PG_RETURN_DATUM(plasma_spi_datum(rows, 0, 1, &isnull));
}

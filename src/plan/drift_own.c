/*
 * drift_own.c
 *		Whether plasma's own tables are as the extension made them.
 *
 *		The install script notes their columns and indexes in plasma.own_shape, by
 *		the same function that tells what there is now; so a later version of the
 *		extension, or of the server, compares like with like.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/namespace.h"
#include "plan/drift.h"
#include "utils/lsyscache.h"

static void
show_shape(ReturnSetInfo *result, const SpiRows *rows)
{
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		const char *now = plasma_spi_text(rows, i, 4);
		const char *made = plasma_spi_text(rows, i, 5);
		char	   *detail;

		if (now == NULL)
			detail = psprintf("missing; it was made as %s", made);
		else if (made == NULL)
			detail = psprintf("%s, which plasma did not make", now);
		else
			detail = psprintf("%s; it was made as %s", now, made);
		if (plasma_spi_text(rows, i, 3) != NULL)
			detail = psprintf("index %s: %s", plasma_spi_text(rows, i, 3), detail);
		plasma_drift_add(result, "DR104", plasma_spi_text(rows, i, 1),
						 plasma_spi_text(rows, i, 2), detail);
	}
}

/* An index that somebody added hurts nobody, nor does a table. */
static SpiRows *
compare_shape(void)
{
	return plasma_spi_read(SPI_OWNER,
						   "SELECT 'plasma.' || COALESCE(m.table_name, n.table_name),"
						   " COALESCE(m.column_name, n.column_name),"
						   " COALESCE(m.index_name, n.index_name), n.definition, m.definition"
						   " FROM plasma.own_shape m FULL JOIN plasma.own_shape_now() n"
						   "  ON m.table_name = n.table_name"
						   "  AND COALESCE(m.column_name, '') = COALESCE(n.column_name, '')"
						   "  AND COALESCE(m.index_name, '') = COALESCE(n.index_name, '')"
						   " WHERE m.definition IS DISTINCT FROM n.definition"
						   " AND (m.table_name IS NOT NULL OR n.column_name IS NOT NULL"
						   "  AND n.table_name IN (SELECT table_name FROM plasma.own_shape))"
						   " ORDER BY 1, 2, 3", 0, NULL);
}

bool
plasma_drift_own(ReturnSetInfo *result)
{
	SpiRows    *rows;

	if (!OidIsValid(get_relname_relid("own_shape", get_namespace_oid("plasma", false))))
	{
		plasma_drift_add(result, "DR104", "plasma.own_shape", NULL, "missing");
		return false;
	}
	rows = compare_shape();
	show_shape(result, rows);
	if (rows->nrows > 0)
		return false;
	if (plasma_spi_read(SPI_OWNER, "SELECT FROM plasma.state", 0, NULL)->nrows == 1)
		return true;
	plasma_drift_add(result, "DR104", "plasma.state", NULL, "does not hold its one row");
	return false;
}

/*
 * journal.c
 *		Writing down what a migration does, in the transactions in which it does
 *		it: a statement that was rolled back has left no line.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "plan/journal.h"
#include "plan/report.h"
#include "utils/builtins.h"

int64
plasma_journal_begin(const PlanResult *plan)
{
	SpiParam	params[] = {
		SPI_TEXT(plan->input.declared->version),
		SPI_TEXT(plasma_options_executor_name(plan->options->executor)),
		SPI_TEXT(GetUserNameFromId(GetUserId(), false)),
		SPI_TEXT(plan->declared_hash),
		SPI_TEXT(plan->catalog_hash),
		SPI_TEXT(plasma_report_options(plan->options))
	};
	SpiRows    *rows = plasma_spi_write(SPI_OWNER,
										"INSERT INTO plasma.migrations (ordinal, version, executor,"
										" executed_by, status, sha256, catalog_before, options)"
										" OVERRIDING SYSTEM VALUE"
										" VALUES (GREATEST(nextval('plasma.migrations_ordinal_seq'),"
										"   (SELECT max(ordinal) + 1 FROM plasma.migrations)),"
										"  $1, $2, $3, 'running', decode($4, 'hex'), $5, $6::jsonb)"
										" RETURNING ordinal", lengthof(params), params);

	return plasma_spi_int8(rows, 0, 1);
}

void
plasma_journal_start(int64 migration, int n, const PlanStep *step,
					 const char *sql, const char *undo)
{
	SpiParam	params[] = {
		SPI_INT8(migration),
		SPI_DATUM(INT4OID, Int32GetDatum(n)),
		SPI_TEXT(step->op),
		SPI_TEXT(step->object),
		SPI_TEXT(sql),
		SPI_TEXT(undo)
	};

	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.migration_steps (migration, n, op, object, sql, undo)"
					 " VALUES ($1, $2, $3, $4, $5, $6)", lengthof(params), params);
}

void
plasma_journal_finish(int64 migration, int n)
{
	SpiParam	params[] = {
		SPI_INT8(migration),
		SPI_DATUM(INT4OID, Int32GetDatum(n))
	};

	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.migration_steps SET finished_at = clock_timestamp()"
					 " WHERE migration = $1 AND n = $2", lengthof(params), params);
}

void
plasma_journal_end(int64 migration, const char *catalog_after)
{
	SpiParam	params[] = {
		SPI_INT8(migration),
		SPI_TEXT(catalog_after)
	};

	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.migrations SET status = 'applied', catalog_after = $2,"
					 " finished_at = clock_timestamp() WHERE ordinal = $1",
					 lengthof(params), params);
}

int
plasma_journal_last(int64 migration, char **sql)
{
	SpiParam	params[] = {SPI_INT8(migration)};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT n::bigint, sql FROM plasma.migration_steps"
									   " WHERE migration = $1 ORDER BY n DESC LIMIT 1",
									   lengthof(params), params);

	*sql = rows->nrows == 0 ? NULL : plasma_spi_text(rows, 0, 2);
	return rows->nrows == 0 ? 0 : plasma_spi_int8(rows, 0, 1);
}

void
plasma_journal_fail(int64 migration, const char *error)
{
	SpiParam	params[] = {
		SPI_INT8(migration),
		SPI_TEXT(error)
	};

	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.migrations SET status = 'failed', error = $2,"
					 " finished_at = clock_timestamp() WHERE ordinal = $1 AND status = 'running'",
					 lengthof(params), params);
}

void
plasma_journal_interrupt(void)
{
	plasma_spi_write(SPI_OWNER,
					 "UPDATE plasma.migrations SET status = 'interrupted'"
					 " WHERE status = 'running'", 0, NULL);
}

/*
 * policy.c
 *		From pg_policy to the predicates that were declared.
 *
 *		The catalog prints a predicate in words of its own, so what was declared
 *		is read from the comment that plasma leaves on each policy that it makes.
 */
#include "postgres.h"

#include "schema/policy.h"

/*
 * A predicate holds only where row-level security is on and each policy that
 * it needs is there, restrictive and for everybody.
 */
static SpiRows *
find_policies(const Catalog *catalog)
{
	return plasma_spi_read(SPI_OWNER,
						   "SELECT c.oid,"
						   " max(d.description) FILTER (WHERE p.polname = '" PLASMA_POLICY_READ "'),"
						   " max(d.description) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "'),"
						   " count(DISTINCT d.description) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "') = 1"
						   " AND count(*) FILTER (WHERE p.polname <> '" PLASMA_POLICY_READ "') = 3"
						   " FROM pg_class c"
						   " JOIN pg_policy p ON p.polrelid = c.oid"
						   " JOIN pg_description d ON d.objoid = p.oid"
						   "  AND d.classoid = 'pg_policy'::regclass"
						   " JOIN (VALUES ('" PLASMA_POLICY_READ "', 'r'),"
						   "  ('" PLASMA_POLICY_INSERT "', 'a'),"
						   "  ('" PLASMA_POLICY_UPDATE "', 'w'),"
						   "  ('" PLASMA_POLICY_DELETE "', 'd')) own (name, command)"
						   "  ON p.polname = own.name::name AND p.polcmd = own.command::\"char\""
						   " WHERE c.oid = ANY ($1) AND c.relrowsecurity"
						   " AND NOT p.polpermissive AND p.polroles = '{0}'"
						   " GROUP BY c.oid", 1, &catalog->relids);
}

void
plasma_policy_read(const Catalog *catalog)
{
	SpiRows    *rows = find_policies(catalog);
	int			prefix = strlen(PLASMA_POLICY_COMMENT);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		ModelTable *table = plasma_catalog_table(catalog,
												 plasma_spi_oid(rows, i, 1))->live->table;
		char	   *read = plasma_spi_text(rows, i, 2);
		char	   *write = plasma_spi_text(rows, i, 3);

		if (read != NULL && strncmp(read, PLASMA_POLICY_COMMENT, prefix) == 0)
			table->auth_read = read + prefix;
		if (plasma_spi_bool(rows, i, 4) &&
			strncmp(write, PLASMA_POLICY_COMMENT, prefix) == 0)
			table->auth_write = write + prefix;
	}
}

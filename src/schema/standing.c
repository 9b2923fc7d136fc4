/*
 * standing.c
 *		What a look at the catalogs found, kept until the server invalidates it.
 *
 *		ensure_schema may be called with every request, and to look at each trigger
 *		of each table costs more than most requests do.  Whatever that look depends
 *		on is told of by invalidation messages: a registered relation or partition
 *		(its name, place, persistence, triggers, partitions, policies) by the relation
 *		cache, whatever its policies read likewise, the generated functions and the
 *		schemas by their system caches.  Rows of plasma's own tables have none: for them
 *		the registry's id stands.
 *		A message that comes while the look is taken voids it.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "schema/policy_source.h"
#include "schema/standing.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

static struct
{
	bool		watching;		/* no message came since the look began */
	bool		known;			/* ... and the look found everything in place */
	pg_uuid_t	registry;
	ArrayType  *relids;			/* oid[] */
}			standing;

static void
relation_changed(Datum arg, Oid relid)
{
	Oid		   *relids;
	int			count;

	if (!standing.watching)
		return;
	relids = (Oid *) ARR_DATA_PTR(standing.relids);
	count = ArrayGetNItems(ARR_NDIM(standing.relids), ARR_DIMS(standing.relids));
	for (int i = 0; i < count; i++)
		if (relids[i] == relid || !OidIsValid(relid))
			standing.watching = false;
}

static void
object_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	standing.watching = false;
}

bool
plasma_standing_is_known(const pg_uuid_t *registry)
{
	return standing.watching && standing.known &&
		memcmp(&standing.registry, registry, sizeof(pg_uuid_t)) == 0;
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, object_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, object_changed, (Datum) 0);
	registered = true;
}

void
plasma_standing_watch(void)
{
	bool		sources = plasma_policy_source_may_exist();
	SpiRows    *rows = plasma_spi_read(SPI_OWNER, sources ?
									   "WITH RECURSIVE sources (relid) AS ("
									   "  SELECT objid FROM plasma.policy_reads()"
									   "   WHERE classid = 'pg_class'::regclass"
									   "  UNION SELECT i.inhrelid FROM sources s"
									   "   JOIN pg_inherits i ON i.inhparent = s.relid)"
									   " SELECT ARRAY(SELECT unnest(relation || partitions)::oid"
									   " FROM plasma.tables UNION SELECT relid FROM sources)" :
									   "SELECT ARRAY(SELECT unnest(relation || partitions)::oid"
									   " FROM plasma.tables)", 0, NULL);
	bool		isnull;
	ArrayType  *relids = DatumGetArrayTypeP(plasma_spi_datum(rows, 0, 1, &isnull));
	ArrayType  *old = standing.relids;

	register_callbacks();
	standing.watching = false;
	standing.known = false;
	standing.relids = MemoryContextAlloc(TopMemoryContext, VARSIZE(relids));
	memcpy(standing.relids, relids, VARSIZE(relids));
	if (old != NULL)
		pfree(old);
	standing.watching = true;
}

void
plasma_standing_keep(const pg_uuid_t *registry)
{
	standing.known = true;
	standing.registry = *registry;
}

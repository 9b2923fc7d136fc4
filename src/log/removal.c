/*
 * removal.c
 *		Whether this transaction took rows of a table away.
 *
 *		The server counts what each transaction did to each table, for its
 *		statistics; the counts of what was rolled back are gone.  They are there
 *		as soon as the row is written, before any trigger has seen it.  Only a superuser
 *		may switch counting off; one who switches it on again while a statement that
 *		took rows away is still at work is not provided for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "catalog/partition.h"
#include "log/removal.h"
#include "pgstat.h"
#include "utils/lsyscache.h"
#include "utils/pgstat_internal.h"

/* Whether the relation is the synced table or a partition of it. */
static bool
is_of_tree(Oid relid, Oid root)
{
	return relid == root ||
		(get_rel_relispartition(relid) &&
		 list_member_oid(get_partition_ancestors(relid), root));
}

bool
plasma_removal_possible(const Source *source)
{
	PgStat_SubXactStatus *level;

	if (!pgstat_track_counts)
		return true;
	for (level = pgstat_get_xact_stack_level(GetCurrentTransactionNestLevel());
		 level != NULL; level = level->prev)
		for (PgStat_TableXactStatus *counts = level->first; counts != NULL;
			 counts = counts->next)
			if ((counts->tuples_deleted > 0 || counts->tuples_updated > 0) &&
				is_of_tree(plasma_stat_relation(counts), source->root))
				return true;
	return false;
}

/*
 * readable.h
 *		The synced tables as this caller may read them.
 */
#ifndef PLASMA_READABLE_H
#define PLASMA_READABLE_H

#include "postgres.h"

#include "base/spi.h"
#include "log/fingerprint.h"
#include "nodes/pg_list.h"
#include "schema/registry.h"

typedef struct ReadableTable
{
	const SyncTable *sync;
	char	   *relation;		/* qualified and quoted */
	int			nkeys;
	Oid		   *key_types;		/* as parameters are passed */
	List	   *keys;			/* char *: quoted, as t."id" */
	List	   *columns;		/* char *: likewise, declared and readable */
	List	   *bigints;		/* char *: names of columns of kind bigint */
	Fingerprint *print;			/* changes with columns, types and policies */
} ReadableTable;

/* Locks the relations of the registry, in one order, against rewrites. */
extern void plasma_readable_lock(const Registry *registry);

/*
 * The tables of the registry that still exist and whose key the current role
 * may read.  Their relations must be locked.
 */
extern List *plasma_readable_tables(const Registry *registry);	/* ReadableTable * */

/* About how many rows they hold, as the planner guesses. */
extern double plasma_readable_rows(List *tables);

/*
 * A key's text as parameters of the types of its columns.  False when it is
 * no key of the table.
 */
extern bool plasma_readable_key(const ReadableTable *table, const char *row_id,
								SpiParam *params);

#endif							/* PLASMA_READABLE_H */

/*
 * readable.h
 *		The synced tables as this caller may read them.
 */
#ifndef PLASMA_READABLE_H
#define PLASMA_READABLE_H

#include "postgres.h"

#include "base/spi.h"
#include "log/fingerprint.h"
#include "log/membership.h"
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
	int			nscope;			/* columns of the scope; 0: it has none */
	Oid		   *scope_types;
	List	   *scope;			/* char *: quoted likewise */
	const Membership *membership;	/* what the caller may sync of it; NULL without
									 * a scope */
} ReadableTable;

/* Locks the relations of the registry, in one order, against rewrites. */
extern void plasma_readable_lock(const Registry *registry);

/*
 * The tables of the registry that still exist and whose key the current role
 * may read.  Their relations must be locked.
 */
extern List *plasma_readable_tables(const Registry *registry);	/* ReadableTable * */

/*
 * The slices that the caller has of the scopes of these tables, which are told
 * theirs.  Each scope is asked once.
 */
extern List *plasma_readable_memberships(List *tables);	/* Membership * */

/* How many slices a table is sent in. */
extern int	plasma_readable_slices(const ReadableTable *table);

/*
 * A key's text as parameters of the types of its columns.  False when it is
 * no key of the table.
 */
extern bool plasma_readable_key(const ReadableTable *table, const char *row_id,
								SpiParam *params);

/* The same for the value of a slice and the columns of the scope. */
extern bool plasma_readable_slice(const ReadableTable *table, const char *value,
								  SpiParam *params);

/*
 * Parameters of some rows, one after the other, as one array for each of the
 * columns.
 */
extern SpiParam *plasma_readable_arrays(const Oid *types, int ncolumns,
										const SpiParam *values, int nrows);

#endif							/* PLASMA_READABLE_H */

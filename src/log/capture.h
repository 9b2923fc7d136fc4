/*
 * capture.h
 *		The triggers that write the change log.
 */
#ifndef PLASMA_CAPTURE_H
#define PLASMA_CAPTURE_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* What a captured table needs to know of its declaration. */
typedef struct CaptureTable
{
	char	   *name;			/* on the wire */
	Oid			relid;
	List	   *key;			/* char * */
	List	   *bigints;		/* char *: columns of kind bigint */
	bool		history;
	const char *scope;			/* name, or NULL */
	List	   *scope_columns;	/* char * */
} CaptureTable;

/* The scope followed by its columns, as trigger functions know it; or nothing. */
extern List *plasma_capture_scope(const CaptureTable *table);	/* char * */

/*
 * Brings functions and triggers of a table and its partitions to what they
 * should be; touches only what is missing or wrong.  Returns whether writes
 * may have gone unlogged before, that is, whether a trigger was made, enabled
 * or replaced.
 */
extern bool plasma_capture_install(const CaptureTable *table);

/* Removes the triggers and functions of a relation. */
extern void plasma_capture_remove(Oid relid);

/*
 * Whether all triggers of the given relations are in place, in a bounded
 * number of catalog reads and with no lock but AccessShare on catalogs.
 */
extern bool plasma_capture_intact(List *tables);	/* CaptureTable * */

#endif							/* PLASMA_CAPTURE_H */

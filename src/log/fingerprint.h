/*
 * fingerprint.h
 *		Whether a table is the same for a caller as at an earlier pull.
 */
#ifndef PLASMA_FINGERPRINT_H
#define PLASMA_FINGERPRINT_H

#include "postgres.h"

#include "access/attnum.h"
#include "schema/registry.h"
#include "utils/relcache.h"

typedef struct Fingerprint
{
	uint64		table;			/* with what shows or hides its rows to the role */
	List	   *columns;		/* ColumnPrint * */
} Fingerprint;

/*
 * Of a table as the current role and the active snapshot see it, without any of
 * its columns.
 */
extern Fingerprint *plasma_fingerprint_make(Relation rel, const Registry *registry);

/* Adds how the table is cut into slices. */
extern void plasma_fingerprint_scope(Fingerprint *print, const SyncTable *table);

/* Adds a declared column that the role may read. */
extern void plasma_fingerprint_add(Fingerprint *print, Relation rel,
								   const SyncColumn *column, AttrNumber attnum);

/*
 * What goes into cookies: the fingerprint as a client has to see it who knows
 * the columns of a shape of the table.
 */
extern char *plasma_fingerprint_text(const Fingerprint *print, int64 shape);

#endif							/* PLASMA_FINGERPRINT_H */

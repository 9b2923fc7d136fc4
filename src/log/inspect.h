/*
 * inspect.h
 *		What of a table's capture is not as it was made.
 */
#ifndef PLASMA_INSPECT_H
#define PLASMA_INSPECT_H

#include "postgres.h"

#include "log/capture.h"

typedef enum InspectFault
{
	INSPECT_MISSING,			/* a trigger */
	INSPECT_DISABLED,
	INSPECT_MODE,				/* it fires in other sessions than it should */
	INSPECT_FOREIGN,			/* it calls a function that is not plasma's */
	INSPECT_UNSAFE,				/* ... whose owner, rights or settings differ */
	INSPECT_TEXT,				/* ... whose text differs */
	INSPECT_SURPLUS				/* it does not belong there */
} InspectFault;

typedef struct InspectFinding
{
	InspectFault fault;
	Oid			relid;			/* the table or a partition of it */
	const char *trigger;		/* its name; what it is for where it is missing */
	const char *function;		/* in schema plasma; NULL: none of plasma's */
} InspectFinding;

typedef void (*InspectFn) (const InspectFinding *finding, void *arg);

/*
 * Calls fn for each fault of a table and its partitions, as the catalogs are
 * now.  Takes no lock on them.
 */
extern void plasma_inspect_table(const CaptureTable *table, InspectFn fn, void *arg);

#endif							/* PLASMA_INSPECT_H */

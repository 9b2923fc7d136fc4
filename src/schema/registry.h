/*
 * registry.h
 *		The synced tables of the active declaration, and the state on which
 *		every cookie depends, as they stand in the active snapshot.
 */
#ifndef PLASMA_REGISTRY_H
#define PLASMA_REGISTRY_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/kind.h"
#include "utils/uuid.h"

typedef struct SyncColumn
{
	char	   *name;
	ColumnKind	kind;
} SyncColumn;

typedef struct SyncTable
{
	char	   *name;			/* declared, and on the wire */
	Oid			relid;			/* may have been dropped meanwhile */
	int64		generation;
	List	   *key;			/* char * */
	List	   *columns;		/* SyncColumn * */
	bool		history;
} SyncTable;

typedef struct Registry
{
	pg_uuid_t	id;				/* plasma.state.registry */
	pg_uuid_t	epoch;
	uint64		floor;			/* a full transaction id */
	char	   *version;		/* of the active declaration, NULL when there is none */
	List	   *tables;			/* SyncTable *, by name; suppressed ones are left out */
} Registry;

/*
 * Reads plasma.state in the active snapshot, and the rest only when its
 * registry id is not the one that is cached.  Valid until the next call.
 */
extern const Registry *plasma_registry_read(void);

/* Notes that the registry changed, so that every backend reads it again. */
extern void plasma_registry_touch(void);

#endif							/* PLASMA_REGISTRY_H */

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
#include "schema/model.h"
#include "utils/uuid.h"

/* "plasma" in ASCII: the advisory lock under which schemas are applied. */
#define PLASMA_APPLY_LOCK	INT64CONST(0x706c61736d61)

typedef struct SyncColumn
{
	char	   *name;
	ColumnKind	kind;

	/* What copies.c noted of it; 0 where it has noted nothing. */
	int64		shape;			/* of the table since when clients know the column */
	uint64		mark;			/* of the column, as harmless DDL left it */
	uint64		counts_as;		/* the mark that it had before */
} SyncColumn;

/* Slices of tables that a session may sync: those whose values a query lists. */
typedef struct SyncScope
{
	char	   *name;
	char	   *query;			/* every name in it qualified, its columns of the types of the tables' */
	char	   *declared;		/* the query as it was declared, or NULL */
	int			ncolumns;
} SyncScope;

typedef struct SyncTable
{
	char	   *name;			/* declared, and on the wire */
	Oid			relid;			/* may have been dropped meanwhile */
	int64		generation;
	int64		shape;			/* times that clients kept their rows when columns came */
	List	   *key;			/* char * */
	List	   *columns;		/* SyncColumn * */
	bool		history;
	const SyncScope *scope;		/* NULL: the whole table */
	List	   *scope_columns;	/* char * */
} SyncTable;

/* A table with declared auth, whether its log is suppressed or not. */
typedef struct SyncAuth
{
	char	   *name;
	Oid			relid;			/* may have been dropped meanwhile */
	bool		read;
	bool		write;
	bool		suppressed;
} SyncAuth;

typedef struct Registry
{
	pg_uuid_t	id;				/* plasma.state.registry */
	pg_uuid_t	epoch;
	uint64		floor;			/* a full transaction id */
	char	   *version;		/* of the active declaration, NULL when there is none */
	List	   *served;			/* char *: older versions whose clients are served */
	List	   *scopes;			/* SyncScope *, by name */
	List	   *tables;			/* SyncTable *, by name; suppressed ones are left out */
	List	   *auths;			/* SyncAuth *, by name */
} Registry;

/* One row of plasma.tables, for those who write it. */
typedef struct RegistryEntry
{
	char	   *name;
	Oid			relid;
	int64		generation;
	bool		suppressed;
	bool		repartitioned;	/* its partitions are not those that were noted */
	List	   *detached;		/* Oid: noted partitions that are none any more */
	char	   *scope;			/* or NULL */
	List	   *scope_columns;	/* char * */
} RegistryEntry;

/* ---- registry.c ---- */

/*
 * Reads plasma.state in the active snapshot, and the rest only when its
 * registry id is not the one that is cached.  Valid until the next call.
 */
extern const Registry *plasma_registry_read(void);

/* Lets the next call read all of it: somebody may have written by hand. */
extern void plasma_registry_forget(void);

/* One table as it is now, its row locked; NULL when it is not synced. */
extern SyncTable *plasma_registry_lock(Oid relid);

/* Names (char *) of the columns that are sent as decimal strings. */
extern List *plasma_registry_bigints(const SyncTable *table);

/* Notes that the registry changed, so that every backend reads it again. */
extern void plasma_registry_touch(void);

/* ---- registry_entry.c ---- */

/*
 * Whether each registered relation, suppressed ones included, is alive under
 * the name and schema that were declared, no partition, with the partitions
 * that were noted, its scope known; and still permanent, those that are suppressed excepted.
 */
extern bool plasma_registry_is_sound(void);

/* All rows of plasma.tables: RegistryEntry *. */
extern List *plasma_registry_entries(void);
extern RegistryEntry *plasma_registry_entry(List *entries, const char *name);

/*
 * Writes the row of a table, whose relid is set, with its partitions as they
 * are now.  Returns whether the row changed.
 */
extern bool plasma_registry_put(const ModelTable *table, int64 generation);

/* Whether a table has its row, and that says what the declaration does. */
extern bool plasma_registry_agrees(const ModelTable *table);

/* Removes a row; the next generation of that name will be a higher one. */
extern void plasma_registry_retire(const char *name);

/* The generation of a table that comes into the registry. */
extern int64 plasma_registry_first_generation(const char *name);

#endif							/* PLASMA_REGISTRY_H */

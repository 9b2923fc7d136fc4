/*
 * trigger.h
 *		Which triggers a captured relation must have, and which it has.
 */
#ifndef PLASMA_TRIGGER_H
#define PLASMA_TRIGGER_H

#include "postgres.h"

#include "base/spi.h"
#include "log/body.h"
#include "nodes/pg_list.h"

/* What a relation is to its synced table; flags. */
#define PLACE_PLAIN		0x01	/* the table itself, not partitioned */
#define PLACE_ROOT		0x02	/* the table itself, partitioned */
#define PLACE_MIDDLE	0x04	/* a partition that has partitions */
#define PLACE_LEAF		0x08	/* a partition that holds rows */

typedef struct TriggerSpec
{
	const char *suffix;			/* of its name */
	BodyKind	body;
	int16		type;			/* as pg_trigger.tgtype */
	char		enabled;		/* as pg_trigger.tgenabled */
	int			places;			/* where it must be */
	int			cloned;			/* of these, where the server makes it */
} TriggerSpec;

#define TRIGGER_SPECS	9

/* Of the names of triggers on tables that policies read, which are none of these. */
#define TRIGGER_SOURCE_PREFIX	"_plasma_source_"

extern const TriggerSpec plasma_trigger_specs[TRIGGER_SPECS];

/* A relation of a synced table's tree, with its triggers that are plasma's. */
typedef struct TriggerPlace
{
	Oid			relid;
	int			place;
	List	   *found;			/* TriggerFound * */
} TriggerPlace;

typedef struct TriggerFound
{
	char	   *name;
	int16		type;
	char		enabled;
	bool		cloned;
	bool		plain;			/* no WHEN, no columns, the right row tables */
	Oid			function;
	char	   *function_name;	/* NULL: not one of plasma's */
	bool		function_safe;	/* owner, definer, privileges, settings */
	int64		function_hash;	/* of its text */
} TriggerFound;

/*
 * The relations of the tables' trees, each tree from its root, with what is
 * found on each.  Reads the catalogs as they are now, without a lock on them.
 */
extern List *plasma_trigger_places(List *relids);

/* A list of oids as oid[]. */
extern Datum plasma_trigger_oids(List *oids);

/* A query as of now as well, whatever snapshot the caller has. */
extern SpiRows *plasma_trigger_read(const char *sql, int nparams,
									const SpiParam *params);

/* Whether a trigger is the one of the spec there, but for its function. */
extern bool plasma_trigger_fits(const TriggerFound *found, const TriggerSpec *spec,
								const TriggerPlace *place);

/* The hash of a function's text as in TriggerFound. */
extern int64 plasma_trigger_text_hash(const char *text);

/* The CREATE TRIGGER command. */
extern char *plasma_trigger_sql(const TriggerSpec *spec, const char *name,
								Oid relid, const char *function);

#endif							/* PLASMA_TRIGGER_H */

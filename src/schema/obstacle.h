/*
 * obstacle.h
 *		Why what stands under a declared name is no table that can be synced.
 */
#ifndef PLASMA_OBSTACLE_H
#define PLASMA_OBSTACLE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/introspect.h"

typedef struct Obstacle
{
	const char *code;			/* UN101 … UN107, UN113, UN114, ID102, ID104 */
	char	   *column;			/* NULL: of the table */
	char	   *what;			/* "a view", or, for ID, the name in question */
	char	   *fix;			/* what to do: a sentence */
} Obstacle;

/* All obstacles of a table, worst first: Obstacle *. */
extern List *plasma_obstacle_find(const LiveTable *live);

/* That of a table which the caller does not own. */
extern Obstacle *plasma_obstacle_of_owner(Oid relid);

#endif							/* PLASMA_OBSTACLE_H */

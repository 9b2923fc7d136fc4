/*
 * standing.h
 *		Whether what was found in place a moment ago still is, without another
 *		look.
 */
#ifndef PLASMA_STANDING_H
#define PLASMA_STANDING_H

#include "postgres.h"

#include "utils/uuid.h"

/*
 * True when all that is registered under this id was found sound and captured
 * by this backend, and the server has told of no change to any of it since.
 */
extern bool plasma_standing_is_known(const pg_uuid_t *registry);

/* To be called before a look, and after one that found everything in place. */
extern void plasma_standing_watch(void);
extern void plasma_standing_keep(const pg_uuid_t *registry);

#endif							/* PLASMA_STANDING_H */

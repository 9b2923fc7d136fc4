/*
 * expire.h
 *		Forgetting clients that have not been seen for long.
 */
#ifndef PLASMA_EXPIRE_H
#define PLASMA_EXPIRE_H

#include "postgres.h"

/* How many went, at most so many. */
extern int64 plasma_expire_groups(int batch);
extern int64 plasma_expire_readers(int batch);

#endif							/* PLASMA_EXPIRE_H */

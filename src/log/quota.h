/*
 * quota.h
 *		How many entries of the log the push that is running may still write.
 */
#ifndef PLASMA_QUOTA_H
#define PLASMA_QUOTA_H

#include "postgres.h"

/* A push begins. */
extern void plasma_quota_begin(void);

/* One more entry with an origin; an error where plasma.max_rows_per_push is reached. */
extern void plasma_quota_take(void);

#endif							/* PLASMA_QUOTA_H */

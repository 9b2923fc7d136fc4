/*
 * apply.h
 *		The lock under which schemas are applied, whoever does it.
 */
#ifndef PLASMA_APPLY_H
#define PLASMA_APPLY_H

#include "postgres.h"

#include "utils/uuid.h"

/* One at a time, until the end of the transaction. */
extern void plasma_apply_lock(void);

/*
 * What another transaction has done to the registry since our snapshot was
 * taken, when it had the given id, can be seen but not be written to: raises
 * 40001.  Asked under the lock.
 */
extern void plasma_apply_check_serializable(const pg_uuid_t *seen);

#endif							/* PLASMA_APPLY_H */

/*
 * propagate.h
 *		How clients get rows that changed without an entry in the log.
 */
#ifndef PLASMA_PROPAGATE_H
#define PLASMA_PROPAGATE_H

#include "postgres.h"

/*
 * Writes an entry for each row of a synced table and returns their number.
 * Locks the table against writers.  Asks no rights and for no snapshot.
 */
extern int64 plasma_propagate_seed(Oid relid);

#endif							/* PLASMA_PROPAGATE_H */

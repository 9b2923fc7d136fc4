/*
 * drift.h
 *		What in the database is no longer as the active declaration has it.
 */
#ifndef PLASMA_DRIFT_H
#define PLASMA_DRIFT_H

#include "postgres.h"

#include "funcapi.h"
#include "schema/registry.h"

/* Adds one row to the answer of plasma.drift(); column may be NULL. */
extern void plasma_drift_add(ReturnSetInfo *result, const char *code,
							 const char *table, const char *column,
							 const char *detail);

/*
 * DR104: plasma's own tables, compared with what was noted when they were made.
 * Returns whether nothing was found, so that they can be read.
 */
extern bool plasma_drift_own(ReturnSetInfo *result);

/* DR103: capture of a registered table and its partitions. */
extern void plasma_drift_capture(ReturnSetInfo *result, const SyncTable *table);

#endif							/* PLASMA_DRIFT_H */

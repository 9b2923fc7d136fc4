/*
 * fingerprint.h
 *		Whether a table is the same for a caller as at an earlier pull.
 */
#ifndef PLASMA_FINGERPRINT_H
#define PLASMA_FINGERPRINT_H

#include "postgres.h"

#include "catalog/pg_attribute.h"
#include "schema/registry.h"
#include "utils/relcache.h"

/* Of the table and what shows or hides its rows to the current role. */
extern uint64 plasma_fingerprint_table(Relation rel);

/* The same with one more of its columns. */
extern uint64 plasma_fingerprint_column(uint64 hash, Relation rel,
										const SyncColumn *column,
										Form_pg_attribute att);

#endif							/* PLASMA_FINGERPRINT_H */

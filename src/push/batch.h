/*
 * batch.h
 *		The new mutations of a push, run one after the other.
 */
#ifndef PLASMA_BATCH_H
#define PLASMA_BATCH_H

#include "postgres.h"

#include "push/deferred.h"
#include "push/ledger.h"

/* Runs what is pending in this transaction. To be called before the ledger is opened. */
extern Deferred *plasma_batch_prepare(void);

/*
 * Runs every entry that is LEDGER_NEW and makes it LEDGER_OK or LEDGER_FAILED.
 * Raises an error that is worth a retry.
 */
extern void plasma_batch_run(Ledger *ledger, Deferred *deferred);

#endif							/* PLASMA_BATCH_H */

/*
 * prepared.h
 *		Plans of statements, kept for the session.
 */
#ifndef PLASMA_PREPARED_H
#define PLASMA_PREPARED_H

#include "postgres.h"

#include "base/spi.h"
#include "executor/spi.h"

/* Plans may be forgotten where none is running. */
extern SPIPlanPtr plasma_prepared_plan(SpiWho who, const char *sql, int nparams,
									   const SpiParam *params, bool may_forget);

#endif							/* PLASMA_PREPARED_H */

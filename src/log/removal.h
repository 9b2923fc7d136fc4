/*
 * removal.h
 *		Whether this transaction took rows of a table away.
 */
#ifndef PLASMA_REMOVAL_H
#define PLASMA_REMOVAL_H

#include "postgres.h"

#include "log/source.h"

/* Whether it may have deleted or updated rows of the synced table, in any command. */
extern bool plasma_removal_possible(const Source *source);

#endif							/* PLASMA_REMOVAL_H */

/*
 * volume.h
 *		How much a client is sent that begins anew.
 */
#ifndef PLASMA_VOLUME_H
#define PLASMA_VOLUME_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * About how many rows tables (ReadableTable *) hold in the caller's slices, as
 * the planner would guess.
 */
extern double plasma_volume_rows(List *tables);

#endif							/* PLASMA_VOLUME_H */

/*
 * castable.h
 *		What a change of a column's type does to its values.
 */
#ifndef PLASMA_CASTABLE_H
#define PLASMA_CASTABLE_H

#include "postgres.h"

#include "schema/model.h"

typedef enum Castable
{
	CAST_RELABEL,				/* every value stays, nothing is rewritten */
	CAST_WIDENS,				/* every value stays, the table is rewritten */
	CAST_NARROWS,				/* some values may be lost or refused */
	CAST_NONE					/* there is no cast */
} Castable;

extern Castable plasma_castable_types(const ModelColumn *from, const ModelColumn *to);

#endif							/* PLASMA_CASTABLE_H */

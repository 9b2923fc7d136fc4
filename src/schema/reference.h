/*
 * reference.h
 *		The references that a declaration can tell.
 */
#ifndef PLASMA_REFERENCE_H
#define PLASMA_REFERENCE_H

#include "postgres.h"

#include "schema/model.h"

/*
 * Leaves references, as introspect found them, to those that can be declared,
 * and adds those that the active declaration has without a foreign key.
 * active may be NULL.
 */
extern void plasma_reference_choose(Model *model, const Model *active);

#endif							/* PLASMA_REFERENCE_H */

/*
 * constraint.h
 *		Foreign keys and checks of single columns.
 */
#ifndef PLASMA_CONSTRAINT_H
#define PLASMA_CONSTRAINT_H

#include "postgres.h"

#include "schema/catalog.h"

/* Sets the columns' references and what their facts say of constraints. */
extern void plasma_constraint_read(const Catalog *catalog);

#endif							/* PLASMA_CONSTRAINT_H */

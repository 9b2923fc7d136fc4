/*
 * unique.h
 *		Unique indexes: the key of a table, and columns that are unique alone.
 */
#ifndef PLASMA_UNIQUE_H
#define PLASMA_UNIQUE_H

#include "postgres.h"

#include "schema/catalog.h"

/*
 * Sets the tables' keys and what the columns' facts say of unique indexes. The
 * columns' nullability is known.
 */
extern void plasma_unique_read(const Catalog *catalog);

#endif							/* PLASMA_UNIQUE_H */

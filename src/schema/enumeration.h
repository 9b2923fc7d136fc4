/*
 * enumeration.h
 *		The enum types of columns, with their labels.
 */
#ifndef PLASMA_ENUMERATION_H
#define PLASMA_ENUMERATION_H

#include "postgres.h"

#include "schema/catalog.h"

/* Sets enumeration of the columns that are of an enum type, or an array of one. */
extern void plasma_enumeration_read(const Catalog *catalog);

/* Makes an enum that is declared the existing type of the name, if there is one: typid and existing. */
extern void plasma_enumeration_bind(ModelColumn *column);

#endif							/* PLASMA_ENUMERATION_H */

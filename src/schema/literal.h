/*
 * literal.h
 *		From a default in SQL to the JSON of a declared one.
 */
#ifndef PLASMA_LITERAL_H
#define PLASMA_LITERAL_H

#include "postgres.h"

#include "schema/model.h"

/*
 * The JSON of the default of a column whose kind is set, as its kind takes it;
 * NULL when the default is no constant, or one that the kind does not take.
 */
extern char *plasma_literal_json(const ModelColumn *column);

#endif							/* PLASMA_LITERAL_H */

/*
 * predicate.h
 *		SQL text in a declaration.
 */
#ifndef PLASMA_PREDICATE_H
#define PLASMA_PREDICATE_H

#include "postgres.h"

/*
 * NULL when the text is exactly one SQL expression, which stays one between
 * "(\n" and "\n)"; else why it is not.
 */
extern const char *plasma_predicate_fault(const char *text);

#endif							/* PLASMA_PREDICATE_H */

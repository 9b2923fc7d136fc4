/*
 * function.h
 *		The generated trigger functions as objects of the database.
 */
#ifndef PLASMA_FUNCTION_H
#define PLASMA_FUNCTION_H

#include "postgres.h"

#include "log/body.h"
#include "log/capture.h"
#include "log/trigger.h"

/*
 * Makes those of a table that are missing or not as they should be; names gets
 * the name of each kind.  The first of the places is the table itself.
 */
extern void plasma_function_make(const CaptureTable *table, List *places,
								 char **names);

/* Drops those that no trigger calls. */
extern void plasma_function_drop_unused(void);

#endif							/* PLASMA_FUNCTION_H */

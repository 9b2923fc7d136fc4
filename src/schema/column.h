/*
 * column.h
 *		One column of a declaration.
 */
#ifndef PLASMA_COLUMN_H
#define PLASMA_COLUMN_H

#include "postgres.h"

#include "base/json.h"
#include "schema/fault.h"
#include "schema/model.h"

/*
 * Reads a column; never NULL.  Its type is not known yet if it is a ref, and
 * stays InvalidOid where a fault leaves it unknown.
 */
extern ModelColumn *plasma_column_parse(FaultList *faults, const FaultPath *path,
										const char *name, const JsonNode *node);

/* Checks what needs the type: default and unique. For when refs are resolved. */
extern void plasma_column_finish(FaultList *faults, const FaultPath *path,
								 ModelColumn *column, const JsonNode *node);

#endif							/* PLASMA_COLUMN_H */

/*
 * default.h
 *		The default of one column of a declaration.
 */
#ifndef PLASMA_DEFAULT_H
#define PLASMA_DEFAULT_H

#include "postgres.h"

#include "base/json.h"
#include "schema/fault.h"
#include "schema/model.h"

/* Sets default_sql of a column whose type is known, or notes why it cannot. */
extern void plasma_default_parse(FaultList *faults, const FaultPath *path,
								 ModelColumn *column, const JsonNode *node);

#endif							/* PLASMA_DEFAULT_H */

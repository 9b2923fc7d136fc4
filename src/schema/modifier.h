/*
 * modifier.h
 *		Where the values of a column come from when nobody writes them, and how
 *		its texts are compared.
 */
#ifndef PLASMA_MODIFIER_H
#define PLASMA_MODIFIER_H

#include "postgres.h"

#include "base/json.h"
#include "schema/fault.h"
#include "schema/model.h"

/*
 * Reads defaultExpression, generated, identity and collation of a column whose
 * kind and reference are known.
 */
extern void plasma_modifier_parse(FaultList *faults, const FaultPath *path,
								  ModelColumn *column, const JsonNode *node);

/* Checks what needs the type: identity and collation. */
extern void plasma_modifier_finish(FaultList *faults, const FaultPath *path,
								   const ModelColumn *column);

#endif							/* PLASMA_MODIFIER_H */

/*
 * label.h
 *		The enum type of a column that lists its labels.
 */
#ifndef PLASMA_LABEL_H
#define PLASMA_LABEL_H

#include "postgres.h"

#include "base/json.h"
#include "schema/fault.h"
#include "schema/model.h"

/*
 * Sets enumeration, array and type of a column of kind sql that has "enum".
 * Columns that name one type share one ModelEnum, which known gathers; it
 * starts as NIL.
 */
extern void plasma_label_parse(FaultList *faults, const FaultPath *path,
									 List **known, const ModelTable *table,
									 ModelColumn *column, const JsonNode *node);

/*
 * Notes the types of known that would have the name of a declared table, whose
 * row type has it.
 */
extern void plasma_label_check(FaultList *faults, List *known,
									 const Model *model);

#endif							/* PLASMA_LABEL_H */

/*
 * key.h
 *		Keys of the tables of a declaration, and the refs to them.
 */
#ifndef PLASMA_KEY_H
#define PLASMA_KEY_H

#include "postgres.h"

#include "base/json.h"
#include "schema/fault.h"
#include "schema/model.h"

/*
 * Sets the key of a table whose columns have been read, from the table's JSON.
 * Leaves it empty where it has a fault.
 */
extern void plasma_key_parse(FaultList *faults, const FaultPath *path,
							 ModelTable *table, const JsonNode *node);

/* Gives a ref the type of the key that it refers to. All tables have been read. */
extern void plasma_key_resolve(FaultList *faults, const FaultPath *path,
							   const Model *model, ModelColumn *column);

/* Notes a column of the key whose type makes no key. */
extern void plasma_key_check(FaultList *faults, const FaultPath *path,
							 const Model *model, const ModelTable *table,
							 const ModelColumn *column);

#endif							/* PLASMA_KEY_H */

/*
 * clone.h
 *		Empty copies of tables, for trying a plan on them.
 */
#ifndef PLASMA_CLONE_H
#define PLASMA_CLONE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/* The schema of this session's temporary tables, which is made if need be. */
extern char *plasma_clone_schema(void);

/*
 * Makes a temporary table of the same name, without rows, for each table that
 * exists (LiveTable *), as the caller.
 */
extern void plasma_clone_tables(List *live, const char *schema);

/* A copy of a model of which tables are in another schema; only those listed (char *). */
extern Model *plasma_clone_model(const Model *model, List *names, const char *schema);

#endif							/* PLASMA_CLONE_H */

/*
 * create.h
 *		Making the tables of a declaration that are not there.
 */
#ifndef PLASMA_CREATE_H
#define PLASMA_CREATE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/enrol.h"

/*
 * A statement of DDL as the caller. An error in a declared predicate tells
 * where it was declared: auth is the key of "auth", or NULL.
 */
extern void plasma_create_run(const ModelTable *table, const char *sql, const char *auth);

/* Enum types of tables that are to be made: LiveTable *. */
extern void plasma_create_types(List *live);

/*
 * The tables, which all get their relid; entries are the rows of the registry.
 * done gets the names of those that are made, and of those that are found.
 */
extern void plasma_create_tables(Model *model, List *live, List *entries, Enrolled *done);

#endif							/* PLASMA_CREATE_H */

/*
 * depend.h
 *		What hangs on a column or a table.
 */
#ifndef PLASMA_DEPEND_H
#define PLASMA_DEPEND_H

#include "postgres.h"

#include "access/attnum.h"
#include "nodes/pg_list.h"

/*
 * Descriptions (char *, as the server names objects) of what keeps a column, or
 * with attnum 0 a table, from being dropped without CASCADE: views, rules,
 * policies, generated columns, triggers, foreign keys of other tables, column
 * lists of publications, functions.  What plasma makes is left out.
 */
extern List *plasma_depend_blockers(Oid relid, AttrNumber attnum);

/* What else has a type, or an array of it, than the tables (Oid) and what is theirs. */
extern List *plasma_depend_type_users(Oid typid, List *relids);

/* What DROP COLUMN takes away without a word: indexes, checks, constraints of several columns. */
extern List *plasma_depend_lost(Oid relid, AttrNumber attnum);

#endif							/* PLASMA_DEPEND_H */

/*
 * settle.h
 *		A declared model in the terms of the database that it is compared with:
 *		where both mean the same, the declared one takes the live one's words.
 */
#ifndef PLASMA_SETTLE_H
#define PLASMA_SETTLE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/*
 * For each declared column that exists: the live type where it will do for the
 * kind (accepted), the live text of a default or of a generated expression that
 * says the same; then refs get the type of their target's key as it is now.
 * Default literals follow the type. Of the functions in them, only the server's own
 * are run.  The active declaration is settled with the same tables, too, before the
 * two are compared.
 */
extern void plasma_settle_model(Model *declared, List *live);

/* Whether a column of a kind may be of a type: the types that adoption accepts. */
extern bool plasma_settle_accepts(ColumnKind kind, Oid typid, int32 typmod);

#endif							/* PLASMA_SETTLE_H */

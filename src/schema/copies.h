/*
 * copies.h
 *		Which DDL leaves what clients hold of a synced table good.
 */
#ifndef PLASMA_COPIES_H
#define PLASMA_COPIES_H

#include "postgres.h"

#include "access/htup.h"
#include "nodes/pg_list.h"

/*
 * A number for a column as its row of pg_attribute has it: it changes with each
 * DDL on the column, and is the same on a standby.
 */
extern uint64 plasma_copies_mark(HeapTuple attribute);

/*
 * Says that clients may keep what they hold of a synced table, whose columns
 * this transaction has altered or has just registered.  To be called after the
 * DDL, in its transaction, and for new columns after plasma_registry_put;
 * whatever it is not called for makes clients fetch the table anew.
 *
 * added: names of columns that are new to the registry.  The caller answers for
 * their values: they are null in all rows of before, or an entry for each row is
 * written in this transaction, or the user wants none.
 *
 * changed: names of columns whose type was changed.  The caller answers for
 * their values likewise, and for each rewrite of the table in this transaction:
 * see plasma_copies_rewritten_here.
 *
 * Of all other columns any DDL is taken to be harmless that left their type and
 * did not rewrite the table: defaults, NOT NULL, privileges.
 *
 * Returns the names of the columns whose DDL clients will not notice.
 */
extern List *plasma_copies_keep(Oid relid, List *added, List *changed);

/*
 * Whether this transaction has given a table, or a partition of it, new files;
 * asked before the caller's own DDL, whether somebody else has.
 */
extern bool plasma_copies_rewritten_here(Oid relid);

/* Whether this transaction has added a column, so that nobody else wrote to it. */
extern bool plasma_copies_added_here(Oid relid, const char *column);

/*
 * Makes clients fetch a synced table anew.  Returns its new generation, 0 where
 * the table is not synced.  Asks for the lock of apply.
 */
extern int64 plasma_copies_reset(Oid relid);

#endif							/* PLASMA_COPIES_H */

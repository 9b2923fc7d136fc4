/*
 * reread.h
 *		The live row of a key, as it is after all that this transaction did.
 */
#ifndef PLASMA_REREAD_H
#define PLASMA_REREAD_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "log/source.h"

typedef struct Reread Reread;

/* Lives in the current context, until plasma_reread_end or an error. */
extern Reread *plasma_reread_begin(const Source *source);

/* Whether rows can be found: no index on the key, no look-up. */
extern bool plasma_reread_usable(Reread *reread);

/*
 * The row with this key in the shape of the source, or NULL.  Good until the
 * next call.
 */
extern TupleTableSlot *plasma_reread_find(Reread *reread, const Datum *key);

/*
 * The command of this transaction that wrote the row that was found last;
 * InvalidCommandId where that is not known.
 */
extern CommandId plasma_reread_written_at(Reread *reread);

/* Whether this transaction has deleted a row of the key, or moved one off it. */
extern bool plasma_reread_removed(Reread *reread, const Datum *key);

extern void plasma_reread_end(Reread *reread);

#endif							/* PLASMA_REREAD_H */

/*
 * fold.h
 *		Compacting a part of the log.
 */
#ifndef PLASMA_FOLD_H
#define PLASMA_FOLD_H

#include "postgres.h"

/*
 * How plasma.compacted_rows knows the id of a row: by a digest where the id is too
 * long for its index, made longer than any id that is not.
 */
#define FOLD_KEY(id) \
	"CASE WHEN octet_length(" id ") <= 1000 THEN " id \
	" ELSE rpad(encode(sha256(convert_to(" id ", 'UTF8')), 'hex'), 1001) END"

typedef struct FoldCount
{
	int64		scanned;		/* entries that were looked at */
	int64		removed;
	int64		kept;			/* of those that were looked at */
} FoldCount;

/*
 * Each does at most so much, adds to the count, and says whether it did anything.
 * To be called under the lock of compaction.
 */
extern bool plasma_fold_entries(int batch, FoldCount *count);
extern bool plasma_fold_cleared(int batch, FoldCount *count);
extern bool plasma_fold_dropped(int batch, FoldCount *count);
extern bool plasma_fold_forget(int batch);

#endif							/* PLASMA_FOLD_H */

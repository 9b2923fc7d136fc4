/*
 * kind.h
 *		The kinds of columns: one row of functions each.
 */
#ifndef PLASMA_KIND_H
#define PLASMA_KIND_H

#include "postgres.h"

#include "base/json.h"

typedef enum ColumnKind
{
	KIND_ID,
	KIND_TEXT,
	KIND_INT,
	KIND_BIGINT,
	KIND_BOOLEAN,
	KIND_BLOB,
	KIND_JSON,
	KIND_FILE,
	KIND_REF,
	KIND_CRDT_COUNTER,
	KIND_CRDT_PN_COUNTER,
	KIND_CRDT_LWW_REGISTER,
	KIND_CRDT_OR_SET,
	KIND_SQL
} ColumnKind;

typedef struct ColumnKindOps
{
	const char *name;
	Oid			typid;			/* InvalidOid: declared (sql) or the target's (ref) */

	/* jsonpath filter that every value passes, or NULL. */
	const char *shape;

	/*
	 * Condition on the column that its table checks, the one %s being the
	 * quoted column; true or unknown for NULL. Or NULL.
	 */
	const char *check;

	/*
	 * The text form of a declared default, for the input function of the
	 * column's type; or NULL with *fault set to what the kind takes instead.
	 */
	char	   *(*default_text) (const JsonNode *node, const char **fault);
} ColumnKindOps;

extern const ColumnKindOps *plasma_kind_ops(ColumnKind kind);

/* False when no kind has that name. */
extern bool plasma_kind_find(const char *name, ColumnKind *kind);

/* The jsonpath that values of a column pass, the envelope's if it is encrypted; or NULL. */
extern const char *plasma_kind_shape(ColumnKind kind, bool encrypted);

/* The condition for a column: the envelope's if it is encrypted, else the kind's. */
extern const char *plasma_kind_check(ColumnKind kind, bool encrypted);

/* The names of all kinds, for messages. */
extern char *plasma_kind_names(void);

#endif							/* PLASMA_KIND_H */

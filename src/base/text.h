/*
 * text.h
 *		Names and literals in SQL and JSON text.  Nothing else in plasma quotes.
 */
#ifndef PLASMA_TEXT_H
#define PLASMA_TEXT_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

/* "schema"."name", each quoted where SQL needs it. */
extern char *plasma_text_qualified(const char *schema, const char *name);

/* The same for a relation that exists; NULL when it does not. */
extern char *plasma_text_relation(Oid relid);

/* An SQL string literal. */
extern char *plasma_text_literal(const char *text);

/* A JSON string, appended; of bytes that need not end in a zero. */
extern void plasma_text_json(StringInfo out, const char *text);
extern void plasma_text_json_bytes(StringInfo out, const char *bytes, int len);

/* A list of C strings as text[], and back. */
extern Datum plasma_text_array(List *strings);
extern List *plasma_text_list(Datum array);

/*
 * appendBinaryStringInfo for hot paths: no call where there is room, and no
 * zero byte after what was appended.
 */
static inline void
plasma_text_append(StringInfo out, const char *bytes, int len)
{
	if (unlikely(out->len + len >= out->maxlen))
		enlargeStringInfo(out, len);
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

/* The position of a string in a list, or -1. */
extern int	plasma_text_position(List *strings, const char *text);

/* Whether two lists hold the same strings, in the same order. */
extern bool plasma_text_same(List *a, List *b);

/* A list of names, each quoted where SQL needs it: a, "B". */
extern char *plasma_text_names(List *names);

#endif							/* PLASMA_TEXT_H */

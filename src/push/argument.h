/*
 * argument.h
 *		Values of SQL types made from the JSON values that a client sent.
 */
#ifndef PLASMA_ARGUMENT_H
#define PLASMA_ARGUMENT_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

typedef enum ArgumentKind
{
	ARGUMENT_JSONB,				/* as it is */
	ARGUMENT_JSON,				/* its JSON text, through the type's input */
	ARGUMENT_BYTES,				/* base64 */
	ARGUMENT_ARRAY,				/* from a JSON array */
	ARGUMENT_ROW,				/* from a JSON object */
	ARGUMENT_SCALAR				/* the text of a JSON scalar, through the type's input */
} ArgumentKind;

typedef struct ArgumentType
{
	Oid			typid;
	ArgumentKind kind;
	bool		domain;
	FmgrInfo	input;
	Oid			ioparam;
	char	   *query;			/* of arrays and rows: makes the value */
} ArgumentType;

/* Looks a type up; what it allocates lives in the current context. */
extern void plasma_argument_prepare(ArgumentType *type, Oid typid);

/*
 * The value, in the current context.  Raises what the type's input raises, and
 * 22023 where the shape of the JSON is not one for the type; label says whose
 * value it is.
 */
extern Datum plasma_argument_make(ArgumentType *type, JsonbValue *value,
								  const char *label, bool *isnull);

/* Raises 22003 for numbers that are short in JSON and very long when written out. */
extern void plasma_argument_check_numbers(Jsonb *args, const char *label);

#endif							/* PLASMA_ARGUMENT_H */

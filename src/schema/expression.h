/*
 * expression.h
 *		Whether a declared expression is the one that the database has.
 */
#ifndef PLASMA_EXPRESSION_H
#define PLASMA_EXPRESSION_H

#include "postgres.h"

#include "schema/model.h"
#include "utils/hsearch.h"

/* Pairs of texts that were compared before: defaults repeat themselves. */
extern HTAB *plasma_expression_memo(void);

/*
 * Whether the server would store the declared default, or generated
 * expression, of a column as the one that the live column of the table has, or
 * as one of the same value.  One that the server does not take is not the same.
 */
extern bool plasma_expression_is_live(HTAB *memo, Oid relid,
									  const ModelColumn *declared,
									  const ModelColumn *live);

#endif							/* PLASMA_EXPRESSION_H */

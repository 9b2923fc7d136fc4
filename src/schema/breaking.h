/*
 * breaking.h
 *		Which changes of a declaration break clients that know only what was
 *		before it.
 */
#ifndef PLASMA_BREAKING_H
#define PLASMA_BREAKING_H

#include "postgres.h"

#include "schema/diff.h"
#include "schema/model.h"

#define BREAKING_REQUIRED	"BC101" /* they push rows without a value */
#define BREAKING_REMOVED	"BC102" /* they read and write what is gone */
#define BREAKING_KIND		"BC103" /* they read values of another kind */
#define BREAKING_NULLS		"BC104" /* they read null where they expect none */
#define BREAKING_MEANING	"BC107" /* deletes do to a column what they do not expect */

/*
 * How a change from an older declaration (live) to a newer one (declared)
 * breaks clients of the older one; NULL when it does not.
 */
extern const char *plasma_breaking_code(const Change *change);

/* Whether clients of the first declaration break under the second one. */
extern bool plasma_breaking_models(const Model *old, const Model *new);

/* Whether clients read and write the values of both columns in the same form. */
extern bool plasma_breaking_same_form(const ModelColumn *a, const ModelColumn *b);

/* Whether a row that says nothing of the column is refused. */
extern bool plasma_breaking_demands_value(const ModelColumn *column);

#endif							/* PLASMA_BREAKING_H */

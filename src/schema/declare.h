/*
 * declare.h
 *		From the JSON of a declaration to a model.
 */
#ifndef PLASMA_DECLARE_H
#define PLASMA_DECLARE_H

#include "postgres.h"

#include "schema/model.h"

/*
 * The model that a declaration describes.  Raises PL002 with all its faults,
 * each with its JSON path.  Takes no lock and writes nothing.
 */
extern Model *plasma_declare_parse(const char *json_text, int len);

/*
 * The declaration as compact JSON, for its hash: white space and escapes do
 * not count, the order of keys does.  Raises PL002 when it is no JSON.
 */
extern char *plasma_declare_canonical(const char *json_text, int len);

#endif							/* PLASMA_DECLARE_H */

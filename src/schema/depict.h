/*
 * depict.h
 *		A Model as the JSON of a declaration.
 */
#ifndef PLASMA_DEPICT_H
#define PLASMA_DEPICT_H

#include "postgres.h"

#include "base/json.h"
#include "schema/model.h"

/*
 * The value of "tables", each column with what it needs and no more.  Asks for
 * the settings of SETTING_ALL.  past, or NULL, is the declaration that tells of
 * what encrypted columns are.
 */
extern char *plasma_depict_tables(const Model *model, const JsonNode *past);

/* The value of "scopes": those that tables of the model have; NULL for none. */
extern char *plasma_depict_scopes(const Model *model);

#endif							/* PLASMA_DEPICT_H */

/*
 * fit.h
 *		Whether a declaration can be applied to what is in the database.
 */
#ifndef PLASMA_FIT_H
#define PLASMA_FIT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/model.h"

/*
 * Raises 42501 or 3F000 when the caller may not make or adopt a table
 * (LiveTable *), or let a registered one (RegistryEntry *) go.
 */
extern void plasma_fit_check_rights(const Model *model, List *live, List *entries);

/*
 * Settles the model with what is there, and raises PL001 with all that is in
 * the way of adopting it as it is.
 */
extern void plasma_fit_check(Model *model, List *live);

#endif							/* PLASMA_FIT_H */

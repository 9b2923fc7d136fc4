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
 * Raises PL001 with all differences between the declared tables and those that
 * exist, or that are registered (RegistryEntry *) under another name.
 */
extern void plasma_fit_check(const Model *model, List *live, List *entries);

#endif							/* PLASMA_FIT_H */

/*
 * scope.h
 *		Scopes: from the declaration to plasma.scopes, and from there to the
 *		registry.
 */
#ifndef PLASMA_SCOPE_H
#define PLASMA_SCOPE_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "schema/registry.h"

/* All of them: SyncScope *, by name. */
extern List *plasma_scope_read(void);

/* One of these by name; one that lists no slice is added where there is none. */
extern const SyncScope *plasma_scope_find(List **scopes, const char *name, int ncolumns);

#endif							/* PLASMA_SCOPE_H */

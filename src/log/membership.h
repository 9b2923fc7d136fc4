/*
 * membership.h
 *		The slices of a scope that a caller may sync.
 */
#ifndef PLASMA_MEMBERSHIP_H
#define PLASMA_MEMBERSHIP_H

#include "postgres.h"

#include "schema/registry.h"

/* A slice as the log names it. */
typedef struct SliceName
{
	char	   *name;
	int			slice;			/* place among the values */
} SliceName;

typedef struct Membership
{
	const SyncScope *scope;
	int			nslices;
	char	  **values;			/* canonical texts, ascending by bytes */
	SliceName  *names;			/* ascending likewise */
} Membership;

/*
 * Asks the scope's query, as the current role and in the active snapshot.
 * Raises 54000 where that are more slices than plasma.max_scopes.
 */
extern Membership *plasma_membership_read(const SyncScope *scope);

/* The slice of a value, or of a name in the log; -1 when the caller has none such. */
extern int	plasma_membership_of_value(const Membership *membership, const char *value);
extern int	plasma_membership_of_name(const Membership *membership, const char *name);

#endif							/* PLASMA_MEMBERSHIP_H */

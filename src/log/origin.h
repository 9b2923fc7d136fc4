/*
 * origin.h
 *		Which mutation the current write belongs to.  State of the backend, not
 *		a table: a shared row would be a global lock or a wrong attribution.
 */
#ifndef PLASMA_ORIGIN_H
#define PLASMA_ORIGIN_H

#include "postgres.h"

typedef struct Origin
{
	const char *client_group_id;	/* NULL: no push is running */
	const char *client_id;
	int64		mutation_id;
} Origin;

extern const Origin *plasma_origin_current(void);

/*
 * The strings must outlive the mutation.  The origin ends with
 * plasma_origin_clear, and with the abort of the (sub)transaction in which it
 * was set or of one around it; errors that a mutator catches leave it alone.
 */
extern void plasma_origin_set(const char *client_group_id, const char *client_id,
							  int64 mutation_id);
extern void plasma_origin_clear(void);

#endif							/* PLASMA_ORIGIN_H */

/*
 * guard.h
 *		What must not outlive a request.
 */
#ifndef PLASMA_GUARD_H
#define PLASMA_GUARD_H

#include "postgres.h"

typedef struct GuardScope
{
	Oid			userid;
	int			sec_context;
	int			settings_level;
} GuardScope;

/* Begins to look at each utility statement; once, when the library is loaded. */
extern void plasma_guard_install(void);

/*
 * Around what only reads: settings that are made meanwhile go with it, and in a
 * role that ctx named, nothing can be put off to the end of the transaction.
 * After an error the end of the (sub)transaction undoes both.
 */
extern void plasma_guard_enter(GuardScope *scope);
extern void plasma_guard_leave(const GuardScope *scope);

#endif							/* PLASMA_GUARD_H */

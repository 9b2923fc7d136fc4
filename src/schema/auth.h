/*
 * auth.h
 *		Whether declared auth holds for the current role.
 */
#ifndef PLASMA_AUTH_H
#define PLASMA_AUTH_H

#include "postgres.h"

#include "schema/registry.h"

typedef enum AuthPath
{
	AUTH_PULL,					/* rows of the tables that are pulled are read */
	AUTH_PUSH					/* a mutator may do with any table what the role may */
} AuthPath;

/*
 * Raises where the current role could touch rows of a table with declared auth
 * that its policies do not guard from it.
 */
extern void plasma_auth_check(const Registry *registry, AuthPath path);

#endif							/* PLASMA_AUTH_H */

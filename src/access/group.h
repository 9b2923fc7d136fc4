/*
 * group.h
 *		Ownership of client groups.
 */
#ifndef PLASMA_GROUP_H
#define PLASMA_GROUP_H

#include "postgres.h"

/* Raises PL004 when the group belongs to another identity; writes nothing. */
extern void plasma_group_check(const char *client_group_id);

/* The same, and makes a group that has no owner the caller's. */
extern void plasma_group_claim(const char *client_group_id);

#endif							/* PLASMA_GROUP_H */

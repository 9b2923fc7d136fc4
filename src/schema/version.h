/*
 * version.h
 *		The declarations that were accepted, and which client versions they let
 *		through.
 */
#ifndef PLASMA_VERSION_H
#define PLASMA_VERSION_H

#include "postgres.h"

/* Raises PL003 when clients of this schema version are not served. */
extern void plasma_version_check(const char *schema_version);

#endif							/* PLASMA_VERSION_H */

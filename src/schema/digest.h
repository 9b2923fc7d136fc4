/*
 * digest.h
 *		One hash of all objects of the database that plasma manages, so that a
 *		plan is not applied to another catalog than it was made on.
 */
#ifndef PLASMA_DIGEST_H
#define PLASMA_DIGEST_H

#include "postgres.h"

#include "nodes/pg_list.h"

/*
 * sha256, hex, over names, types, nullability, defaults, keys, constraints,
 * policies and capture of the tables (LiveTable *), and the registry.  Other
 * DDL does not change it; nor does anything of one server or session.
 */
extern char *plasma_digest_catalog(List *live);

#endif							/* PLASMA_DIGEST_H */

/*
 * probe.h
 *		What the rules ask the catalogs.
 */
#ifndef PLASMA_PROBE_H
#define PLASMA_PROBE_H

#include "postgres.h"

#include "plan/compare.h"
#include "schema/model.h"

typedef enum ProbeDefault
{
	DEFAULT_NONE,
	DEFAULT_CONSTANT,
	DEFAULT_STABLE,				/* one value for all existing rows */
	DEFAULT_VOLATILE			/* another one for each row */
} ProbeDefault;

/* What a default gives to existing rows. */
extern ProbeDefault plasma_probe_default(const ModelColumn *column);

/* Whether the type is a domain that has constraints, and whether it takes null. */
extern bool plasma_probe_is_checked_domain(Oid typid);
extern bool plasma_probe_takes_null(Oid typid);

/* Whether a foreign key can go from a column to the key of its target. */
extern bool plasma_probe_can_refer(const ModelColumn *column, const ModelColumn *key);

/* The column that a reference points to, as it is or is going to be; or NULL. */
extern const ModelColumn *plasma_probe_target_key(const PlanChange *change);

/* Whether plasma would have given that name: "key" for unique, "fkey" for a reference. */
extern bool plasma_probe_is_own_name(const PlanChange *change, const char *name,
									 const char *label);

extern bool plasma_probe_has_primary_key(Oid relid);

/* Whether something still has the name in the schema that was declared before. */
extern bool plasma_probe_is_left_behind(const PlanChange *change);

#endif							/* PLASMA_PROBE_H */

/*
 * misfit.h
 *		How a difference between a declaration and the database is told.
 */
#ifndef PLASMA_MISFIT_H
#define PLASMA_MISFIT_H

#include "postgres.h"

#include "schema/diff.h"
#include "schema/obstacle.h"

/* A change of DIFF_CATALOG; NULL where the database has what is not declared. */
extern char *plasma_misfit_change(const Change *change);

extern char *plasma_misfit_obstacle(const Obstacle *obstacle);

#endif							/* PLASMA_MISFIT_H */

/*
 * hydrate.h
 *		Tables, or slices of them, sent whole, in key order, over as many pages as
 *		it takes.
 */
#ifndef PLASMA_HYDRATE_H
#define PLASMA_HYDRATE_H

#include "postgres.h"

#include "log/page.h"

/* Fills what is left of the page. Returns whether everything is through. */
extern bool plasma_hydrate_run(PullPage *page);

#endif							/* PLASMA_HYDRATE_H */

/*
 * difference.h
 *		When two tables or two columns differ.
 */
#ifndef PLASMA_DIFFERENCE_H
#define PLASMA_DIFFERENCE_H

#include "postgres.h"

#include "schema/diff.h"

extern bool plasma_difference_table(ChangeKind kind, DiffSource live_is,
									const ModelTable *declared, const ModelTable *live);
extern bool plasma_difference_column(ChangeKind kind, DiffSource live_is,
									 const ModelColumn *declared, const ModelColumn *live);

/* Whether any of the labels (char *) is none of the others. */
extern bool plasma_difference_labels(List *labels, List *others);

#endif							/* PLASMA_DIFFERENCE_H */

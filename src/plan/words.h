/*
 * words.h
 *		The words of a change for the texts of issues.
 */
#ifndef PLASMA_WORDS_H
#define PLASMA_WORDS_H

#include "postgres.h"

#include "plan/compare.h"
#include "plan/issue.h"

extern IssueWords plasma_words_of(const PlanChange *change);

/* The names of a table and a column as they are, or were, declared. */
extern const char *plasma_words_table(const PlanChange *change);
extern const char *plasma_words_column(const PlanChange *change);	/* or NULL */

/* A type for people: qualified only where the name alone would be another one. */
extern char *plasma_words_type(const ModelColumn *column);

/* a, b, c */
extern char *plasma_words_list(List *texts);

#endif							/* PLASMA_WORDS_H */

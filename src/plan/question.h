/*
 * question.h
 *		A question to the data as SQL text.
 */
#ifndef PLASMA_QUESTION_H
#define PLASMA_QUESTION_H

#include "postgres.h"

#include "plan/check.h"
#include "plan/compare.h"

/* Rows, or groups of rows, that stand in the way of a change. */
typedef struct Question
{
	char	   *from;			/* with the table as t */
	char	   *where;			/* or NULL */
	char	   *group;			/* the value whose groups are meant, or NULL */
	int			least;			/* so many rows stand in the way, fewer do not */
	List	   *key;			/* char *: columns that name a row, NIL where none are told */
} Question;

extern Question plasma_question_make(const PlanChange *change, CheckKind kind);

/* SELECT EXISTS (...). */
extern char *plasma_question_exists(const Question *question);

/*
 * Rows of a count, which is the same in each and stops after limit + 1, and of
 * the key's columns or the group's value: nsample of them.
 */
extern char *plasma_question_sample(const Question *question, int64 limit, int nsample);

/* The condition under which a value of the old type is lost in the new one. */
extern char *plasma_question_lossy(const PlanChange *change, const char *value);

#endif							/* PLASMA_QUESTION_H */

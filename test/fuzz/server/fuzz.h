/*
 * fuzz.h
 *		libFuzzer inside a backend.
 */
#ifndef PLASMA_FUZZ_H
#define PLASMA_FUZZ_H

#include "postgres.h"

#include "base/json.h"

/* One input on its way through a target. */
typedef struct FuzzInput
{
	const char *text;			/* UTF-8, ends in a zero */
	bool		entered;		/* what is raised from here on is plasma's doing */
} FuzzInput;

typedef struct FuzzTarget
{
	const char *name;
	int			head_lines;		/* lines before the JSON */
	void		(*run) (FuzzInput *input);
	const int  *raised;			/* SQLSTATEs that may be raised, 0 ends the list */
} FuzzTarget;

/* targets.c */
extern const FuzzTarget plasma_fuzz_targets[];

/* mutate.c: a text that differs from another in one node of its tree. */
extern char *plasma_fuzz_mutate(const char *json, int len, unsigned int seed);

/* Ends the process, with the input kept by libFuzzer, unless the fact holds. */
#define HOLDS(fact, ...) \
	((fact) ? (void) 0 : plasma_fuzz_fail(#fact, psprintf(__VA_ARGS__)))

extern void plasma_fuzz_fail(const char *fact, const char *what) __attribute__((noreturn));

#endif							/* PLASMA_FUZZ_H */

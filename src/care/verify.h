/*
 * verify.h
 *		What is wrong with the installation.
 */
#ifndef PLASMA_VERIFY_H
#define PLASMA_VERIFY_H

#include "postgres.h"

#include "nodes/pg_list.h"

#define VERIFY_COLUMNS	5

/* code, severity, object, problem, fix; as in the answer of plasma.verify(). */
typedef struct VerifyFinding
{
	const char *field[VERIFY_COLUMNS];
} VerifyFinding;

#define VERIFY_CODE		0
#define VERIFY_SEVERITY	1
#define VERIFY_OBJECT	2
#define VERIFY_PROBLEM	3
#define VERIFY_FIX		4

/* All findings by code and object, VerifyFinding *, in the active snapshot. */
extern List *plasma_verify_find(void);

/* Whether one of them has the code. */
extern bool plasma_verify_has(List *findings, const char *code);

#endif							/* PLASMA_VERIFY_H */

/*
 * wording.h
 *		The texts of issues.
 */
#ifndef PLASMA_WORDING_H
#define PLASMA_WORDING_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "plan/issue.h"

/* Whether there is a text for such a code. */
extern bool plasma_wording_knows(const char *code);

/* Sets the texts of an issue that is made but for them. */
extern void plasma_wording_set(Issue *issue, const IssueWords *words);

/* Appends a text; whatever an application calls its things, it stays one line. */
extern void plasma_wording_line(StringInfo out, const char *text);

#endif							/* PLASMA_WORDING_H */

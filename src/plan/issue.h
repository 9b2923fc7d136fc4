/*
 * issue.h
 *		What is to be said of a change: a code, an Issue and a Fix.
 */
#ifndef PLASMA_ISSUE_H
#define PLASMA_ISSUE_H

#include "postgres.h"

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "plan/check.h"
#include "plan/compare.h"

typedef enum Severity
{
	SEVERITY_INFO,
	SEVERITY_WARNING,
	SEVERITY_REFUSE
} Severity;

typedef struct Issue
{
	const char *code;			/* "MF101" */
	Severity	severity;
	const char *row;			/* of the truth table, "C6", or NULL */
	char	   *table;			/* declared names, or NULL */
	char	   *column;
	char	   *path;			/* JSON path in the declaration */
	char	   *issue;			/* the texts, filled in */
	char	   *fix;
	CheckResult *check;			/* NULL: no data was asked */
	bool		client_breaking;
	bool		allowable;		/* "allow" lets it through if the data permits */
	bool		allowed;		/* and did */
} Issue;

/*
 * The values for the {placeholders} of the texts; those that a text does not
 * name may be NULL.
 */
typedef struct IssueWords
{
	const char *a;				/* {a} from */
	const char *b;				/* {b} to */
	const char *d;				/* {d} the other name */
	const char *r;				/* {r} the referenced table */
	const char *type;			/* {type} of the column in the database */
	const char *key_type;		/* {keytype} of the key of the referenced table */
	const char *x;				/* {x} what was found */
	const char *labels;
	const char *size;
	const char *version;		/* {v} */
	const char *blocked;		/* {what} is kept off: "writes" or "all access" */
	const char *remedy;			/* {do}: the fix, where it depends on the options */
} IssueWords;

/* An issue of the code about a table (and column), texts filled in. */
extern Issue *plasma_issue_make(const char *code, Severity severity, const char *row,
								const char *table, const char *column,
								const char *path, CheckResult *check,
								const IssueWords *words);

/* "info", "warning" or "refuse". */
extern const char *plasma_issue_severity_name(Severity severity);

/* The issue as a JSON object, appended. */
extern void plasma_issue_write(StringInfo out, const Issue *issue);

/* Whether there is such a code. */
extern bool plasma_issue_is_code(const char *code);

/*
 * The refusals in the layout of the error's DETAIL; the last line is the same
 * as JSON.
 */
extern char *plasma_issue_layout(List *issues);

#endif							/* PLASMA_ISSUE_H */

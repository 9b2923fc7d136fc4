/*
 * issue.c
 *		Issues, as JSON and as the DETAIL of an error.
 *
 *		In come the code and the place of what is the matter, out goes what
 *		people and programs read of it.  Pure.
 */
#include "postgres.h"

#include "base/text.h"
#include "plan/issue.h"
#include "plan/wording.h"

static const char *const severity_names[] = {
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_REFUSE] = "refuse"
};

bool
plasma_issue_is_code(const char *code)
{
	return plasma_wording_knows(code);
}

const char *
plasma_issue_severity_name(Severity severity)
{
	return severity_names[severity];
}

Issue *
plasma_issue_make(const char *code, Severity severity, const char *row,
				  const char *table, const char *column, const char *path,
				  CheckResult *check, const IssueWords *words)
{
	Issue	   *issue = palloc0(sizeof(Issue));

	issue->code = code;
	issue->severity = severity;
	issue->row = row;
	issue->table = table ? pstrdup(table) : NULL;
	issue->column = column ? pstrdup(column) : NULL;
	issue->path = path ? pstrdup(path) : NULL;
	issue->check = check;
	plasma_wording_set(issue, words);
	return issue;
}

static void
write_text(StringInfo out, const char *key, const char *text)
{
	appendStringInfo(out, ",\"%s\":", key);
	if (text == NULL)
		appendStringInfoString(out, "null");
	else
		plasma_text_json(out, text);
}

static void
write_flag(StringInfo out, const char *key, bool flag)
{
	appendStringInfo(out, ",\"%s\":%s", key, flag ? "true" : "false");
}

static void
write_check(StringInfo out, const CheckResult *check)
{
	ListCell   *cell;

	write_text(out, "check", check->sql);
	write_flag(out, "violates", check->violates);
	appendStringInfo(out, ",\"count\":" INT64_FORMAT, Min(check->count, check->limit));
	write_flag(out, "capped", check->count > check->limit);
	appendStringInfoString(out, ",\"sample\":[");
	foreach(cell, check->sample)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoChar(out, ',');
		plasma_text_json(out, lfirst(cell));
	}
	appendStringInfoChar(out, ']');
}

void
plasma_issue_write(StringInfo out, const Issue *issue)
{
	appendStringInfo(out, "{\"code\":\"%s\",\"severity\":\"%s\"", issue->code,
					 plasma_issue_severity_name(issue->severity));
	write_text(out, "row", issue->row);
	write_text(out, "table", issue->table);
	write_text(out, "column", issue->column);
	write_text(out, "path", issue->path);
	write_text(out, "issue", issue->issue);
	write_text(out, "fix", issue->fix);
	if (issue->check != NULL)
		write_check(out, issue->check);
	write_flag(out, "client_breaking", issue->client_breaking);
	write_flag(out, "allow", issue->allowable);
	write_flag(out, "allowed", issue->allowed);
	appendStringInfoChar(out, '}');
}

static bool
same_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* Issue and fix, further in below the name of a column. */
static void
lay_issue(StringInfo out, const Issue *issue, const char *column)
{
	const char *indent = issue->column ? "        " : "    ";

	if (issue->column != NULL && !same_text(issue->column, column))
	{
		appendStringInfoString(out, "    '");
		plasma_wording_line(out, issue->column);
		appendStringInfoString(out, "'\n");
	}
	appendStringInfo(out, "%sIssue: %s\n", indent, issue->issue);
	appendStringInfo(out, "%sFix:   %s\n", indent, issue->fix);
}

/* All issues of one table together, in their order. */
static void
lay_table(StringInfo out, List *issues, const char *table)
{
	const char *column = NULL;
	ListCell   *cell;

	if (table == NULL)
		appendStringInfoString(out, "Schema:\n");
	else
	{
		appendStringInfoString(out, "Table: '");
		plasma_wording_line(out, table);
		appendStringInfoString(out, "'\n");
	}
	foreach(cell, issues)
	{
		const Issue *issue = lfirst(cell);

		if (!same_text(issue->table, table))
			continue;
		lay_issue(out, issue, column);
		column = issue->column;
	}
}

static List *
refusals_of(List *issues)
{
	List	   *refusals = NIL;
	ListCell   *cell;

	foreach(cell, issues)
		if (((Issue *) lfirst(cell))->severity == SEVERITY_REFUSE)
			refusals = lappend(refusals, lfirst(cell));
	return refusals;
}

static bool
is_first_of_table(List *issues, int position)
{
	const Issue *issue = list_nth(issues, position);

	for (int i = 0; i < position; i++)
		if (same_text(((Issue *) list_nth(issues, i))->table, issue->table))
			return false;
	return true;
}

/* Whether it is the data alone that keeps the changes from being made. */
static bool
are_of_data(List *issues)
{
	ListCell   *cell;

	foreach(cell, issues)
	{
		const Issue *issue = lfirst(cell);

		if (issue->check == NULL || !issue->check->violates)
			return false;
	}
	return true;
}

char *
plasma_issue_layout(List *issues)
{
	List	   *refusals = refusals_of(issues);
	int			count = list_length(refusals);
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	if (are_of_data(refusals))
		appendStringInfo(&out, "%d schema %s cannot be applied to the data as it is:\n",
						 count, count == 1 ? "change" : "changes");
	else
		appendStringInfo(&out, "%d %s in the way:\n",
						 count, count == 1 ? "issue is" : "issues are");
	foreach(cell, refusals)
		if (is_first_of_table(refusals, foreach_current_index(cell)))
			lay_table(&out, refusals, ((Issue *) lfirst(cell))->table);
	appendStringInfoChar(&out, '[');
	foreach(cell, refusals)
	{
		if (foreach_current_index(cell) > 0)
			appendStringInfoChar(&out, ',');
		plasma_issue_write(&out, lfirst(cell));
	}
	appendStringInfoChar(&out, ']');
	return out.data;
}

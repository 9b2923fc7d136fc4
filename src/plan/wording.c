/*
 * wording.c
 *		The texts of all codes: what is the matter, and what to do about it.
 *
 *		A text is a template.  {t}, {c} and the words of IssueWords stand for
 *		names and values; {n}, {one|many}, {ids} and {values} are taken from the
 *		check of the data.  A code may have another text for one row of the truth
 *		table; codes that stand for many things get their fix from whoever found
 *		the thing.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "plan/wording.h"

#define SAMPLE_TEXT_MAX		60

typedef struct IssueText
{
	const char *code;
	const char *row;			/* NULL: any other */
	const char *issue;
	const char *fix;
} IssueText;

#define ADD_FORWARD \
	"declare it again beside the new one, fill the new one from it, let the code write both, " \
	"and drop the old one by hand once no client depends on it"
#define AS_PLAIN "name a table in the declaration, or give the table another name and declare that"

static const IssueText texts[] = {
	{"DS101", "T3", "removed a table, which is empty",
	"declare '{t}' again, or allow DS101, or drop it by hand once no client depends on it"},
	{"DS101", NULL, "removed a table that has {n} {row|rows}",
	"declare '{t}' again, or delete all its rows and allow DS101, or drop it by hand once no client depends on it"},
	{"DS102", "D2", "removed a nullable column, in which no row has a value",
	"declare '{c}' again, or allow DS102, or drop it by hand once no client depends on it"},
	{"DS102", NULL, "removed a nullable column that still has {n} {value|values}{ids}",
	"declare '{c}' again, or clear it in every row and allow DS102, or drop it by hand once no client depends on it"},
	{"DS103", "D1", "the NOT NULL column '{c}' is no longer declared ('{t}' is empty)",
	"declare '{c}' again, or allow DS103, or drop it by hand once no client depends on it"},
	{"DS103", NULL, "the NOT NULL column '{c}' is no longer declared ({n} {row exists|rows exist})",
	"declare '{c}' again, or declare it nullable, clear it in every row and then stop declaring it with DS102 allowed, "
	"or empty '{t}' and allow DS103"},
	{"DS104", "T5", "removed '{t}' and added '{d}' with the same columns: a rename is a drop and an add",
	ADD_FORWARD},
	{"DS104", NULL, "removed '{c}' and added '{d}' of the same kind: a rename is a drop and an add",
	ADD_FORWARD},
	{"DS105", "C19", "a column '{c}' of type {a} is in the database already, {b} is declared",
	"declare '{c}' as it is, or give the new column another name, or change the type by hand"},
	{"DS105", "D20", "{a} and {b} values would stand side by side in '{c}'",
	"keep '{c}' as it is and declare a second, nullable column; or clear '{c}' in every row and allow DS105"},
	{"DS105", NULL, "the kind of '{c}' went from {a} to {b}",
	"keep '{c}' as {a} and declare a second, nullable column of kind {b}, fill it and let the code write both; "
	"or change the type by hand; or allow DS105, if the data permits it"},
	{"DS106", "Y11", "the labels of '{c}' are in another order or have other names",
	"declare the labels in the order of the database; a label gets another name by hand only"},
	{"DS106", NULL, "the labels declared for '{c}' are not all values that it may hold ({n} {row holds|rows hold} others{ids})",
	"declare the missing labels, or change those rows to one of {labels} and allow DS106"},
	{"DS107", NULL, "changed the primary key from {a} to {b}",
	"declare a new table with that key and move the rows"},
	{"DS108", NULL, "removed a file column that still refers to {n} {file|files}{ids}",
	"declare '{c}' again, or clear it in every row and allow DS108"},

	{"MF101", NULL, "added a column that is NOT NULL and has no default ({n} {row exists|rows exist})",
	"declare '{c}' nullable or with a default, or empty '{t}' first"},
	{"MF102", "C8", "the expression of '{c}' is null for {n} {row|rows}, but the column is NOT NULL",
	"declare '{c}' nullable, or change the rows or the expression first{ids}"},
	{"MF102", "D11", "'{c}' became NOT NULL, which the policy strict leaves to you",
	"declare '{c}' nullable, or allow MF102, or set NOT NULL by hand"},
	{"MF102", NULL, "'{c}' became NOT NULL but {n} {row holds|rows hold} null",
	"give {this row|these rows} a value first{ids}, or declare '{c}' nullable"},
	{"MF103", "C14", "added a unique column with a default, which all existing rows would share",
	"declare '{c}' nullable and without a default, give each row a value of its own, and then declare the rest"},
	{"MF103", NULL, "added unique to a column with {n} duplicated {value|values}",
	"remove the duplicates first{values}"},
	{"MF104", "C16", "the default of '{c}' points to no row of '{r}'",
	"put that row into '{r}' first, or declare '{c}' nullable and without a default, or with onDelete noAction"},
	{"MF104", NULL, "added a reference with {n} {row that points|rows that point} nowhere",
	"fix or null {this row|these rows}{ids}, or declare onDelete noAction"},
	{"MF105", "Y13", "{n} {value is|values are} not what kind {b} takes",
	"change {this row|these rows} first{ids}"},
	{"MF105", NULL, "{n} {value|values} cannot become {b} without a loss",
	"change {this row|these rows} first{ids}"},
	{"MF107", NULL, "'{c}' is not declared, is NOT NULL and has no default: every insert by a client will fail",
	"drop NOT NULL from '{c}', or add a default, or declare it"},

	{"BC101", NULL, "clients older than this version would push rows without a required column", "{do}"},
	{"BC102", NULL, "clients older than this version would read or write what is gone", "{do}"},
	{"BC103", NULL, "clients older than this version would read values of another kind", "{do}"},
	{"BC104", "D13", "clients older than this version may read null where their schema says non-null",
	"declare '{c}' NOT NULL, or allow BC104, or drop NOT NULL by hand"},
	{"BC104", NULL, "clients older than this version may read null where their schema says non-null", "{do}"},
	{"BC105", NULL, "clients older than this version receive labels that they do not know",
	"nothing, if they pass over what they do not know; else deploy clients that know them before a row gets one"},
	{"BC106", NULL, "the schema changed in a way that old clients cannot follow, but the version is still '{v}'",
	"give the declaration a new version"},
	{"BC107", NULL, "deletes do to '{c}' what clients older than this version do not expect", "{do}"},

	{"LK101", NULL, "{x} rewrites '{t}' ({size}, {n} {row|rows}), which blocks all access to it meanwhile", "{do}"},
	{"LK102", NULL, "{x} scans '{t}' ({size}, {n} {row|rows}), which blocks {what} to it meanwhile", "{do}"},
	{"LK103", NULL, "{x} builds an index on '{t}' ({size}, {n} {row|rows}), which blocks {what} to it meanwhile", "{do}"},
	{"LK104", NULL, "{x} also blocks {what} to {r} while it looks at '{t}' ({size}, {n} {row|rows})", "{do}"},

	{"UN101", NULL, "'{t}' is {x}", AS_PLAIN},
	{"UN102", NULL, "'{t}' is {x}", AS_PLAIN},
	{"UN103", NULL, "'{c|t}' is {x}", AS_PLAIN},
	{"UN104", NULL, "'{t}' is {x}", AS_PLAIN},
	{"UN105", NULL, "'{t}' is {x}, not yours", "run this as the owner of '{t}'"},
	{"UN106", NULL, "'{t}' is {x}", AS_PLAIN},
	{"UN107", NULL, "'{c|t}' makes no key: {x}",
	"add a primary key of the declared columns, or declare the key that the table has"},
	{"UN108", "D7", "dropping '{c}' also drops {x}",
	"make them anew without '{c}' where they are still needed"},
	{"UN108", NULL, "objects depend on '{c|t}': {x}",
	"drop or change {x} by hand first; plasma never drops with CASCADE"},
	{"UN109", NULL, "'{c}' is of type {type}, the key of '{r}' of type {keytype}",
	"declare a second column, which gets the type of the key, and fill it; or declare onDelete noAction"},
	{"UN110", NULL, "'{t}' is in use by this very transaction: {x}",
	"run this in a transaction of its own"},
	{"UN111", "error", "the data of '{t}' could not be checked: {x}",
	"mend what the message tells of, and plan again"},
	{"UN111", NULL, "the rows of '{t}' cannot all be seen, so that a check of them would be wrong: {x}",
	"run this as a role that sees all rows: the owner, without FORCE ROW LEVEL SECURITY on '{t}', or one with BYPASSRLS and SELECT"},
	{"UN112", NULL, "'{c}' is {a} in the database, {b} is declared",
	"declare '{c}' as it is, or declare a second column, or change it by hand"},
	{"UN113", NULL, "'{t}' would have too many columns: it is {x}",
	"make the table anew, or put the columns into a second table"},
	{"UN114", NULL, "'{t}' is not where it is declared: {x}",
	"move it by hand with ALTER TABLE ... SET SCHEMA, or declare the schema in which it is"},
	{"UN115", NULL, "the collation of '{c}' is {a} in the database, {b} is declared",
	"declare the collation that it has, or change it by hand, which builds its indexes anew"},
	{"UN116", NULL, "the server refuses a statement of the plan: {x}", "declare it so that the server can do it, or remove what is in its way"},
	{"UN117", NULL, "the plan does not lead to the declaration: it leaves {x}", "change it by hand as it is declared, or declare what is there"},

	{"UN118", NULL, "the query of scope {x}", "correct the query, or see that what it names is there"},

	{"ID101", NULL, "the name {x} is longer than 63 bytes", "declare a shorter name"},
	{"ID102", NULL, "'{c|t}' differs only in case from '{x}', which is in the database",
	"declare '{x}', or give it the declared name by hand"},
	{"ID103", NULL, "names that begin with _plasma_ are plasma's own", "declare another name"},
	{"ID104", NULL, "the name {x} is taken", "give what has that name another one"},
	{"ID105", NULL, "{x} would be the same name once cut to 63 bytes", "declare shorter names"},
	{"ID106", NULL, "the name is empty or that of a system column", "declare another name"},

	{"DR101", NULL, "the database is not the one that the plan was made on", "plan again"},
	{"DR102", "T6", "'{t}' was declared before but is not in the database any more",
	"nothing: it is made anew, empty, and clients fetch it again"},
	{"DR102", NULL, "'{c|t}' is not as it was declared: {x}", "run plasma.run_migrations with the declaration"},
	{"DR103", NULL, "capture of '{t}' was not intact: {x}", "nothing: it is made anew, and clients fetch the table again"},
	{"DR104", NULL, "a table of plasma's own is not as it was made: {x}", "restore it from a backup, or create the extension anew"},
	{"DR105", NULL, "the index {x} is invalid", "nothing: it is dropped and built again"},
	{"DR106", NULL, "the constraint {x} was never validated", "nothing: it is validated now"},

	{"SY101", NULL, "{n} existing {row gets|rows get} a value in '{c}' without an entry in the log",
	"nothing, unless propagate is none: 'log' writes an entry for each row, 'reset' lets clients fetch the table again"},
	{"SY102", NULL, "changes of '{t}' are no longer captured: clients keep the rows that they have",
	"nothing, if clients no longer read '{t}'"},

	{"SY103", NULL, "the scope of '{t}' went from {a} to {b}: clients fetch the table again, each what it may sync",
	"nothing"},
	{"SY104", NULL, "scope {b} has another query: with their next pull clients gain and lose the slices that it lists otherwise",
	"nothing"},

	{"AD101", NULL, "existing rows have no history before this", "nothing, or seed it with plasma.seed_changes('{t}')"},
	{"AD102", "P2", "'{t}' has no primary key; a unique index on its key serves as one", "nothing"},
	{"AD102", NULL, "the type {x} will do for kind {b}", "nothing"},
	{"AD103", "U5", "'{c}' stays unique: the index {x} is not one that plasma made", "drop it by hand if it is no longer wanted"},
	{"AD103", "R4", "the foreign key {x} of '{c}' stays: it is not one that plasma made", "drop it by hand if it is no longer wanted"},
	{"AD103", "V4", "'{c|t}' stays as it is: an older declaration only adds what is missing", "nothing"},
	{"AD103", NULL, "'{c}' is in the database but not declared, and is left alone", "nothing, or declare it"},
};

/* What the placeholders of a text stand for. */
typedef struct Filling
{
	const Issue *issue;
	const IssueWords *words;
} Filling;

static const IssueText *
text_of(const char *code, const char *row)
{
	const IssueText *any = NULL;

	for (int i = 0; i < lengthof(texts); i++)
	{
		if (strcmp(texts[i].code, code) != 0)
			continue;
		if (texts[i].row == NULL)
			any = &texts[i];
		else if (row != NULL && strcmp(texts[i].row, row) == 0)
			return &texts[i];
	}
	if (any == NULL)
		elog(ERROR, "there is no text for code %s", code);
	return any;
}

void
plasma_wording_line(StringInfo out, const char *text)
{
	for (; *text; text++)
		appendStringInfoChar(out, (unsigned char) *text < ' ' ? ' ' : *text);
}

static int64
count_of(const Issue *issue)
{
	return issue->check ? issue->check->count : 0;
}

static void
append_count(StringInfo out, const Issue *issue)
{
	int64		count = count_of(issue);

	if (issue->check != NULL && count > issue->check->limit)
		appendStringInfo(out, INT64_FORMAT "+", issue->check->limit);
	else
		appendStringInfo(out, INT64_FORMAT, count);
}

static void
append_sample(StringInfo out, const Issue *issue, const char *label)
{
	List	   *sample = issue->check ? issue->check->sample : NIL;
	ListCell   *cell;

	if (sample == NIL)
		return;
	appendStringInfo(out, " (%s: ", label);
	foreach(cell, sample)
	{
		const char *text = lfirst(cell);
		int			len = strlen(text);
		int			kept = pg_mbcliplen(text, len, SAMPLE_TEXT_MAX);

		plasma_wording_line(out, psprintf("%s%.*s%s", foreach_current_index(cell) ? ", " : "",
								  kept, text, kept < len ? "..." : ""));
	}
	appendStringInfoString(out, count_of(issue) > list_length(sample) ? ", ...)" : ")");
}

static const char *
word_of(const Filling *filling, const char *name)
{
	const Issue *issue = filling->issue;
	const IssueWords none = {NULL};
	const IssueWords *words = filling->words ? filling->words : &none;
	const struct
	{
		const char *name;
		const char *word;
	}			all[] = {
		{"t", issue->table}, {"c", issue->column},
		{"c|t", issue->column ? issue->column : issue->table},
		{"code", issue->code},
		{"a", words->a}, {"b", words->b}, {"d", words->d}, {"r", words->r},
		{"type", words->type}, {"keytype", words->key_type},
		{"x", words->x}, {"v", words->version}, {"labels", words->labels},
		{"size", words->size}, {"what", words->blocked}, {"do", words->remedy}
	};

	for (int i = 0; i < lengthof(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].word ? all[i].word : "?";
	return NULL;
}

static void
fill_one(StringInfo out, const Filling *filling, char *name)
{
	const char *word = word_of(filling, name);
	char	   *many = strchr(name, '|');

	if (word != NULL)
		plasma_wording_line(out, word);
	else if (strcmp(name, "n") == 0)
		append_count(out, filling->issue);
	else if (strcmp(name, "ids") == 0 || strcmp(name, "values") == 0)
		append_sample(out, filling->issue, name);
	else if (many == NULL)
		elog(ERROR, "unknown placeholder {%s} in the text of an issue", name);
	else if (count_of(filling->issue) == 1)
		appendBinaryStringInfo(out, name, many - name);
	else
		appendStringInfoString(out, many + 1);
}

static char *
fill(const char *text, const Filling *filling)
{
	StringInfoData out;
	const char *open;

	initStringInfo(&out);
	while ((open = strchr(text, '{')) != NULL)
	{
		const char *close = strchr(open, '}');

		appendBinaryStringInfo(&out, text, open - text);
		fill_one(&out, filling, pnstrdup(open + 1, close - open - 1));
		text = close + 1;
	}
	appendStringInfoString(&out, text);
	return out.data;
}

bool
plasma_wording_knows(const char *code)
{
	for (int i = 0; i < lengthof(texts); i++)
		if (strcmp(texts[i].code, code) == 0)
			return true;
	return false;
}

void
plasma_wording_set(Issue *issue, const IssueWords *words)
{
	const IssueText *text = text_of(issue->code, issue->row);
	Filling		filling = {issue, words};

	issue->code = text->code;
	issue->issue = fill(text->issue, &filling);
	issue->fix = fill(text->fix, &filling);
}

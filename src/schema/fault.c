/*
 * fault.c
 *		Gathering of faults, and the reading of JSON members that may have them.
 *
 *		A fault never ends the reading: whoever notes one goes on with whatever
 *		still makes sense, and plasma_fault_raise tells all of them at once.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/text.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "schema/fault.h"

#define QUOTE_MAX		100
#define RESERVED_PREFIX	"_plasma_"

/* A name is cut at a character, which has four bytes at most. */
#define SHORTEST_CUT	(NAMEDATALEN - 1 - 3)

const FaultPath *
plasma_fault_key(const FaultPath *up, const char *key)
{
	FaultPath  *path = palloc(sizeof(FaultPath));

	*path = (FaultPath) {up, key, 0};
	return path;
}

const FaultPath *
plasma_fault_index(const FaultPath *up, int index)
{
	FaultPath  *path = palloc(sizeof(FaultPath));

	*path = (FaultPath) {up, NULL, index};
	return path;
}

static bool
is_plain(const char *key)
{
	if (!isalpha((unsigned char) *key) && *key != '_')
		return false;
	for (; *key; key++)
		if (IS_HIGHBIT_SET(*key) || (!isalnum((unsigned char) *key) && *key != '_'))
			return false;
	return true;
}

static void
write_path(StringInfo out, const FaultPath *path)
{
	List	   *steps = NIL;

	for (; path != NULL; path = path->up)
		steps = lappend(steps, (void *) path);
	appendStringInfoChar(out, '$');
	for (int i = list_length(steps) - 1; i >= 0; i--)
	{
		const FaultPath *step = list_nth(steps, i);

		if (step->key == NULL)
			appendStringInfo(out, "[%d]", step->index);
		else if (is_plain(step->key))
			appendStringInfo(out, ".%s", step->key);
		else
		{
			appendStringInfoChar(out, '[');
			plasma_text_json(out, step->key);
			appendStringInfoChar(out, ']');
		}
	}
}

char *
plasma_fault_path_text(const FaultPath *path)
{
	StringInfoData out;

	initStringInfo(&out);
	write_path(&out, path);
	return out.data;
}

void
plasma_fault_add(FaultList *faults, const FaultPath *path, const char *format,...)
{
	StringInfoData line;
	int			needed;

	initStringInfo(&line);
	write_path(&line, path);
	appendStringInfoString(&line, ": ");
	do
	{
		va_list		args;

		va_start(args, format);
		needed = appendStringInfoVA(&line, format, args);
		va_end(args);
		if (needed > 0)
			enlargeStringInfo(&line, needed);
	} while (needed > 0);

	for (char *c = line.data; *c; c++)
		if ((unsigned char) *c < ' ')
			*c = ' ';
	faults->lines = lappend(faults->lines, line.data);
}

char *
plasma_fault_detail(const FaultList *faults)
{
	StringInfoData detail;
	ListCell   *cell;

	initStringInfo(&detail);
	foreach(cell, faults->lines)
		appendStringInfo(&detail, "%s%s", detail.len > 0 ? "\n" : "",
						 (char *) lfirst(cell));
	return detail.data;
}

void
plasma_fault_raise(const FaultList *faults)
{
	int			count = list_length(faults->lines);

	if (count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_DECLARATION),
			 errmsg_plural("the declaration has %d fault",
						   "the declaration has %d faults", count, count),
			 errdetail_internal("%s", plasma_fault_detail(faults)),
			 errhint("Correct the declaration at each of these paths; nothing has been changed.")));
}

char *
plasma_fault_quote(const char *text)
{
	StringInfoData out;
	int			len = strlen(text);

	initStringInfo(&out);
	if (len <= QUOTE_MAX)
		plasma_text_json(&out, text);
	else
	{
		plasma_text_json(&out, pnstrdup(text, pg_mbcliplen(text, len, QUOTE_MAX)));
		appendStringInfoString(&out, "...");
	}
	return out.data;
}

char *
plasma_fault_names(const char *const *names, int count)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "", names[i]);
	return out.data;
}

static int
compare_keys(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

void
plasma_fault_duplicates(FaultList *faults, const FaultPath *path,
						const JsonNode *node)
{
	List	   *sorted = list_copy(node->keys);
	const char *told = NULL;
	ListCell   *cell;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	list_sort(sorted, compare_keys);
	for (int i = 1; i < list_length(sorted); i++)
	{
		const char *key = list_nth(sorted, i);

		if (strcmp(list_nth(sorted, i - 1), key) != 0 ||
			(told != NULL && strcmp(told, key) == 0))
			continue;
		plasma_fault_add(faults, plasma_fault_key(path, key),
						 "the key occurs more than once; each key of an object may occur once");
		told = key;
	}
	foreach(cell, node->items)
	{
		int			i = foreach_current_index(cell);

		plasma_fault_duplicates(faults,
								node->type == JSON_NODE_OBJECT ?
								plasma_fault_key(path, list_nth(node->keys, i)) :
								plasma_fault_index(path, i),
								lfirst(cell));
	}
}

bool
plasma_fault_object(FaultList *faults, const FaultPath *path, const JsonNode *node,
					const char *const *keys, int nkeys)
{
	ListCell   *cell;

	if (node->type != JSON_NODE_OBJECT)
	{
		plasma_fault_add(faults, path, "is %s; an object with the keys %s is expected",
						 plasma_json_type_name(node), plasma_fault_names(keys, nkeys));
		return false;
	}
	foreach(cell, node->keys)
	{
		const char *key = lfirst(cell);
		int			i = 0;

		while (i < nkeys && strcmp(keys[i], key) != 0)
			i++;
		if (i == nkeys)
			plasma_fault_add(faults, plasma_fault_key(path, key),
							 "unknown key; the keys allowed here are %s",
							 plasma_fault_names(keys, nkeys));
	}
	return true;
}

bool
plasma_fault_bool(FaultList *faults, const FaultPath *path, const JsonNode *object,
				  const char *key, bool absent)
{
	const JsonNode *node = plasma_json_get(object, key);

	if (node == NULL)
		return absent;
	if (node->type == JSON_NODE_BOOL)
		return node->boolean;
	plasma_fault_add(faults, plasma_fault_key(path, key),
					 "is %s; true or false is expected", plasma_json_type_name(node));
	return absent;
}

char *
plasma_fault_string(FaultList *faults, const FaultPath *path, const JsonNode *object,
					const char *key)
{
	const JsonNode *node = plasma_json_get(object, key);

	if (node == NULL)
		return NULL;
	if (node->type == JSON_NODE_STRING)
		return node->text;
	plasma_fault_add(faults, plasma_fault_key(path, key),
					 "is %s; a string is expected", plasma_json_type_name(node));
	return NULL;
}

/*
 * PostgreSQL would cut a longer name in silence, and two names could become
 * one; so a long name is a fault.
 */
static void
check_length(FaultList *faults, const FaultPath *path, const char *what,
			 const char *name)
{
	int			len = strlen(name);

	if (len == 0)
		plasma_fault_add(faults, path, "the name of a %s is not empty (ID106)", what);
	else if (len >= NAMEDATALEN)
		plasma_fault_add(faults, path,
						 "the name of the %s has %d bytes; at most %d are allowed (ID101)",
						 what, len, NAMEDATALEN - 1);
}

void
plasma_fault_name(FaultList *faults, const FaultPath *path, const char *what,
				  const char *name)
{
	check_length(faults, path, what, name);
	if (strncmp(name, RESERVED_PREFIX, strlen(RESERVED_PREFIX)) == 0)
		plasma_fault_add(faults, path,
						 "names that begin with " RESERVED_PREFIX " are plasma's own; any other name is allowed (ID103)");
}

void
plasma_fault_schema(FaultList *faults, const FaultPath *path, const char *name)
{
	check_length(faults, path, "schema", name);
	if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0 ||
		strcmp(name, "plasma") == 0)
		plasma_fault_add(faults, path,
						 "%s is reserved; any schema but pg_*, information_schema and plasma is allowed (ID103)",
						 plasma_fault_quote(name));
}

static bool
same_when_cut(const char *a, const char *b)
{
	int			left = pg_mbcliplen(a, strlen(a), NAMEDATALEN - 1);
	int			right = pg_mbcliplen(b, strlen(b), NAMEDATALEN - 1);

	return strcmp(a, b) != 0 && left == right && memcmp(a, b, left) == 0;
}

/* Sorted, names of one beginning stand together. */
void
plasma_fault_cut_names(FaultList *faults, const FaultPath *path,
					   const JsonNode *object)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, object->keys)
		if (strlen(lfirst(cell)) >= SHORTEST_CUT)
			names = lappend(names, lfirst(cell));
	list_sort(names, compare_keys);
	for (int i = 1; i < list_length(names); i++)
	{
		const char *name = list_nth(names, i);
		const char *before = list_nth(names, i - 1);

		if (same_when_cut(name, before))
			plasma_fault_add(faults, plasma_fault_key(path, name),
							 "cut to %d bytes it is the same name as %s (ID105)",
							 NAMEDATALEN - 1, plasma_fault_quote(before));
	}
}

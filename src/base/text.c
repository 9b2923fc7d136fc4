/*
 * text.c
 *		Quoting and lists of strings.
 */
#include "postgres.h"

#include "base/text.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

char *
plasma_text_qualified(const char *schema, const char *name)
{
	return quote_qualified_identifier(schema, name);
}

char *
plasma_text_relation(Oid relid)
{
	char	   *name = get_rel_name(relid);
	char	   *schema = name ? get_namespace_name(get_rel_namespace(relid)) : NULL;

	return schema ? quote_qualified_identifier(schema, name) : NULL;
}

char *
plasma_text_literal(const char *text)
{
	return quote_literal_cstr(text);
}

void
plasma_text_json(StringInfo out, const char *text)
{
	plasma_text_json_bytes(out, text, strlen(text));
}

static inline bool
is_plain(unsigned char c)
{
	return c >= ' ' && c != '"' && c != '\\';
}

/*
 * Whether none of eight bytes needs an escape.  The subtraction borrows into
 * the top bit of a byte that is too small, and each byte xor-ed with the one
 * looked for is zero where it is found.
 */
static inline bool
are_plain(const char *bytes)
{
	const uint64 each = UINT64CONST(0x0101010101010101);
	uint64		chunk;

	memcpy(&chunk, bytes, sizeof(chunk));
	return (((chunk - each * ' ') |
			 ((chunk ^ (each * '"')) - each) |
			 ((chunk ^ (each * '\\')) - each)) &
			~chunk & (each * 0x80)) == 0;
}

static void
append_escape(StringInfo out, unsigned char c)
{
	static const char names[] = "btn\0fr";

	if (c == '"' || c == '\\')
		appendStringInfo(out, "\\%c", c);
	else if (c >= '\b' && c <= '\r' && c != '\v')
		appendStringInfo(out, "\\%c", names[c - '\b']);
	else
		appendStringInfo(out, "\\u%04x", c);
}

/*
 * Copies whole runs of bytes that need no escape: most strings are one run, and
 * every captured and every pulled row goes through here.
 */
void
plasma_text_json_bytes(StringInfo out, const char *bytes, int len)
{
	const char *end = bytes + len;
	const char *run = bytes;

	enlargeStringInfo(out, len + 2);
	out->data[out->len++] = '"';
	while (bytes < end)
	{
		if (end - bytes >= 8 && are_plain(bytes))
			bytes += 8;
		else if (is_plain(*bytes))
			bytes++;
		else
		{
			plasma_text_append(out, run, bytes - run);
			append_escape(out, *bytes);
			run = ++bytes;
		}
	}
	plasma_text_append(out, run, bytes - run);
	appendStringInfoCharMacro(out, '"');
}

Datum
plasma_text_array(List *strings)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	ListCell   *cell;

	foreach(cell, strings)
		values[foreach_current_index(cell)] = CStringGetTextDatum(lfirst(cell));
	return PointerGetDatum(construct_array(values, list_length(strings),
										   TEXTOID, -1, false, TYPALIGN_INT));
}

List *
plasma_text_list(Datum array)
{
	Datum	   *values;
	int			count;
	List	   *strings = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, NULL, &count);
	for (int i = 0; i < count; i++)
		strings = lappend(strings, TextDatumGetCString(values[i]));
	return strings;
}

int
plasma_text_position(List *strings, const char *text)
{
	ListCell   *cell;

	foreach(cell, strings)
		if (strcmp(lfirst(cell), text) == 0)
			return foreach_current_index(cell);
	return -1;
}

bool
plasma_text_same(List *a, List *b)
{
	ListCell   *left;
	ListCell   *right;

	if (list_length(a) != list_length(b))
		return false;
	forboth(left, a, right, b)
		if (strcmp(lfirst(left), lfirst(right)) != 0)
			return false;
	return true;
}

char *
plasma_text_names(List *names)
{
	StringInfoData out;
	ListCell   *cell;

	initStringInfo(&out);
	foreach(cell, names)
		appendStringInfo(&out, "%s%s", foreach_current_index(cell) > 0 ? ", " : "",
						 quote_identifier(lfirst(cell)));
	return out.data;
}

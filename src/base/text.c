/*
 * text.c
 *		Quoting and lists of strings.
 */
#include "postgres.h"

#include "base/text.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/json.h"
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
	escape_json(out, text);
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

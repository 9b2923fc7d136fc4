/*
 * cookie_tables.c
 *		The part of a cookie that says what its client has: tables, slices, and how
 *		far what is being sent has come.
 *
 *		As pure as cookie.c.  Places of slices are checked for their order only: how
 *		many slices a table has is not known here.
 */
#include "postgres.h"

#include "base/text.h"
#include "log/cookie_tables.h"

/* Slices are told by their places; more than this are no cookie's. */
#define MAX_SLICES		1000000

/* Ascending and distinct, as whoever compares them takes them to be. */
static bool
parse_slices(CookieScope *scope, const JsonNode *node)
{
	ListCell   *cell;

	if (node->type != JSON_NODE_ARRAY)
		return false;
	scope->nslices = list_length(node->items);
	scope->slices = palloc(sizeof(char *) * (scope->nslices + 1));
	foreach(cell, node->items)
	{
		const JsonNode *item = lfirst(cell);
		int			i = foreach_current_index(cell);

		if (item->type != JSON_NODE_STRING ||
			(i > 0 && strcmp(scope->slices[i - 1], item->text) >= 0))
			return false;
		scope->slices[i] = item->text;
	}
	return true;
}

static bool
parse_scopes(Cookie *cookie, const JsonNode *root)
{
	JsonNode   *scopes = plasma_json_get(root, "scopes");
	ListCell   *cell;

	if (scopes == NULL)
		return true;
	if (scopes->type != JSON_NODE_OBJECT)
		return false;
	foreach(cell, scopes->items)
	{
		CookieScope *scope = palloc0(sizeof(CookieScope));

		scope->name = list_nth(scopes->keys, foreach_current_index(cell));
		if (!parse_slices(scope, lfirst(cell)))
			return false;
		cookie->scopes = lappend(cookie->scopes, scope);
	}
	return true;
}

/*
 * The first place that no table can have: there are as many as the scopes in the
 * same cookie have slices.  One beyond it is taken for it, since all up to a place
 * cost memory, and a number in a cookie costs a few bytes.
 */
static int
most_slices(const Cookie *cookie)
{
	int			most = 0;
	ListCell   *cell;

	foreach(cell, cookie->scopes)
		most = Max(most, ((CookieScope *) lfirst(cell))->nslices);
	return most;
}

static bool
get_place(const List *items, int at, int limit, int *place)
{
	int64		number;

	if (at >= list_length(items) ||
		!plasma_json_int8(list_nth(items, at), &number) ||
		number < 0 || number >= MAX_SLICES)
		return false;
	*place = (int) Min(number, limit);
	return true;
}

/* [last key, its slice, first, last, first, last, …]; the two may be missing. */
static bool
parse_fetched_slices(CookieTable *table, const List *items, int limit)
{
	int			at = 0;
	int			previous = -1;
	int			first;
	int			last;

	if (items != NIL && ((JsonNode *) linitial(items))->type == JSON_NODE_STRING)
	{
		table->last_key = ((JsonNode *) linitial(items))->text;
		if (!get_place(items, 1, limit, &table->begun))
			return false;
		at = 2;
	}
	for (; at < list_length(items); at += 2)
	{
		if (!get_place(items, at, limit, &first) ||
			!get_place(items, at + 1, limit, &last) ||
			first <= previous || last < first)
			return false;
		table->fetching = bms_add_range(table->fetching, first, last);
		previous = last;
	}
	return table->fetching != NULL &&
		(table->last_key == NULL || bms_is_member(table->begun, table->fetching));
}

static bool
parse_fetch(CookieTable *table, const JsonNode *node, int limit)
{
	if (node == NULL)
		return true;
	switch (node->type)
	{
		case JSON_NODE_ARRAY:
			table->has_scope = true;
			return parse_fetched_slices(table, node->items, limit);
		case JSON_NODE_STRING:
			table->last_key = node->text;
			/* FALLTHROUGH */
		case JSON_NODE_NULL:
			table->fetching = bms_make_singleton(0);
			return true;
		default:
			return false;
	}
}

static bool
parse_again(CookieTable *table, const JsonNode *again)
{
	const JsonNode *node = again == NULL ? NULL : plasma_json_get(again, table->name);
	int64		count;

	if (node == NULL)
		return true;
	if (!plasma_json_int8(node, &count) || count <= 0 || count > PG_INT16_MAX)
		return false;
	table->again = (int) count;
	return true;
}

static bool
parse_tables(Cookie *cookie, const JsonNode *root)
{
	JsonNode   *tables = plasma_json_get(root, "tables");
	JsonNode   *fetch = plasma_json_get(root, "fetch");
	JsonNode   *again = plasma_json_get(root, "again");
	int			limit = most_slices(cookie);
	ListCell   *cell;

	if (tables == NULL || tables->type != JSON_NODE_OBJECT ||
		(fetch != NULL && fetch->type != JSON_NODE_OBJECT) ||
		(again != NULL && again->type != JSON_NODE_OBJECT))
		return false;
	foreach(cell, tables->items)
	{
		JsonNode   *pair = lfirst(cell);
		CookieTable *table = palloc0(sizeof(CookieTable));

		if (pair->type != JSON_NODE_ARRAY || list_length(pair->items) != 3 ||
			!plasma_json_int8(linitial(pair->items), &table->generation) ||
			!plasma_json_int8(lsecond(pair->items), &table->shape) ||
			((JsonNode *) lthird(pair->items))->type != JSON_NODE_STRING)
			return false;
		table->name = list_nth(tables->keys, foreach_current_index(cell));
		table->hash = ((JsonNode *) lthird(pair->items))->text;
		if (fetch != NULL &&
			!parse_fetch(table, plasma_json_get(fetch, table->name), limit))
			return false;
		if (!parse_again(table, again))
			return false;
		cookie->tables = lappend(cookie->tables, table);
	}
	return true;
}

bool
plasma_cookie_tables_parse(Cookie *cookie, const JsonNode *root)
{
	return parse_scopes(cookie, root) && parse_tables(cookie, root);
}

static void
write_fetch(StringInfo out, const CookieTable *table, bool has_scope)
{
	int			first = -1;
	const char *separator = "";

	if (!has_scope)
	{
		if (table->last_key == NULL)
			appendStringInfoString(out, "null");
		else
			plasma_text_json(out, table->last_key);
		return;
	}
	appendStringInfoChar(out, '[');
	if (table->last_key != NULL)
	{
		plasma_text_json(out, table->last_key);
		appendStringInfo(out, ",%d", table->begun);
		separator = ",";
	}
	while ((first = bms_next_member(table->fetching, first)) >= 0)
	{
		int			last = first;

		while (bms_is_member(last + 1, table->fetching))
			last++;
		appendStringInfo(out, "%s%d,%d", separator, first, last);
		separator = ",";
		first = last;
	}
	appendStringInfoChar(out, ']');
}

static void
write_scopes(StringInfo out, const Cookie *cookie)
{
	ListCell   *cell;

	foreach(cell, cookie->scopes)
	{
		const CookieScope *scope = lfirst(cell);

		appendStringInfoString(out, foreach_current_index(cell) == 0 ? ",\"scopes\":{" : ",");
		plasma_text_json(out, scope->name);
		for (int i = 0; i < scope->nslices; i++)
		{
			appendStringInfoString(out, i == 0 ? ":[" : ",");
			plasma_text_json(out, scope->slices[i]);
		}
		appendStringInfoString(out, scope->nslices == 0 ? ":[]" : "]");
	}
	if (cookie->scopes != NIL)
		appendStringInfoChar(out, '}');
}

static void
write_again(StringInfo out, const Cookie *cookie)
{
	const char *separator = ",\"again\":{";
	ListCell   *cell;

	foreach(cell, cookie->tables)
	{
		const CookieTable *table = lfirst(cell);

		if (table->again == 0)
			continue;
		appendStringInfoString(out, separator);
		separator = ",";
		plasma_text_json(out, table->name);
		appendStringInfo(out, ":%d", table->again);
	}
	if (separator[1] == '\0')
		appendStringInfoChar(out, '}');
}

static void
write_tables(StringInfo out, const Cookie *cookie)
{
	const char *separator = "";
	ListCell   *cell;

	appendStringInfoString(out, ",\"tables\":{");
	foreach(cell, cookie->tables)
	{
		const CookieTable *table = lfirst(cell);

		appendStringInfoString(out, separator);
		separator = ",";
		plasma_text_json(out, table->name);
		appendStringInfo(out, ":[" INT64_FORMAT "," INT64_FORMAT ",",
						 table->generation, table->shape);
		plasma_text_json(out, table->hash);
		appendStringInfoChar(out, ']');
	}
	appendStringInfoString(out, "},\"fetch\":{");
	separator = "";
	foreach(cell, cookie->tables)
	{
		const CookieTable *table = lfirst(cell);

		if (bms_is_empty(table->fetching))
			continue;
		appendStringInfoString(out, separator);
		separator = ",";
		plasma_text_json(out, table->name);
		appendStringInfoChar(out, ':');
		write_fetch(out, table, table->has_scope);
	}
	appendStringInfoChar(out, '}');
}

void
plasma_cookie_tables_write(StringInfo out, const Cookie *cookie)
{
	write_scopes(out, cookie);
	write_tables(out, cookie);
	write_again(out, cookie);
}

CookieTable *
plasma_cookie_table(const Cookie *cookie, const char *name)
{
	ListCell   *cell;

	foreach(cell, cookie->tables)
		if (strcmp(((CookieTable *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

CookieScope *
plasma_cookie_scope(const Cookie *cookie, const char *name)
{
	ListCell   *cell;

	foreach(cell, cookie->scopes)
		if (strcmp(((CookieScope *) lfirst(cell))->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

bool
plasma_cookie_has_slice(const CookieTable *table, int slice)
{
	return !bms_is_member(slice, table->fetching) ||
		(table->last_key != NULL && table->begun == slice);
}

void
plasma_cookie_note_sent(CookieTable *table, int slice)
{
	table->fetching = bms_del_member(table->fetching, slice);
	if (bms_is_empty(table->fetching))
		table->fetching = NULL;
}

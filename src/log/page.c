/*
 * page.c
 *		The operations of a page as JSON text, appended to one buffer.
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "log/form.h"
#include "log/page.h"
#include "log/setting.h"

int
plasma_page_table_index(const PullPage *page, const char *name)
{
	ListCell   *cell;

	foreach(cell, page->tables)
		if (strcmp(((ReadableTable *) lfirst(cell))->sync->name, name) == 0)
			return foreach_current_index(cell);
	return -1;
}

static void
separate(PullPage *page)
{
	if (page->patch.len > 0)
		appendStringInfoChar(&page->patch, ',');
}

static void
start_operation(PullPage *page, const char *op)
{
	separate(page);
	appendStringInfo(&page->patch, "{\"op\":\"%s\"", op);
}

static void
append_member(PullPage *page, const char *key, const char *value)
{
	appendStringInfo(&page->patch, ",\"%s\":", key);
	plasma_text_json(&page->patch, value);
}

void
plasma_page_clear(PullPage *page, const char *table)
{
	start_operation(page, "clear");
	if (table != NULL)
		append_member(page, "table", table);
	appendStringInfoChar(&page->patch, '}');
}

/* The value of a column as puts have it. */
static void
append_value(StringInfo out, const ReadableTable *table, const char *column,
			 const SpiParam *param)
{
	ValueForm	form = {NULL};
	int			level;

	plasma_form_make(&form, param->type);
	if (form.typid == INT8OID && plasma_text_position(table->bigints, column) >= 0)
		form.json = plasma_form_json_quoted;
	level = plasma_setting_fix(form.settings);
	form.json(&form, param->value, out);
	plasma_setting_restore(level);
	enlargeStringInfo(out, 1);
	out->data[out->len] = '\0';
}

bool
plasma_page_clear_slice(PullPage *page, const ReadableTable *table, const char *value)
{
	SpiParam   *params = palloc(sizeof(SpiParam) * table->nscope);

	if (!plasma_readable_slice(table, value, params))
		return false;
	start_operation(page, "clear");
	append_member(page, "table", table->sync->name);
	for (int i = 0; i < table->nscope; i++)
	{
		char	   *column = list_nth(table->sync->scope_columns, i);

		appendStringInfoString(&page->patch, i == 0 ? ",\"where\":{" : ",");
		plasma_text_json(&page->patch, column);
		appendStringInfoChar(&page->patch, ':');
		append_value(&page->patch, table, column, &params[i]);
	}
	appendStringInfoString(&page->patch, "}}");
	return true;
}

void
plasma_page_delete(PullPage *page, const char *table, const char *row_id)
{
	start_operation(page, "del");
	append_member(page, "table", table);
	append_member(page, "id", row_id);
	appendStringInfoChar(&page->patch, '}');
	page->nops++;
}

bool
plasma_page_full(const PullPage *page)
{
	return page->nops > 0 && page->patch.len >= plasma_max_page_bytes;
}

bool
plasma_page_half_full(const PullPage *page)
{
	return page->patch.len >= plasma_max_page_bytes / 2;
}

PageMark
plasma_page_mark(const PullPage *page)
{
	return (PageMark) {page->patch.len, page->nops};
}

void
plasma_page_rewind(PullPage *page, PageMark mark)
{
	page->patch.len = mark.len;
	page->patch.data[mark.len] = '\0';
	page->nops = mark.nops;
}

void
plasma_page_sender(RowSender *sender, PullPage *page, const ReadableTable *table)
{
	sender->page = page;
	sender->table = table;
	sender->encoder = NULL;
	sender->context = CurrentMemoryContext;
	initStringInfo(&sender->key);
	initStringInfo(&sender->start);
	appendStringInfoString(&sender->start, "{\"op\":\"put\",\"table\":");
	plasma_text_json(&sender->start, table->sync->name);
	appendStringInfoString(&sender->start, ",\"id\":");
}

static RowEncoder *
encoder_of(RowSender *sender, TupleDesc desc)
{
	if (sender->encoder == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sender->context);

		sender->encoder = plasma_encode_make(desc, sender->table->bigints);
		MemoryContextSwitchTo(old);
	}
	return sender->encoder;
}

int
plasma_page_slice(RowSender *sender, TupleTableSlot *slot, TupleDesc desc)
{
	const ReadableTable *table = sender->table;

	slot_getsomeattrs(slot, table->nscope);
	for (int i = 0; i < table->nscope; i++)
		if (slot->tts_isnull[i])
			return -1;
	resetStringInfo(&sender->key);
	plasma_encode_key(encoder_of(sender, desc), slot, 0, table->nscope, &sender->key);
	return plasma_membership_of_value(table->membership, sender->key.data);
}

void
plasma_page_put(RowSender *sender, TupleTableSlot *slot, TupleDesc desc)
{
	PullPage   *page = sender->page;
	int			nscope = sender->table->nscope;
	int			nkeys = sender->table->nkeys;

	resetStringInfo(&sender->key);
	plasma_encode_key(encoder_of(sender, desc), slot, nscope, nkeys, &sender->key);
	separate(page);
	plasma_text_append(&page->patch, sender->start.data, sender->start.len);
	plasma_text_json_bytes(&page->patch, sender->key.data, sender->key.len);
	plasma_text_append(&page->patch, ",\"value\":", 9);
	plasma_encode_row(sender->encoder, slot, nscope + nkeys, &page->patch);
	appendStringInfoChar(&page->patch, '}');
	page->nops++;
}

void
plasma_page_join(StringInfo sql, List *expressions, const char *separator)
{
	ListCell   *cell;

	foreach(cell, expressions)
		appendStringInfo(sql, "%s%s", foreach_current_index(cell) > 0 ? separator : "",
						 (char *) lfirst(cell));
}

void
plasma_page_select(StringInfo sql, const ReadableTable *table)
{
	appendStringInfoString(sql, "SELECT ");
	if (table->scope != NIL)
	{
		plasma_page_join(sql, table->scope, ", ");
		appendStringInfoString(sql, ", ");
	}
	plasma_page_join(sql, table->keys, ", ");
	if (table->columns != NIL)
		appendStringInfoString(sql, ", ");
	plasma_page_join(sql, table->columns, ", ");
	appendStringInfo(sql, " FROM %s t", table->relation);
}

void
plasma_page_unnest(StringInfo sql, int count)
{
	appendStringInfoString(sql, "ROWS FROM (");
	for (int i = 1; i <= count; i++)
		appendStringInfo(sql, "%spg_catalog.unnest($%d)", i > 1 ? ", " : "", i);
	appendStringInfoString(sql, ") k(");
	for (int i = 1; i <= count; i++)
		appendStringInfo(sql, "%sc%d", i > 1 ? ", " : "", i);
	appendStringInfoChar(sql, ')');
}

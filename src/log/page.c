/*
 * page.c
 *		The operations of a page as JSON text, appended to one buffer.
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/text.h"
#include "log/page.h"

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

void
plasma_page_put(RowSender *sender, TupleTableSlot *slot, TupleDesc desc)
{
	PullPage   *page = sender->page;
	int			nkeys = sender->table->nkeys;

	if (sender->encoder == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(sender->context);

		sender->encoder = plasma_encode_make(desc, sender->table->bigints);
		MemoryContextSwitchTo(old);
	}
	resetStringInfo(&sender->key);
	plasma_encode_key(sender->encoder, slot, 0, nkeys, &sender->key);
	separate(page);
	plasma_text_append(&page->patch, sender->start.data, sender->start.len);
	plasma_text_json_bytes(&page->patch, sender->key.data, sender->key.len);
	plasma_text_append(&page->patch, ",\"value\":", 9);
	plasma_encode_row(sender->encoder, slot, nkeys, &page->patch);
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
	plasma_page_join(sql, table->keys, ", ");
	if (table->columns != NIL)
		appendStringInfoString(sql, ", ");
	plasma_page_join(sql, table->columns, ", ");
	appendStringInfo(sql, " FROM %s t", table->relation);
}

/*
 * touched.c
 *		From keys that the log names to operations: the live row where there is
 *		one that the caller may see, else the end of it.
 *
 *		The rows are read by one query a table, in the page's snapshot, under the
 *		caller's rights.
 */
#include "postgres.h"

#include "base/spi.h"
#include "lib/qunique.h"
#include "log/touched.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Touched keys of one table. */
typedef struct TouchedKeys
{
	const ReadableTable *table;
	int			nkeys;
	char	  **keys;			/* distinct and ascending, once all are in */
	bool	   *found;
	bool		whole;			/* to be sent however large they are */
	bool		overflow;		/* the page was full before they were through */
	RowSender	sender;
} TouchedKeys;

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool
send_touched_row(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	TouchedKeys *touched = arg;
	char	   *key;
	char	  **hit;

	plasma_page_put(&touched->sender, slot, desc);
	key = touched->sender.key.data;
	hit = bsearch(&key, touched->keys, touched->nkeys, sizeof(char *), compare_texts);
	if (hit != NULL)
		touched->found[hit - touched->keys] = true;
	touched->overflow = !touched->whole && plasma_page_full(touched->sender.page);
	return !touched->overflow;
}

/*
 * SELECT … FROM t JOIN unnest($1, $2) k(c1, c2) ON t.a = k.c1 AND t.b = k.c2;
 * with one key column the array itself is the condition.
 */
static char *
touched_query(const ReadableTable *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	plasma_page_select(&sql, table);
	if (table->nkeys == 1)
	{
		appendStringInfo(&sql, " WHERE %s OPERATOR(pg_catalog.=) ANY ($1)",
						 (char *) linitial(table->keys));
		return sql.data;
	}
	appendStringInfoString(&sql, " JOIN ROWS FROM (");
	for (int i = 1; i <= table->nkeys; i++)
		appendStringInfo(&sql, "%spg_catalog.unnest($%d)", i > 1 ? ", " : "", i);
	appendStringInfoString(&sql, ") k(");
	for (int i = 1; i <= table->nkeys; i++)
		appendStringInfo(&sql, "%sc%d", i > 1 ? ", " : "", i);
	appendStringInfoString(&sql, ") ON ");
	for (int i = 1; i <= table->nkeys; i++)
		appendStringInfo(&sql, "%s%s OPERATOR(pg_catalog.=) k.c%d", i > 1 ? " AND " : "",
						 (char *) list_nth(table->keys, i - 1), i);
	return sql.data;
}

/* The keys as one array per key column; texts that are no key are left out. */
static SpiParam *
touched_params(const TouchedKeys *touched)
{
	const ReadableTable *table = touched->table;
	SpiParam   *params = palloc(sizeof(SpiParam) * table->nkeys);
	SpiParam   *key = palloc(sizeof(SpiParam) * table->nkeys);
	Datum	  **columns = palloc(sizeof(Datum *) * table->nkeys);
	int			count = 0;

	for (int c = 0; c < table->nkeys; c++)
		columns[c] = palloc(sizeof(Datum) * touched->nkeys);
	for (int i = 0; i < touched->nkeys; i++)
	{
		if (!plasma_readable_key(table, touched->keys[i], key))
			continue;
		for (int c = 0; c < table->nkeys; c++)
			columns[c][count] = key[c].value;
		count++;
	}
	for (int c = 0; c < table->nkeys; c++)
	{
		Oid			type = table->key_types[c];
		int16		len;
		bool		byval;
		char		align;

		get_typlenbyvalalign(type, &len, &byval, &align);
		params[c].type = get_array_type(type);
		params[c].isnull = false;
		params[c].value = PointerGetDatum(construct_array(columns[c], count, type,
														  len, byval, align));
	}
	return params;
}

bool
plasma_touched_send(PullPage *page, const ReadableTable *table, List *keys, bool whole)
{
	TouchedKeys touched = {.table = table,.nkeys = list_length(keys),.whole = whole};
	ListCell   *cell;

	touched.keys = palloc(sizeof(char *) * touched.nkeys);
	foreach(cell, keys)
		touched.keys[foreach_current_index(cell)] = lfirst(cell);
	qsort(touched.keys, touched.nkeys, sizeof(char *), compare_texts);
	touched.nkeys = qunique(touched.keys, touched.nkeys, sizeof(char *), compare_texts);
	touched.found = palloc0(touched.nkeys);

	plasma_page_sender(&touched.sender, page, table);
	plasma_spi_scan(SPI_CALLER, touched_query(table), table->nkeys,
					touched_params(&touched), send_touched_row, &touched);
	if (touched.overflow)
		return false;
	for (int i = 0; i < touched.nkeys; i++)
		if (!touched.found[i])
			plasma_page_delete(page, table->sync->name, touched.keys[i]);
	return true;
}

/*
 * cookie.c
 *		Any text as a cookie, and any JSON in one that is sealed as it should be:
 *		no input finds the checksum by chance.
 *
 *		What is a cookie is the same when it is written and read again, and what
 *		base64url makes of any bytes leads back to them.
 */
#include "log/cookie.c"
#include "shim.h"

static char *
sealed(const char *json, int len)
{
	StringInfoData out;

	initStringInfo(&out);
	appendBinaryStringInfo(&out, json, len);
	appendStringInfo(&out, SUM_FORMAT, checksum(out.data, out.len));
	return psprintf(PREFIX "%s", encode_base64url(out.data, out.len));
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_snapshot(const SyncSnapshot *a, const SyncSnapshot *b)
{
	return a == NULL || b == NULL ? a == b : plasma_snapshot_equal(a, b);
}

static bool
same_set(const Bitmapset *a, const Bitmapset *b)
{
	int			x = -1;
	int			y = -1;

	do
	{
		x = bms_next_member(a, x);
		y = bms_next_member(b, y);
	} while (x == y && x >= 0);
	return x == y;
}

static bool
same_scope(const CookieScope *a, const CookieScope *b)
{
	bool		same = same_text(a->name, b->name) && a->nslices == b->nslices;

	for (int i = 0; same && i < a->nslices; i++)
		same = same_text(a->slices[i], b->slices[i]);
	return same;
}

static bool
same_table(const CookieTable *a, const CookieTable *b)
{
	return same_text(a->name, b->name) && a->generation == b->generation &&
		a->shape == b->shape && same_text(a->hash, b->hash) &&
		same_set(a->fetching, b->fetching) && same_text(a->last_key, b->last_key) &&
		(a->last_key == NULL || a->begun == b->begun);
}

static void
check_same(const Cookie *a, const Cookie *b)
{
	HOLDS(same_text(a->system, b->system));
	HOLDS(a->database == b->database);
	HOLDS(same_text(a->epoch, b->epoch));
	HOLDS(a->position.timeline == b->position.timeline);
	HOLDS(a->position.begin == b->position.begin);
	HOLDS(a->position.lsn == b->position.lsn);
	HOLDS(same_text(a->version, b->version));
	HOLDS(same_text(a->identity, b->identity));
	HOLDS(same_text(a->group, b->group));
	HOLDS(a->order == b->order);
	HOLDS(a->made_at == b->made_at);
	HOLDS(same_snapshot(a->seen, b->seen));
	HOLDS(same_snapshot(a->upto, b->upto));
	HOLDS(same_snapshot(a->rows, b->rows));
	HOLDS(a->pos_xid == b->pos_xid);
	HOLDS(a->pos_row_version == b->pos_row_version);
	HOLDS(a->cut == b->cut);
	HOLDS(same_snapshot(a->ids, b->ids));
	HOLDS(list_length(a->scopes) == list_length(b->scopes));
	for (int i = 0; i < list_length(a->scopes); i++)
		HOLDS(same_scope(list_nth(a->scopes, i), list_nth(b->scopes, i)));
	HOLDS(list_length(a->tables) == list_length(b->tables));
	for (int i = 0; i < list_length(a->tables); i++)
		HOLDS(same_table(list_nth(a->tables, i), list_nth(b->tables, i)));
}

static void
check_cookie(const Cookie *cookie)
{
	char	   *text = plasma_cookie_write(cookie);
	Cookie	   *again = plasma_cookie_parse(text);

	HOLDS(again != NULL);
	check_same(cookie, again);
	HOLDS(strcmp(plasma_cookie_write(again), text) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = shim_text(data, size);
	int			len;
	char	   *bytes;
	Cookie	   *cookie;

	bytes = decode_base64url(encode_base64url(text, size), &len);
	HOLDS(bytes != NULL && len == size && memcmp(bytes, text, size) == 0);

	cookie = plasma_cookie_parse(strncmp(text, PREFIX, strlen(PREFIX)) == 0 ? text :
								 sealed(text, size));
	if (cookie != NULL)
		check_cookie(cookie);
	shim_reset();
	return 0;
}

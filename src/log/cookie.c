/*
 * cookie.c
 *		The cookie as text, and back.
 *
 *		A pure room: text in, struct out, no catalog, no snapshot.  What a cookie
 *		means is pull's business.
 */
#include "postgres.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"
#include "common/base64.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "log/cookie.h"
#include "log/cookie_tables.h"

#define PREFIX			"c2:"
#define MAX_LENGTH		(1024 * 1024)

/* {"tables":{"todos":[ */
#define MAX_DEPTH		3

/* Most keys of an object in it: they are looked up one by one. */
#define MAX_KEYS		4096

/* ,"sum":"0123456789abcdef"} */
#define SUM_FORMAT		",\"sum\":\"%016" PRIx64 "\"}"
#define SUM_LENGTH		26

static bool parse_fields(Cookie *cookie, const JsonNode *root);

static uint64
checksum(const char *text, int len)
{
	return hash_bytes_extended((const unsigned char *) text, len, 0);
}

/* base64url without padding, from and to the server's base64. */
static char *
encode_base64url(const char *text, int len)
{
	int			size = pg_b64_enc_len(len);
	char	   *out = palloc(size + 1);
	int			n = pg_b64_encode((const void *) text, len, (void *) out, size);

	while (n > 0 && out[n - 1] == '=')
		n--;
	out[n] = '\0';
	for (char *p = out; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	return out;
}

static char *
decode_base64url(const char *text, int *len)
{
	int			n = strlen(text);
	char	   *standard = palloc(n + 4);
	char	   *out = palloc(pg_b64_dec_len(n + 4) + 1);

	for (int i = 0; i < n; i++)
	{
		char		c = text[i];

		if (c == '+' || c == '/' || c == '=' || strchr(" \t\r\n", c) != NULL)
			return NULL;
		standard[i] = c == '-' ? '+' : c == '_' ? '/' : c;
	}
	while (n % 4 != 0)
		standard[n++] = '=';
	*len = pg_b64_decode((const void *) standard, n, (void *) out,
						 pg_b64_dec_len(n));
	if (*len < 0)
		return NULL;
	out[*len] = '\0';
	return out;
}

/* What nests deeply is no cookie, and would exceed the stack of the parser. */
static bool
is_shallow(const char *json)
{
	bool		quoted = false;
	int			depth = 0;

	for (const char *p = json; *p != '\0'; p++)
	{
		if (quoted && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && (*p == '{' || *p == '['))
			depth++;
		else if (!quoted && (*p == '}' || *p == ']'))
			depth--;
		if (depth > MAX_DEPTH)
			return false;
	}
	return true;
}

static bool
has_few_keys(const JsonNode *root)
{
	ListCell   *cell;

	foreach(cell, root->items)
		if (list_length(((JsonNode *) lfirst(cell))->keys) > MAX_KEYS)
			return false;
	return list_length(root->keys) <= MAX_KEYS;
}

Cookie *
plasma_cookie_parse(const char *text)
{
	Cookie	   *cookie = palloc0(sizeof(Cookie));
	JsonNode   *root;
	char	   *json;
	char	   *error;
	int			len;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0 || strlen(text) > MAX_LENGTH)
		return NULL;
	json = decode_base64url(text + strlen(PREFIX), &len);
	if (json == NULL || len <= SUM_LENGTH || strlen(json) != len)
		return NULL;
	if (strcmp(json + len - SUM_LENGTH,
			   psprintf(SUM_FORMAT, checksum(json, len - SUM_LENGTH))) != 0)
		return NULL;
	if (!is_shallow(json))
		return NULL;
	root = plasma_json_parse(json, len, &error);
	if (root == NULL || !has_few_keys(root) || !parse_fields(cookie, root))
		return NULL;
	return cookie;
}

static bool
get_text(const JsonNode *root, const char *key, char **value)
{
	JsonNode   *node = plasma_json_get(root, key);

	if (node == NULL || node->type != JSON_NODE_STRING)
		return false;
	*value = node->text;
	return true;
}

static bool
get_number(const JsonNode *root, const char *key, int64 *value)
{
	return plasma_json_int8(plasma_json_get(root, key), value) && *value >= 0;
}

static bool
get_snapshot(const JsonNode *root, const char *key, SyncSnapshot **value)
{
	char	   *text;

	if (!get_text(root, key, &text))
		return false;
	*value = plasma_snapshot_parse(text);
	return *value != NULL;
}

static bool
parse_catch_up(Cookie *cookie, const JsonNode *root)
{
	JsonNode   *pos = plasma_json_get(root, "pos");
	int64		xid;

	if (pos == NULL && plasma_json_get(root, "upto") == NULL)
		return true;
	if (!get_snapshot(root, "upto", &cookie->upto) || pos == NULL ||
		pos->type != JSON_NODE_ARRAY || list_length(pos->items) != 2 ||
		!plasma_json_int8(linitial(pos->items), &xid) || xid <= 0 ||
		!plasma_json_int8(lsecond(pos->items), &cookie->pos_row_version))
		return false;
	cookie->pos_xid = xid;
	return true;
}

static SyncSnapshot *
default_rows(const Cookie *cookie)
{
	return cookie->upto != NULL ? cookie->upto : cookie->seen;
}

static bool
parse_rows(Cookie *cookie, const JsonNode *root)
{
	cookie->rows = default_rows(cookie);
	return plasma_json_get(root, "rows") == NULL ||
		get_snapshot(root, "rows", &cookie->rows);
}

static bool
parse_cut(Cookie *cookie, const JsonNode *root)
{
	JsonNode   *node = plasma_json_get(root, "cut");
	int64		cut;

	if (node == NULL)
		return true;
	cookie->cut = true;
	return plasma_json_int8(node, &cut) && cut == 1;
}

static bool
parse_ids(Cookie *cookie, const JsonNode *root)
{
	JsonNode   *ids = plasma_json_get(root, "ids");

	if (ids == NULL)
	{
		cookie->ids = cookie->seen;
		return true;
	}
	if (ids->type == JSON_NODE_STRING && ids->text[0] == '\0')
		return true;
	return get_snapshot(root, "ids", &cookie->ids);
}

static bool
parse_position(WalPosition *position, const JsonNode *root)
{
	int64		begin;
	int64		lsn;

	if (!get_number(root, "tl", &position->timeline) ||
		!get_number(root, "from", &begin) || !get_number(root, "lsn", &lsn))
		return false;
	position->begin = (uint64) begin;
	position->lsn = (uint64) lsn;
	return true;
}

static bool
parse_fields(Cookie *cookie, const JsonNode *root)
{
	int64		database;

	if (root->type != JSON_NODE_OBJECT ||
		!get_text(root, "sys", &cookie->system) ||
		!get_number(root, "db", &database) || database > PG_UINT32_MAX ||
		!get_text(root, "epoch", &cookie->epoch) ||
		!parse_position(&cookie->position, root) ||
		!get_text(root, "ver", &cookie->version) ||
		!get_text(root, "who", &cookie->identity) ||
		!get_text(root, "group", &cookie->group) ||
		!get_number(root, "order", &cookie->order) ||
		!get_number(root, "at", &cookie->made_at) ||
		!get_snapshot(root, "seen", &cookie->seen))
		return false;
	cookie->database = (Oid) database;
	return parse_catch_up(cookie, root) && parse_rows(cookie, root) &&
		parse_cut(cookie, root) && parse_ids(cookie, root) &&
		plasma_cookie_tables_parse(cookie, root);
}

static void
write_text(StringInfo out, const char *key, const char *value)
{
	appendStringInfo(out, "%c\"%s\":", out->len == 0 ? '{' : ',', key);
	plasma_text_json(out, value);
}

static void
write_number(StringInfo out, const char *key, int64 value)
{
	appendStringInfo(out, ",\"%s\":" INT64_FORMAT, key, value);
}

char *
plasma_cookie_write(const Cookie *cookie)
{
	StringInfoData out;
	char	   *text;

	initStringInfo(&out);
	write_text(&out, "sys", cookie->system);
	write_number(&out, "db", cookie->database);
	write_text(&out, "epoch", cookie->epoch);
	write_number(&out, "tl", cookie->position.timeline);
	write_number(&out, "from", (int64) cookie->position.begin);
	write_number(&out, "lsn", (int64) cookie->position.lsn);
	write_text(&out, "ver", cookie->version);
	write_text(&out, "who", cookie->identity);
	write_text(&out, "group", cookie->group);
	write_number(&out, "order", cookie->order);
	write_number(&out, "at", cookie->made_at);
	write_text(&out, "seen", plasma_snapshot_write(cookie->seen));
	if (cookie->upto != NULL)
	{
		write_text(&out, "upto", plasma_snapshot_write(cookie->upto));
		appendStringInfo(&out, ",\"pos\":[" UINT64_FORMAT "," INT64_FORMAT "]",
						 cookie->pos_xid, cookie->pos_row_version);
	}
	if (!plasma_snapshot_equal(cookie->rows, default_rows(cookie)))
		write_text(&out, "rows", plasma_snapshot_write(cookie->rows));
	if (cookie->cut)
		write_number(&out, "cut", 1);
	if (cookie->ids == NULL)
		write_text(&out, "ids", "");
	else if (!plasma_snapshot_equal(cookie->ids, cookie->seen))
		write_text(&out, "ids", plasma_snapshot_write(cookie->ids));
	plasma_cookie_tables_write(&out, cookie);
	appendStringInfo(&out, SUM_FORMAT, checksum(out.data, out.len));
	text = psprintf(PREFIX "%s", encode_base64url(out.data, out.len));
	if (strlen(text) > MAX_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the cookie would be longer than %d bytes", MAX_LENGTH),
				 errhint("It lists the slices that the client has. Let the scopes' queries list fewer or shorter values.")));
	return text;
}

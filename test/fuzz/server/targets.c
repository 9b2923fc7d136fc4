/*
 * targets.c
 *		What is fuzzed inside a backend, and what must hold whatever comes in.
 *
 *		request: a line with method and path, a line with a ctx or none, a body.
 *		plasma.http raises nothing and answers JSON with a status it is known for.
 *
 *		pull: a body whose cookie may be an object: its keys then replace those of a
 *		real cookie, which is sealed again, since no input finds the checksum by
 *		chance.  What is answered is a cookie that can be pulled with.
 *
 *		declaration: raises PL002 or is planned; what then is run raises PL001, or
 *		leaves nothing to plan.
 */
#include "postgres.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/pg_type.h"
#include "common/base64.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "fuzz/fuzz.h"
#include "log/cookie.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#define MAX_PAGES	8

/* What an application has to allow, so that more is run. */
#define ALLOWED		"'{\"allow\": [\"DS101\", \"DS102\", \"DS103\", \"DS105\", \"DS106\", \"LK101\"]}'"

/* The keys of the request beside the cookie. */
#define FIRST_PULL \
	"{\"protocolVersion\":1,\"schemaVersion\":\"fuzz-v1\",\"clientGroupID\":\"g\",\"clientID\":\"c\"}"

static const int none[] = {0};
static const int of_declarations[] = {ERRCODE_PLASMA_MISFIT, ERRCODE_PLASMA_DECLARATION, 0};

typedef struct Answer
{
	int			status;
	JsonNode   *body;
} Answer;

static JsonNode *
parse(const char *text)
{
	char	   *error;

	return plasma_json_parse(text, strlen(text), &error);
}

static const char *
get_text(const JsonNode *object, const char *key)
{
	JsonNode   *node = plasma_json_get(object, key);

	return node != NULL && node->type == JSON_NODE_STRING ? node->text : NULL;
}

/* ---------------------------------------------------------------- request */

static bool
is_known_status(int status)
{
	static const int known[] = {200, 400, 401, 403, 404, 405, 409, 413, 421};

	for (int i = 0; i < lengthof(known); i++)
		if (known[i] == status)
			return true;
	return false;
}

static Answer
call(FuzzInput *input, const char *method, const char *path, const char *body,
	 Datum ctx)
{
	SpiParam	params[] = {
		SPI_TEXT(method), SPI_TEXT(path), SPI_TEXT(body),
		{JSONBOID, ctx, ctx == (Datum) 0}
	};
	Answer		answer;
	SpiRows    *rows;

	input->entered = true;
	rows = plasma_spi_write(SPI_CALLER,
							"SELECT status, body FROM plasma.http($1, $2, $3, '{}', $4)",
							lengthof(params), params);
	answer.status = DatumGetInt32(plasma_spi_datum(rows, 0, 1, &(bool) {false}));
	answer.body = parse(plasma_spi_text(rows, 0, 2));
	HOLDS(is_known_status(answer.status), "%d", answer.status);
	HOLDS(answer.body != NULL && answer.body->type == JSON_NODE_OBJECT, "%s",
		  plasma_spi_text(rows, 0, 2));
	HOLDS((answer.status == 200) == (get_text(answer.body, "error") == NULL), "%s",
		  plasma_spi_text(rows, 0, 2));
	return answer;
}

/* A pushed mutation has one result; one that is pushed again changes nothing. */
static void
check_push(FuzzInput *input, const Answer *answer, const char *body)
{
	JsonNode   *results = plasma_json_get(answer->body, "results");
	JsonNode   *mutations = plasma_json_get(parse(body), "mutations");

	HOLDS(list_length(results->items) == list_length(mutations->items), "%s", body);
}

static void
run_request(FuzzInput *input)
{
	char	   *method = pstrdup(input->text);
	char	   *ctx = strchr(method, '\n');
	char	   *body = ctx ? strchr(ctx + 1, '\n') : NULL;
	char	   *path = strchr(method, ' ');
	Datum		claims = (Datum) 0;
	Answer		answer;

	if (body == NULL || path == NULL || path > ctx)
		return;
	*path++ = *ctx++ = *body++ = '\0';
	if (*ctx != '\0')
		claims = DirectFunctionCall1(jsonb_in, CStringGetDatum(ctx));
	answer = call(input, method, path, body, claims);
	if (answer.status == 200 && plasma_json_get(answer.body, "results") != NULL)
		check_push(input, &answer, body);
}

/* ---------------------------------------------------------------- pull */

static char *
seal(const JsonNode *content)
{
	char	   *json = plasma_json_write(content);
	int			len = strlen(json) - 1;
	uint64		sum = hash_bytes_extended((unsigned char *) json, len, 0);
	char	   *whole = psprintf("%.*s,\"sum\":\"%016" PRIx64 "\"}", len, json, sum);
	int			size = pg_b64_enc_len(strlen(whole));
	char	   *text = palloc0(size + 1);

	pg_b64_encode((const void *) whole, strlen(whole), (void *) text, size);
	for (char *p = text; *p; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;
	return psprintf("c2:%s", text);
}

/* What a cookie holds, its checksum left out. */
static JsonNode *
unseal(const char *cookie)
{
	char	   *text = psprintf("%s===", cookie + strlen("c2:"));
	int			len = strlen(text) / 4 * 4;
	char	   *json = palloc0(pg_b64_dec_len(len) + 1);
	JsonNode   *content;

	for (char *p = text; *p; p++)
		*p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
	pg_b64_decode((const void *) text, len, (void *) json, pg_b64_dec_len(len));
	content = parse(json);
	content->keys = list_delete_last(content->keys);
	content->items = list_delete_last(content->items);
	return content;
}

static void
set_key(JsonNode *object, char *key, JsonNode *value)
{
	int			n = plasma_text_position(object->keys, key);

	if (n >= 0)
		lfirst(list_nth_cell(object->items, n)) = value;
	else
	{
		object->keys = lappend(object->keys, key);
		object->items = lappend(object->items, value);
	}
}

static JsonNode *
string_node(const char *text)
{
	JsonNode   *node = palloc0(sizeof(JsonNode));

	node->type = JSON_NODE_STRING;
	node->text = pstrdup(text);
	return node;
}

/* The cookie of a client that has everything, changed as the object says. */
static JsonNode *
forge(FuzzInput *input, const JsonNode *changes)
{
	Answer		answer = call(input, "POST", "/pull", FIRST_PULL, (Datum) 0);
	JsonNode   *content;

	HOLDS(answer.status == 200, "%s", plasma_json_write(answer.body));
	content = unseal(get_text(answer.body, "cookie"));
	for (int i = 0; i < list_length(changes->keys); i++)
		set_key(content, list_nth(changes->keys, i), list_nth(changes->items, i));
	return string_node(seal(content));
}

static void
run_pull(FuzzInput *input)
{
	JsonNode   *request = parse(input->text);
	JsonNode   *cookie;

	if (request == NULL || request->type != JSON_NODE_OBJECT)
		return;
	cookie = plasma_json_get(request, "cookie");
	if (cookie != NULL && cookie->type == JSON_NODE_OBJECT)
		set_key(request, "cookie", forge(input, cookie));
	for (int page = 0; page < MAX_PAGES; page++)
	{
		Answer		answer = call(input, "POST", "/pull", plasma_json_write(request), (Datum) 0);
		const char *next = get_text(answer.body, "cookie");
		bool		more = plasma_json_get(answer.body, "hasMore") != NULL;

		HOLDS(page == 0 || answer.status == 200, "%s", plasma_json_write(answer.body));
		if (answer.status != 200)
			return;
		HOLDS(next != NULL && plasma_cookie_parse(next) != NULL, "%s", next);
		HOLDS(more == (plasma_json_get(answer.body, "lastMutationIDs") == NULL), "%s",
			  plasma_json_write(answer.body));
		if (!more)
			return;
		set_key(request, "cookie", string_node(next));
	}
}

/* ---------------------------------------------------------------- declaration */

static char *
ask(const char *sql, Datum declaration)
{
	SpiParam	params[] = {SPI_DATUM(JSONOID, declaration)};

	return plasma_spi_text(plasma_spi_write(SPI_CALLER, sql, lengthof(params), params), 0, 1);
}

static void
run_declaration(FuzzInput *input)
{
	Datum		declaration = DirectFunctionCall1(json_in, CStringGetDatum(input->text));
	char	   *left;

	input->entered = true;
	ask("SELECT plasma.check_declaration($1)", declaration);
	plasma_spi_write(SPI_CALLER, "DELETE FROM public.parts", 0, NULL);
	if (strcmp(ask("SELECT plasma.plan($1, " ALLOWED ") ->> 'status'", declaration), "refused") == 0)
		return;
	ask("SELECT plasma.run_migrations($1, " ALLOWED ")", declaration);
	left = ask("SELECT plasma.plan($1, " ALLOWED ") -> 'steps'", declaration);
	HOLDS(strcmp(left, "[]") == 0, "%s", left);
}

const FuzzTarget plasma_fuzz_targets[] = {
	{"request", 2, run_request, none},
	{"pull", 0, run_pull, none},
	{"declaration", 0, run_declaration, of_declarations},
	{NULL}
};

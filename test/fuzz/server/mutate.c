/*
 * mutate.c
 *		One change in the tree of a JSON text: a node is replaced, by a word or by
 *		another node, taken out, doubled, or given another key.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fuzz/fuzz.h"

/* A place in the tree: the n-th item of a container. */
typedef struct Place
{
	JsonNode   *parent;
	int			n;
} Place;

/* Any JSON, for a value; the strings among them stand for keys, too. */
static const char *const words[] = {
	"null", "true", "false", "0", "1", "-1", "2", "1e0", "0.5", "1e400", "9007199254740991",
	"9007199254740992", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
	"[]", "{}", "[[]]", "{\"\":null}", "\"\"", "\" \"", "\"\\u0001\"", "\"😀\"", "\"'\"", "\"\\\"\"",
	"\"0123456789012345678901234567890123456789012345678901234567890123456789\"",
	"\"protocolVersion\"", "\"schemaVersion\"", "\"clientGroupID\"", "\"clientID\"", "\"mutations\"",
	"\"id\"", "\"name\"", "\"args\"", "\"timestamp\"", "\"limit\"", "\"cookie\"", "\"sub\"", "\"role\"",
	"\"fuzz-v1\"", "\"g\"", "\"c\"", "\"echo\"", "\"named\"", "\"fail\"",
	"\"sys\"", "\"db\"", "\"epoch\"", "\"tl\"", "\"from\"", "\"lsn\"", "\"ver\"", "\"who\"", "\"group\"", "\"order\"",
	"\"at\"", "\"seen\"", "\"upto\"", "\"pos\"", "\"cut\"", "\"ids\"", "\"tables\"", "\"fetch\"",
	"\"1:1:\"", "\"3:4:3\"", "\"9223372036854775806:9223372036854775806:\"", "\"[\\\"a\\\",\\\"1\\\"]\"",
	"\"version\"", "\"columns\"", "\"schema\"", "\"key\"", "\"changeLogSuppressed\"", "\"history\"", "\"auth\"",
	"\"read\"", "\"write\"", "\"kind\"", "\"nullable\"", "\"unique\"", "\"default\"", "\"defaultExpression\"",
	"\"generated\"", "\"identity\"", "\"enum\"", "\"enforced\"", "\"setDefault\"", "\"collation\"", "\"type\"",
	"\"references\"", "\"onDelete\"", "\"cascade\"", "\"setNull\"", "\"setDefault\"", "\"noAction\"", "\"restrict\"",
	"\"text\"", "\"int\"", "\"bigint\"", "\"boolean\"", "\"blob\"", "\"json\"", "\"file\"", "\"ref\"", "\"sql\"",
	"\"crdtCounter\"", "\"crdtPnCounter\"", "\"crdtLwwRegister\"", "\"crdtOrSet\"", "\"always\"",
	"\"numeric(10,2)\"", "\"varchar(3)\"", "\"timestamptz\"", "\"int[]\"", "\"uuid\"", "\"pg_class\"", "\"record\"",
	"\"1 + 1\"", "\"now()\"", "\"title || 'x'\"", "\"true\"", "\"plasma.ctx() ->> 'sub' = owner\"", "\"C\"",
	"\"things\"", "\"parts\"", "\"title\"", "\"owner\"", "\"public\"", "\"pg_catalog\"", "\"plasma\""
};

static uint64 state;

/* Of numbers below a limit the next. */
static int
choose(int limit)
{
	state = state * UINT64CONST(6364136223846793005) + UINT64CONST(1442695040888963407);
	return (state >> 33) % limit;
}

static JsonNode *
word(bool as_key)
{
	char	   *error;

	for (;;)
	{
		const char *text = words[choose(lengthof(words))];

		if (!as_key || *text == '"')
			return plasma_json_parse(text, strlen(text), &error);
	}
}

static void
collect(JsonNode *node, List **places)
{
	for (int i = 0; i < list_length(node->items); i++)
	{
		Place	   *place = palloc(sizeof(Place));

		place->parent = node;
		place->n = i;
		*places = lappend(*places, place);
		collect(list_nth(node->items, i), places);
	}
}

static Place *
any_place(List *places)
{
	return list_nth(places, choose(list_length(places)));
}

static void
set_item(Place *place, JsonNode *node)
{
	lfirst(list_nth_cell(place->parent->items, place->n)) = node;
}

static void
add_item(JsonNode *parent, char *key, JsonNode *node)
{
	parent->items = lappend(parent->items, node);
	if (parent->type == JSON_NODE_OBJECT)
		parent->keys = lappend(parent->keys, key);
}

static void
take_out(Place *place)
{
	place->parent->items = list_delete_nth_cell(place->parent->items, place->n);
	if (place->parent->type == JSON_NODE_OBJECT)
		place->parent->keys = list_delete_nth_cell(place->parent->keys, place->n);
}

/* A copy, so that no node comes to hold itself. */
static JsonNode *
copy(const JsonNode *node)
{
	char	   *text = plasma_json_write(node);
	char	   *error;

	return plasma_json_parse(text, strlen(text), &error);
}

static void
change(Place *place, Place *other)
{
	JsonNode   *parent = place->parent;
	JsonNode   *node = copy(list_nth(other->parent->items, other->n));

	switch (choose(parent->type == JSON_NODE_OBJECT ? 6 : 5))
	{
		case 0:
			set_item(place, node);
			break;
		case 1:
			take_out(place);
			break;
		case 2:
			add_item(parent, word(true)->text, node);
			break;
		case 3:
			add_item(parent, word(true)->text, word(false));
			break;
		case 4:
			set_item(place, word(false));
			break;
		default:
			lfirst(list_nth_cell(parent->keys, place->n)) = word(true)->text;
	}
}

char *
plasma_fuzz_mutate(const char *json, int len, unsigned int seed)
{
	char	   *error;
	JsonNode   *root = plasma_json_parse(json, len, &error);
	List	   *places = NIL;

	if (root == NULL)
		return NULL;
	state = hash_bytes_extended((const unsigned char *) &seed, sizeof(seed), 0);
	collect(root, &places);
	if (places == NIL)
		return NULL;
	change(any_place(places), any_place(places));
	return plasma_json_write(root);
}

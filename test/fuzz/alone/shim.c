/*
 * shim.c
 *		Memory and lists of the server, for parsers that run without one.
 *
 *		Each allocation is one of the C library, exactly as large as was asked for,
 *		so that AddressSanitizer sees the first byte that is read or written beyond
 *		it; inside a server a memory context hides that.  All the rest, the lexer
 *		of JSON and base64 among it, is the server's own, from libpgcommon.
 */
#include "postgres.h"

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "shim.h"

static void **blocks = NULL;
static size_t nblocks = 0;
static size_t room = 0;

static void *
keep(void *block)
{
	if (block == NULL)
		abort();
	if (nblocks == room)
	{
		room = room == 0 ? 1024 : room * 2;
		blocks = realloc(blocks, room * sizeof(void *));
	}
	return blocks[nblocks++] = block;
}

/* What is freed or grown is mostly what was made last. */
static void
forget(void *block)
{
	size_t		i = nblocks;

	while (i > 0 && blocks[i - 1] != block)
		i--;
	if (i == 0)
		shim_fail("the block was allocated", __FILE__, __LINE__);
	blocks[i - 1] = blocks[--nblocks];
}

void
shim_reset(void)
{
	while (nblocks > 0)
		free(blocks[--nblocks]);
}

char *
shim_text(const uint8_t *data, size_t size)
{
	char	   *text = palloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

void
shim_fail(const char *fact, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, fact);
	abort();
}

void *
palloc(Size size)
{
	return keep(malloc(size));
}

void *
palloc0(Size size)
{
	return keep(calloc(1, size));
}

void *
palloc_extended(Size size, int flags)
{
	return (flags & MCXT_ALLOC_ZERO) ? palloc0(size) : palloc(size);
}

void *
repalloc(void *block, Size size)
{
	forget(block);
	return keep(realloc(block, size));
}

void
pfree(void *block)
{
	forget(block);
	free(block);
}

char *
pnstrdup(const char *text, Size len)
{
	return shim_text((const uint8_t *) text, strnlen(text, len));
}

char *
pstrdup(const char *text)
{
	return pnstrdup(text, strlen(text));
}

List *
lappend(List *list, void *datum)
{
	if (list == NIL)
	{
		list = palloc0(sizeof(List));
		list->type = T_List;
	}
	if (list->length == list->max_length)
	{
		list->max_length = Max(4, list->max_length * 2);
		list->elements = list->elements == NULL ?
			palloc(list->max_length * sizeof(ListCell)) :
			repalloc(list->elements, list->max_length * sizeof(ListCell));
	}
	list->elements[list->length++].ptr_value = datum;
	return list;
}

List *
list_delete_last(List *list)
{
	return --list->length == 0 ? NIL : list;
}

bool
pg_verify_mbstr(int encoding, const char *text, int len, bool no_error)
{
	return pg_encoding_verifymbstr(encoding, text, len) == len;
}

/* Inputs are too short to nest deeper than the stack is. */
void
check_stack_depth(void)
{
}

/* Why a text is no JSON: libpgcommon of 15 leaves that to the server. */
__attribute__((weak)) char *
json_errdetail(JsonParseErrorType error, JsonLexContext *lex)
{
	return psprintf("error %d", (int) error);
}

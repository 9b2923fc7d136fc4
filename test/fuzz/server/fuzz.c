/*
 * fuzz.c
 *		libFuzzer inside a backend: what needs jsonb, catalogs and tables.
 *
 *		This folder is laid beside the rooms of plasma for a build of its own, with
 *		clang's coverage and sanitizers in every file.  plasma_fuzz_run is called in
 *		a single-user server and does not return: libFuzzer ends the process.
 *
 *		Each input is run in a subtransaction that is undone, so that all of them
 *		meet the same database.
 */
#include "postgres.h"

#include "base/spi.h"
#include "base/text.h"
#include "fmgr.h"
#include "fuzz/fuzz.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

extern PGDLLEXPORT int LLVMFuzzerRunDriver(int *argc, char ***argv,
										   int (*one) (const uint8_t *data, size_t size));
extern PGDLLEXPORT size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
extern PGDLLEXPORT size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
												  size_t max_size, unsigned int seed);

static const FuzzTarget *target;
static MemoryContext per_input;

PG_FUNCTION_INFO_V1(plasma_fuzz_run);

void
plasma_fuzz_fail(const char *fact, const char *what)
{
	fprintf(stderr, "does not hold: %s: %s\n", fact, what);
	abort();
}

/* What is no text of a UTF-8 database reaches no function. */
static bool
is_text(const uint8_t *data, size_t size)
{
	return memchr(data, '\0', size) == NULL &&
		pg_verify_mbstr(PG_UTF8, (const char *) data, size, true);
}

static void
run(void *arg)
{
	FuzzInput  *input = arg;

	PushActiveSnapshot(GetTransactionSnapshot());
	target->run(input);
	PopActiveSnapshot();
}

static void
check_error(const FuzzInput *input, const ErrorData *error)
{
	const int  *code = target->raised;

	if (!input->entered)
		return;
	while (*code != 0 && *code != error->sqlerrcode)
		code++;
	HOLDS(*code != 0, "%s %s", unpack_sql_state(error->sqlerrcode), error->message);
}

static int
run_input(const uint8_t *data, size_t size)
{
	MemoryContext caller = MemoryContextSwitchTo(per_input);
	FuzzInput	input = {.entered = false};

	if (size > 0 && is_text(data, size))
	{
		ErrorData  *error;

		input.text = pnstrdup((const char *) data, size);
		error = plasma_spi_undo(run, &input);
		if (error != NULL)
			check_error(&input, error);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(per_input);
	return 0;
}

/* Where the JSON begins. */
static size_t
skip_head(const uint8_t *data, size_t size)
{
	size_t		at = 0;

	for (int lines = target->head_lines; lines > 0 && at < size; at++)
		if (data[at] == '\n')
			lines--;
	return at;
}

/* Every second time the tree is changed, if it is one, else the bytes. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	size_t		head = skip_head(data, size);
	MemoryContext caller;
	char	   *json = NULL;
	size_t		len;

	if (seed % 2 == 0 || !is_text(data, size))
		return LLVMFuzzerMutate(data, size, max_size);
	caller = MemoryContextSwitchTo(per_input);
	json = plasma_fuzz_mutate((const char *) data + head, size - head, seed);
	len = json ? strlen(json) : 0;
	if (json != NULL && head + len <= max_size)
	{
		memcpy(data + head, json, len);
		size = head + len;
	}
	else
		size = LLVMFuzzerMutate(data, size, max_size);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(per_input);
	return size;
}

/* plasma_fuzz_run(target, arguments of libFuzzer) */
Datum
plasma_fuzz_run(PG_FUNCTION_ARGS)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	List	   *arguments = plasma_text_list(PG_GETARG_DATUM(1));
	int			argc = list_length(arguments) + 1;
	char	  **argv = palloc0(sizeof(char *) * (argc + 1));

	for (target = plasma_fuzz_targets; target->name != NULL; target++)
		if (strcmp(target->name, name) == 0)
			break;
	if (target->name == NULL)
		elog(ERROR, "there is no target %s", name);
	argv[0] = name;
	for (int i = 1; i < argc; i++)
		argv[i] = list_nth(arguments, i - 1);
	per_input = AllocSetContextCreate(CurrentMemoryContext, "plasma fuzz input",
									  ALLOCSET_DEFAULT_SIZES);
	PG_RETURN_INT32(LLVMFuzzerRunDriver(&argc, &argv, run_input));
}

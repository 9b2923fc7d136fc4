/*
 * absent.c
 *		Functions of the server that the fuzzed files name and that no parser
 *		calls.  One that is called after all ends the process.
 */
#include <stdio.h>
#include <stdlib.h>

#define ABSENT(name) \
	__attribute__((weak)) void name(void); \
	void name(void) { fputs(#name " needs a server\n", stderr); abort(); }

ABSENT(DirectFunctionCall1Coll)
ABSENT(GetActiveSnapshot)
ABSENT(GetTopFullTransactionIdIfAny)
ABSENT(ReadNextFullTransactionId)
ABSENT(construct_array)
ABSENT(cstring_to_text)
ABSENT(deconstruct_array)
ABSENT(errcode)
ABSENT(errfinish)
ABSENT(errhint)
ABSENT(errmsg)
ABSENT(errstart)
ABSENT(errstart_cold)
ABSENT(get_namespace_name)
ABSENT(get_rel_name)
ABSENT(get_rel_namespace)
ABSENT(pg_detoast_datum)
ABSENT(pg_snapshot_in)
ABSENT(quote_identifier)
ABSENT(quote_literal_cstr)
ABSENT(quote_qualified_identifier)
ABSENT(text_to_cstring)

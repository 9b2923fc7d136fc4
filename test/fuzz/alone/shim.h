/*
 * shim.h
 *		What the parsers that are fuzzed outside a server have in place of one.
 */
#ifndef PLASMA_FUZZ_SHIM_H
#define PLASMA_FUZZ_SHIM_H

#include "postgres.h"

/* Frees all that was allocated since the last time. */
extern void shim_reset(void);

/* A copy that ends where the input ends, with a zero behind it. */
extern char *shim_text(const uint8_t *data, size_t size);

/* Ends the process, with the input kept by libFuzzer, unless the fact holds. */
#define HOLDS(fact) \
	((fact) ? (void) 0 : shim_fail(#fact, __FILE__, __LINE__))

extern void shim_fail(const char *fact, const char *file, int line) __attribute__((noreturn));

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif							/* PLASMA_FUZZ_SHIM_H */

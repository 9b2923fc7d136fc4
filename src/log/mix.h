/*
 * mix.h
 *		Numbers that stand for what was seen, the same on every server.
 */
#ifndef PLASMA_MIX_H
#define PLASMA_MIX_H

#include "postgres.h"

#include "common/hashfn.h"

static inline uint64
plasma_mix_text(uint64 hash, const char *text)
{
	return hash_combine64(hash, hash_bytes_extended((const unsigned char *) text,
													strlen(text), 0));
}

static inline uint64
plasma_mix_number(uint64 hash, uint64 number)
{
	return hash_combine64(hash, hash_bytes_extended((unsigned char *) &number,
													sizeof(number), 0));
}

#endif							/* PLASMA_MIX_H */

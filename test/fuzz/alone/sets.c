/*
 * sets.c
 *		The sets of integers of the server, as far as parsers use them.
 */
#include "postgres.h"

#include "nodes/bitmapset.h"

static Bitmapset *
with_room(Bitmapset *set, int nwords)
{
	Size		size = offsetof(Bitmapset, words) + nwords * sizeof(bitmapword);
	Bitmapset  *larger = palloc0(size);

	if (set != NULL && set->nwords >= nwords)
	{
		pfree(larger);
		return set;
	}
	if (set != NULL)
		memcpy(larger, set, offsetof(Bitmapset, words) + set->nwords * sizeof(bitmapword));
#if PG_VERSION_NUM >= 160000
	larger->type = T_Bitmapset;
#endif
	larger->nwords = nwords;
	if (set != NULL)
		pfree(set);
	return larger;
}

bool
bms_is_member(int x, const Bitmapset *set)
{
	return set != NULL && x / BITS_PER_BITMAPWORD < set->nwords &&
		(set->words[x / BITS_PER_BITMAPWORD] >> (x % BITS_PER_BITMAPWORD) & 1) != 0;
}

int
bms_next_member(const Bitmapset *set, int prevbit)
{
	int			end = set == NULL ? 0 : set->nwords * BITS_PER_BITMAPWORD;

	for (int x = prevbit + 1; x < end; x++)
		if (bms_is_member(x, set))
			return x;
	return -2;
}

#ifndef bms_is_empty
bool
bms_is_empty(const Bitmapset *set)
{
	return bms_next_member(set, -1) < 0;
}
#endif

Bitmapset *
bms_add_range(Bitmapset *set, int lower, int upper)
{
	if (upper < lower)
		return set;
	set = with_room(set, upper / BITS_PER_BITMAPWORD + 1);
	for (int x = lower; x <= upper; x++)
		set->words[x / BITS_PER_BITMAPWORD] |= (bitmapword) 1 << (x % BITS_PER_BITMAPWORD);
	return set;
}

Bitmapset *
bms_make_singleton(int x)
{
	return bms_add_range(NULL, x, x);
}

/* From 16 on an empty set is NULL. */
Bitmapset *
bms_del_member(Bitmapset *set, int x)
{
	if (bms_is_member(x, set))
		set->words[x / BITS_PER_BITMAPWORD] &= ~((bitmapword) 1 << (x % BITS_PER_BITMAPWORD));
#if PG_VERSION_NUM >= 160000
	if (set != NULL && bms_next_member(set, -1) < 0)
	{
		pfree(set);
		return NULL;
	}
#endif
	return set;
}

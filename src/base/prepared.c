/*
 * prepared.c
 *		Plans of statements, kept for the session.
 *
 *		The server plans anew what a change of tables, functions or policies has
 *		made wrong.  Which policies hold for a role depends on its memberships and
 *		attributes as well, and some minor releases (seen: 15.18, no longer 15.20) keep
 *		a plan although these have changed; so a plan that runs with the caller's
 *		rights is looked for under the number of such changes.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/prepared.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#define MAX_PLANS		1024

typedef struct PlanKey
{
	uint64		hash;
	uint64		hash2;
	uint64		role_changes;
	SpiWho		who;
	int			nparams;
} PlanKey;

typedef struct PlanEntry
{
	PlanKey		key;
	SPIPlanPtr	plan;
} PlanEntry;

static HTAB *plans = NULL;
static uint64 role_changes = 0;

static void
count_role_change(Datum arg, int cacheid, uint32 hashvalue)
{
	role_changes++;
}

static void
make_table(void)
{
	HASHCTL		ctl = {.keysize = sizeof(PlanKey),.entrysize = sizeof(PlanEntry)};

	plans = hash_create("plasma plans", 128, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterSyscacheCallback(AUTHOID, count_role_change, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, count_role_change, (Datum) 0);
}

static void
forget_plans(void)
{
	HASH_SEQ_STATUS seq;
	PlanEntry  *entry;

	hash_seq_init(&seq, plans);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		SPI_freeplan(entry->plan);
		hash_search(plans, &entry->key, HASH_REMOVE, NULL);
	}
}

static PlanKey
plan_key(SpiWho who, const char *sql, int nparams, const SpiParam *params)
{
	PlanKey		key;
	int			len = strlen(sql);

	memset(&key, 0, sizeof(key));
	key.hash = hash_bytes_extended((const unsigned char *) sql, len, 0);
	key.hash2 = hash_bytes_extended((const unsigned char *) sql, len, 1);
	for (int i = 0; i < nparams; i++)
		key.hash2 = hash_combine64(key.hash2, params[i].type);
	key.role_changes = who == SPI_CALLER ? role_changes : 0;
	key.who = who;
	key.nparams = nparams;
	return key;
}

/*
 * Two hashes of the text stand for the text: the texts are plasma's own, built
 * from names that an administrator declared.
 */
SPIPlanPtr
plasma_prepared_plan(SpiWho who, const char *sql, int nparams,
					 const SpiParam *params, bool may_forget)
{
	PlanKey		key = plan_key(who, sql, nparams, params);
	PlanEntry  *entry;
	Oid		   *types;
	SPIPlanPtr	plan;
	bool		found;

	if (plans == NULL)
		make_table();
	entry = hash_search(plans, &key, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->plan;
	if (hash_get_num_entries(plans) >= MAX_PLANS && may_forget)
		forget_plans();

	types = palloc(sizeof(Oid) * Max(nparams, 1));
	for (int i = 0; i < nparams; i++)
		types[i] = params[i].type;
	plan = SPI_prepare_cursor(sql, nparams, types,
							  who == SPI_OWNER ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	SPI_keepplan(plan);
	entry = hash_search(plans, &key, HASH_ENTER, &found);
	entry->plan = plan;
	return plan;
}

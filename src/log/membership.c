/*
 * membership.c
 *		Which slices of a scope are the caller's: the rows of the scope's query,
 *		as texts.
 *
 *		Comes in: the query as the registry has it, every name in it qualified.  It
 *		runs with the caller's own rights, so the row-level security of the tables
 *		that it reads holds, in the snapshot of the page: a membership that was
 *		written together with rows is seen together with them.  It takes AccessShare
 *		on what it reads, after the snapshot was taken; watch.c tells if that came
 *		too late.
 *
 *		Neither the search path of the caller gets in, nor a setting by which a
 *		value would become another text.  The functions that the query calls run
 *		under the same fixed ones.
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/spi.h"
#include "lib/qunique.h"
#include "lib/stringinfo.h"
#include "log/encode.h"
#include "log/membership.h"
#include "log/setting.h"
#include "log/slice.h"

typedef struct MembershipScan
{
	MemoryContext context;		/* outlives the rows */
	RowEncoder *encoder;		/* made at the first row */
	List	   *values;			/* char * */
	bool		overflow;
} MembershipScan;

static int
compare_values(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const SliceName *) a)->name, ((const SliceName *) b)->name);
}

/* Where one of the columns is null, that is no slice. */
static bool
is_whole(TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
		if (slot->tts_isnull[i])
			return false;
	return true;
}

static bool
add_value(TupleTableSlot *slot, TupleDesc desc, void *arg)
{
	MembershipScan *scan = arg;
	MemoryContext old;
	StringInfoData value;

	if (!is_whole(slot))
		return true;
	scan->overflow = list_length(scan->values) >= plasma_max_scopes;
	if (scan->overflow)
		return false;
	old = MemoryContextSwitchTo(scan->context);
	if (scan->encoder == NULL)
		scan->encoder = plasma_encode_make(desc, NIL);
	initStringInfo(&value);
	plasma_encode_key(scan->encoder, slot, 0, desc->natts, &value);
	scan->values = lappend(scan->values, value.data);
	MemoryContextSwitchTo(old);
	return true;
}

/* What is wrong is told by the server; where it is, and what to do, here. */
static void
name_scope(void *arg)
{
	const SyncScope *scope = arg;

	if (geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE)
		errhint("The query of a scope runs with the rights of the role that pulls. Grant it what the query reads and calls; plasma.ctx() comes with the level sync.");
	errcontext("query of the scope \"%s\" of the declaration", scope->name);
}

static void
ask(const SyncScope *scope, MembershipScan *scan)
{
	int			level = plasma_setting_fix(SETTING_QUERY);
	ErrorContextCallback callback = {error_context_stack, name_scope, (void *) scope};

	error_context_stack = &callback;
	plasma_spi_scan(SPI_CALLER, scope->query, 0, NULL, add_value, scan);
	error_context_stack = callback.previous;
	plasma_setting_restore(level);
}

static void
sort_values(Membership *membership, List *values)
{
	ListCell   *cell;

	membership->values = palloc(sizeof(char *) * (list_length(values) + 1));
	foreach(cell, values)
		membership->values[foreach_current_index(cell)] = lfirst(cell);
	qsort(membership->values, list_length(values), sizeof(char *), compare_values);
	membership->nslices = qunique(membership->values, list_length(values),
								  sizeof(char *), compare_values);
}

Membership *
plasma_membership_read(const SyncScope *scope)
{
	Membership *membership = palloc0(sizeof(Membership));
	MembershipScan scan = {.context = CurrentMemoryContext};

	ask(scope, &scan);
	if (scan.overflow)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the scope \"%s\" has more slices for this caller than plasma.max_scopes allows",
						scope->name),
				 errdetail("The limit is %d.", plasma_max_scopes),
				 errhint("Let the scope's query list fewer values, cut the tables by a coarser column, or raise plasma.max_scopes.")));
	membership->scope = scope;
	sort_values(membership, scan.values);
	membership->names = palloc(sizeof(SliceName) * (membership->nslices + 1));
	for (int i = 0; i < membership->nslices; i++)
		membership->names[i] = (SliceName)
	{
		plasma_slice_text(scope->name, membership->values[i]), i
	};
	qsort(membership->names, membership->nslices, sizeof(SliceName), compare_names);
	return membership;
}

int
plasma_membership_of_value(const Membership *membership, const char *value)
{
	char	  **hit = bsearch(&value, membership->values, membership->nslices,
							  sizeof(char *), compare_values);

	return hit != NULL ? hit - membership->values : -1;
}

int
plasma_membership_of_name(const Membership *membership, const char *name)
{
	SliceName	key = {(char *) name};
	SliceName  *hit = bsearch(&key, membership->names, membership->nslices,
							  sizeof(SliceName), compare_names);

	return hit != NULL ? hit->slice : -1;
}

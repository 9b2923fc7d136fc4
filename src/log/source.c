/*
 * source.c
 *		What a backend knows of a relation whose writes it logs: that it is the
 *		synced table (the check that a trigger function runs for no other one),
 *		its key, its encoders.  Kept until the relation changes.
 *
 *		That a relation is *not* synced is never kept, and the registry is read
 *		in a snapshot of this moment: a transaction older than the registration
 *		must log its writes all the same.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "log/source.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* The source with the arguments that it was made for. */
typedef struct SourceMade
{
	Source		pub;
	MemoryContext context;
	bool		stale;
	text	   *table_name;
	ArrayType  *key;
	ArrayType  *bigints;
	ArrayType  *scope;
} SourceMade;

typedef struct SourceEntry
{
	Oid			relid;			/* hash key */
	SourceMade *made;			/* or NULL */
	FullTransactionId logged_by;
	CommandId	logged_at;
} SourceEntry;

static HTAB *sources = NULL;

static void
note_change(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS seq;
	SourceEntry *entry;

	if (OidIsValid(relid))
	{
		entry = hash_search(sources, &relid, HASH_FIND, NULL);
		if (entry != NULL && entry->made != NULL)
			entry->made->stale = true;
		return;
	}
	hash_seq_init(&seq, sources);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if (entry->made != NULL)
			entry->made->stale = true;
}

static SourceEntry *
entry_of(Oid relid)
{
	SourceEntry *entry;
	bool		found;

	if (sources == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(SourceEntry)};

		sources = hash_create("plasma sources", 64, &ctl, HASH_ELEM | HASH_BLOBS);
		CacheRegisterRelcacheCallback(note_change, (Datum) 0);
	}
	entry = hash_search(sources, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->made = NULL;
		entry->logged_by = InvalidFullTransactionId;
		entry->logged_at = 0;
	}
	return entry;
}

/* The relation that is registered under a name, as of now. */
static Oid
registered_relation(const char *table_name)
{
	Relation	tables = table_open(get_relname_relid("tables", get_namespace_oid("plasma", false)),
									AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(tables, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(tables, NULL);
	AttrNumber	name_column = get_attnum(RelationGetRelid(tables), "table_name");
	AttrNumber	relation_column = get_attnum(RelationGetRelid(tables), "relation");
	Oid			relid = InvalidOid;
	bool		isnull;

	while (!OidIsValid(relid) &&
		   table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Datum		name = slot_getattr(slot, name_column, &isnull);

		if (strcmp(TextDatumGetCString(name), table_name) == 0)
			relid = DatumGetObjectId(slot_getattr(slot, relation_column, &isnull));
	}
	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(tables, AccessShareLock);
	return relid;
}

/* The synced table that the relation is, or is a partition of. */
static Oid
find_root(Relation rel, const char *table_name)
{
	Oid			registered = registered_relation(table_name);

	if (registered == RelationGetRelid(rel))
		return registered;
	if (rel->rd_rel->relispartition &&
		list_member_oid(get_partition_ancestors(RelationGetRelid(rel)), registered))
		return registered;
	return InvalidOid;
}

/* The columns of the primary key, in its order. */
static List *
primary_key(Relation rel)
{
	Oid			index = plasma_primary_key_index(rel);
	List	   *columns = NIL;
	HeapTuple	tuple;
	Form_pg_index form;

	if (!OidIsValid(index))
		return NIL;
	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for index %u", index);
	form = (Form_pg_index) GETSTRUCT(tuple);
	for (int i = 0; i < form->indnkeyatts; i++)
		columns = lappend_int(columns, form->indkey.values[i]);
	ReleaseSysCache(tuple);
	return columns;
}

/*
 * The columns of the declared key.  A column that was renamed by hand is taken
 * to be the one of the primary key that the declaration does not name.
 */
static void
find_keys(Source *source, Relation rel, List *names)
{
	List	   *spare = NIL;
	ListCell   *cell;

	foreach(cell, primary_key(rel))
	{
		char	   *name = get_attname(source->relid, lfirst_int(cell), false);

		if (plasma_text_position(names, name) < 0)
			spare = lappend_int(spare, lfirst_int(cell));
	}
	source->keys = palloc(sizeof(AttrNumber) * Max(list_length(names), 1));
	foreach(cell, names)
	{
		AttrNumber	attnum = get_attnum(source->relid, lfirst(cell));

		if (attnum == InvalidAttrNumber && spare != NIL)
		{
			attnum = linitial_int(spare);
			spare = list_delete_first(spare);
		}
		if (attnum <= 0)
		{
			source->nkeys = 0;
			return;
		}
		source->keys[source->nkeys++] = attnum;
	}
}

static bool
is_unique_at_once(const Source *source, HeapTuple tuple)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	int			found = 0;

	if (!form->indisunique || !form->indimmediate || !form->indisvalid ||
		form->indnkeyatts != source->nkeys ||
		!heap_attisnull(tuple, Anum_pg_index_indpred, NULL))
		return false;
	for (int i = 0; i < source->nkeys; i++)
		for (int j = 0; j < form->indnkeyatts; j++)
			found += form->indkey.values[j] == source->keys[i];
	return found == source->nkeys;
}

/* Not where somebody made the key deferrable, or dropped it. */
static bool
has_key_at_once(const Source *source, Relation rel)
{
	bool		found = false;
	ListCell   *cell;

	if (source->nkeys == 0)
		return false;
	foreach(cell, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(cell)));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for index %u", lfirst_oid(cell));
		found |= is_unique_at_once(source, tuple);
		ReleaseSysCache(tuple);
	}
	return found;
}

static bool
writes_rows_again(Form_pg_constraint constraint)
{
	return constraint->contype == CONSTRAINT_FOREIGN &&
		(constraint->confupdtype == FKCONSTR_ACTION_CASCADE ||
		 constraint->confupdtype == FKCONSTR_ACTION_SETNULL ||
		 constraint->confupdtype == FKCONSTR_ACTION_SETDEFAULT ||
		 constraint->confdeltype == FKCONSTR_ACTION_SETNULL ||
		 constraint->confdeltype == FKCONSTR_ACTION_SETDEFAULT);
}

static bool
has_repeats(Oid relid)
{
	Relation	constraints = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(constraints, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = writes_rows_again((Form_pg_constraint) GETSTRUCT(tuple));
	systable_endscan(scan);
	table_close(constraints, AccessShareLock);
	return found;
}

static void
make_encoders(Source *source, List *bigints)
{
	source->row_encoder = plasma_encode_make(source->desc, bigints);
	source->key_desc = CreateTemplateTupleDesc(source->nkeys);
	for (int i = 0; i < source->nkeys; i++)
		TupleDescCopyEntry(source->key_desc, i + 1, source->desc, source->keys[i]);
	source->key_encoder = plasma_encode_make(source->key_desc, bigints);
}

/* Where a column of the scope is gone the slices are not known. */
static void
make_slice(Source *source, List *scope)
{
	if (scope != NIL)
		source->slice = plasma_slice_form(linitial(scope), list_copy_tail(scope, 1),
										  source->desc);
}

static void *
copy_varlena(void *value)
{
	return memcpy(palloc(VARSIZE_ANY(value)), value, VARSIZE_ANY(value));
}

static bool
same_varlena(void *a, void *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) && memcmp(a, b, VARSIZE_ANY(a)) == 0;
}

static SourceMade *
make_source(Relation rel, Oid root, text *table_name, ArrayType *key,
			ArrayType *bigints, ArrayType *scope)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "plasma source",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	SourceMade *made = palloc0(sizeof(SourceMade));
	Source	   *source = &made->pub;

	made->context = context;
	made->table_name = copy_varlena(table_name);
	made->key = copy_varlena(key);
	made->bigints = copy_varlena(bigints);
	made->scope = copy_varlena(scope);
	source->relid = RelationGetRelid(rel);
	source->root = root;
	source->table_name = text_to_cstring(table_name);
	source->desc = CreateTupleDescCopyConstr(RelationGetDescr(rel));
	find_keys(source, rel, plasma_text_list(PointerGetDatum(key)));
	make_encoders(source, plasma_text_list(PointerGetDatum(bigints)));
	make_slice(source, plasma_text_list(PointerGetDatum(scope)));
	source->key_at_once = has_key_at_once(source, rel);
	source->repeats = has_repeats(source->relid);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, CacheMemoryContext);
	return made;
}

const Source *
plasma_source_get(Oid relid, text *table_name, ArrayType *key, ArrayType *bigints,
				  ArrayType *scope)
{
	SourceEntry *entry = entry_of(relid);
	SourceMade *made = entry->made;
	Relation	rel;
	Oid			root;

	if (made != NULL && !made->stale &&
		same_varlena(made->table_name, table_name) &&
		same_varlena(made->key, key) && same_varlena(made->bigints, bigints) &&
		same_varlena(made->scope, scope))
		return &made->pub;

	/* Somebody up the stack may still read the old one. */
	if (made != NULL)
		MemoryContextSetParent(made->context, TopTransactionContext);
	entry->made = NULL;

	rel = table_open(relid, AccessShareLock);
	root = find_root(rel, text_to_cstring(table_name));
	made = NULL;
	if (OidIsValid(root))
		made = make_source(rel, root, table_name, key, bigints, scope);
	table_close(rel, NoLock);

	entry_of(relid)->made = made;
	return made != NULL ? &made->pub : NULL;
}

bool
plasma_source_logged(const Source *source, CommandId *cid)
{
	SourceEntry *entry = entry_of(source->root);

	*cid = entry->logged_at;
	return FullTransactionIdIsValid(entry->logged_by) &&
		FullTransactionIdEquals(entry->logged_by, GetTopFullTransactionIdIfAny());
}

void
plasma_source_note_logged(const Source *source, CommandId cid)
{
	SourceEntry *entry = entry_of(source->root);

	entry->logged_by = GetTopFullTransactionId();
	entry->logged_at = cid;
}

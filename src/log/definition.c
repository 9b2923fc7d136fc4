/*
 * definition.c
 *		What the policies of a table use is replaced, altered and granted without
 *		a word to the table: a function, a view, the policies of what they read, the
 *		roles that these are made for.  Other rows are seen then, and none is written.
 *
 *		Comes in: the walk along the dependencies of policies (schema/policy_source.sql).
 *		Goes out: a number a table, for its fingerprint.  The walk is kept until the
 *		server invalidates something that it passed, and until then costs nothing.
 *
 *		What is mixed must never be newer than what rows are read by: a number that is
 *		too old is found out by the next pull, one that is too new by none.  Views,
 *		tables and their policies are changed under a lock that whoever reads them
 *		waits for, so that the page's snapshot will do.  Functions and memberships of
 *		roles are not, and are looked up where the executor does, in the system caches.
 *		Nor must what is kept be older than the last message: a snapshot that was taken
 *		before one came may not see what it tells of, and no other one will come.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/spi.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "log/definition.h"
#include "log/mix.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/* Of one synced table. */
typedef struct Definition
{
	Oid			relid;
	uint64		hash;			/* without what depends on the caller */
	List	   *roles;			/* Oid: whoever has one of them may see other rows */
} Definition;

typedef enum LookState
{
	LOOK_NONE,
	LOOK_RUNNING,				/* any message voids it */
	LOOK_ONCE,					/* good for this page */
	LOOK_KEPT					/* those that concern it do */
} LookState;

static struct
{
	LookState	state;
	uint64		messages;		/* so many came */
	uint64		started;		/* ... before the page's snapshot was taken */
	MemoryContext context;
	pg_uuid_t	registry;
	List	   *definitions;	/* Definition * */
	List	   *relids;			/* relations that were passed */
	List	   *functions;		/* hash values (int) of functions that were passed */
}			look;

static void
relation_changed(Datum arg, Oid relid)
{
	look.messages++;
	if (look.state == LOOK_RUNNING ||
		(look.state == LOOK_KEPT &&
		 (!OidIsValid(relid) || list_member_oid(look.relids, relid))))
		look.state = LOOK_NONE;
}

static void
function_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	look.messages++;
	if (look.state == LOOK_RUNNING ||
		(look.state == LOOK_KEPT &&
		 (hashvalue == 0 || list_member_int(look.functions, (int) hashvalue))))
		look.state = LOOK_NONE;
}

static void
role_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	look.messages++;
	if (look.state != LOOK_ONCE)
		look.state = LOOK_NONE;
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, function_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, role_changed, (Datum) 0);
	registered = true;
}

static uint64
mix_attribute(uint64 hash, HeapTuple tuple, AttrNumber attnum)
{
	bool		isnull;
	Datum		value = SysCacheGetAttr(PROCOID, tuple, attnum, &isnull);

	return plasma_mix_text(hash, isnull ? "" : TextDatumGetCString(value));
}

/* Of a function that is gone, the policy is as good as gone, too. */
static uint64
mix_function(uint64 hash, Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	Datum		settings;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return hash;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	hash = plasma_mix_number(hash, form->prolang);
	hash = plasma_mix_number(hash, form->prosecdef);
	hash = plasma_mix_number(hash, form->prosecdef ? form->proowner : InvalidOid);
	hash = plasma_mix_number(hash, form->proisstrict);
	hash = mix_attribute(hash, tuple, Anum_pg_proc_prosrc);
	hash = mix_attribute(hash, tuple, Anum_pg_proc_probin);
	hash = mix_attribute(hash, tuple, Anum_pg_proc_prosqlbody);
	settings = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proconfig, &isnull);
	if (!isnull)
	{
		ListCell   *cell;

		foreach(cell, plasma_text_list(settings))
			hash = plasma_mix_text(hash, lfirst(cell));
	}
	ReleaseSysCache(tuple);
	return hash;
}

/*
 * Which of the roles a user has, and whether policies bind him at all.  A role that
 * he has nothing to do with may come and go.
 */
static uint64
mix_rights(uint64 hash, Oid user, List *roles)
{
	ListCell   *cell;

	hash = plasma_mix_number(hash, has_bypassrls_privilege(user));
	foreach(cell, roles)
	{
		Oid			role = lfirst_oid(cell);
		int			rights = role == ACL_ID_PUBLIC ? 0 :
			has_privs_of_role(user, role) | is_member_of_role(user, role) << 1 |
			member_can_set_role(user, role) << 2;

		if (rights != 0)
			hash = plasma_mix_number(plasma_mix_number(hash, role), rights);
	}
	return hash;
}

static Definition *
definition_of(Oid relid)
{
	ListCell   *cell;

	foreach(cell, look.definitions)
		if (((Definition *) lfirst(cell))->relid == relid)
			return lfirst(cell);
	return NULL;
}

static List *
add_roles(List *roles, const SpiRows *rows, uint64 row, int column)
{
	bool		isnull;
	Datum		value = plasma_spi_datum(rows, row, column, &isnull);
	ArrayType  *array;

	if (isnull)
		return roles;
	array = DatumGetArrayTypeP(value);
	for (int i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
		roles = list_append_unique_oid(roles, ((Oid *) ARR_DATA_PTR(array))[i]);
	return roles;
}

/* relation, class and oid of what was passed, its definition, roles, whose rights it runs with */
static void
add_passed(const SpiRows *rows, uint64 row, Definition *to, List **users)
{
	Oid			class = plasma_spi_oid(rows, row, 2);
	Oid			object = plasma_spi_oid(rows, row, 3);
	const char *text = plasma_spi_text(rows, row, 4);

	to->hash = plasma_mix_number(plasma_mix_number(to->hash, class), object);
	to->hash = plasma_mix_text(to->hash, text ? text : "");
	if (class == ProcedureRelationId)
	{
		to->hash = mix_function(to->hash, object);
		look.functions = list_append_unique_int(look.functions,
												(int) GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(object)));
	}
	if (class == RelationRelationId)
		look.relids = list_append_unique_oid(look.relids, object);
	to->roles = add_roles(to->roles, rows, row, 5);
	if (OidIsValid(plasma_spi_oid(rows, row, 6)))
		*users = list_append_unique_oid(*users, plasma_spi_oid(rows, row, 6));
}

/* Rows of a relation come one after the other. */
static void
keep(const SpiRows *rows)
{
	uint64		i = 0;

	while (i < rows->nrows)
	{
		Definition *made = palloc0(sizeof(Definition));
		List	   *users = NIL;
		ListCell   *cell;

		made->relid = plasma_spi_oid(rows, i, 1);
		look.relids = list_append_unique_oid(look.relids, made->relid);
		for (; i < rows->nrows && plasma_spi_oid(rows, i, 1) == made->relid; i++)
			add_passed(rows, i, made, &users);
		foreach(cell, users)
			made->hash = mix_rights(plasma_mix_number(made->hash, lfirst_oid(cell)),
									lfirst_oid(cell), made->roles);
		look.definitions = lappend(look.definitions, made);
	}
}

void
plasma_definition_start(void)
{
	register_callbacks();
	AcceptInvalidationMessages();
	look.started = look.messages;
	if (look.state != LOOK_KEPT || IsolationUsesXactSnapshot())
		look.state = LOOK_NONE;
}

static void
look_again(const pg_uuid_t *registry)
{
	bool		lasts = look.messages == look.started && !IsolationUsesXactSnapshot();
	SpiRows    *rows;
	MemoryContext old;

	if (look.context == NULL)
		look.context = AllocSetContextCreate(TopMemoryContext, "plasma definitions",
											 ALLOCSET_SMALL_SIZES);
	look.state = LOOK_RUNNING;
	look.definitions = look.relids = look.functions = NIL;
	MemoryContextReset(look.context);
	rows = plasma_spi_read(SPI_OWNER,
						   "SELECT relation, classid, objid, definition, roles, runs_as"
						   " FROM plasma.policy_definitions()", 0, NULL);
	old = MemoryContextSwitchTo(look.context);
	keep(rows);
	MemoryContextSwitchTo(old);
	look.registry = *registry;
	look.state = lasts && look.state == LOOK_RUNNING ? LOOK_KEPT : LOOK_ONCE;
}

/* What is not fixed by its name, pg_has_role included. */
static bool
is_changeable(Oid function, void *context)
{
	if (function < FirstNormalObjectId)
		return function >= F_PG_HAS_ROLE_NAME_NAME_TEXT && function <= F_PG_HAS_ROLE_OID_TEXT;
	return get_func_namespace(function) != get_namespace_oid("plasma", true);
}

static bool
uses_anything(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubLink) || IsA(node, Query))
		return true;
	return check_functions_in_node(node, is_changeable, context) ||
		expression_tree_walker(node, uses_anything, context);
}

bool
plasma_definition_is_used(const RowSecurityPolicy *policy)
{
	return policy->hassublinks || uses_anything((Node *) policy->qual, NULL);
}

uint64
plasma_definition_mix(uint64 hash, Oid relid, const pg_uuid_t *registry)
{
	Definition *known;

	if (look.state == LOOK_NONE || look.state == LOOK_RUNNING ||
		memcmp(&look.registry, registry, sizeof(pg_uuid_t)) != 0)
		look_again(registry);
	known = definition_of(relid);
	if (known == NULL)
		return hash;
	return mix_rights(plasma_mix_number(hash, known->hash), GetUserId(), known->roles);
}

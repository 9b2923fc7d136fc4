/*
 * auth.c
 *		Declared auth holds for every caller, or there is an answer that says why
 *		not.
 *
 *		PostgreSQL lets superusers, roles with BYPASSRLS and owners of tables pass
 *		by row-level security, without a word.  Where a declaration has auth, that
 *		is not what it says; neither is a policy that was dropped by hand.  Both
 *		are found before a row is touched.
 *
 *		Comes in: the registry and the current role.  Nothing is asked of the
 *		catalogs but what the relation cache has of a table anyway.  Takes no lock:
 *		a push need not wait for DDL on tables that it has no business with, and asks
 *		once more when it holds the locks of its mutators.  A pull has locked its
 *		tables before, so that what is found holds for all of it.
 */
#include "postgres.h"

#include "base/guc.h"
#include "base/text.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "rewrite/rowsecurity.h"
#include "schema/auth.h"
#include "schema/ddl.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/rls.h"
#include "utils/syscache.h"

/*
 * Whether the role may do any of these with the table or a column of it.  A
 * table that is gone is nobody's to touch.
 */
static bool
may_touch(Oid relid, AclMode mode)
{
	bool		missing = false;

	if (pg_class_aclcheck_ext(relid, GetUserId(), mode, &missing) == ACLCHECK_OK)
		return true;
	return !missing &&
		pg_attribute_aclcheck_all(relid, GetUserId(), mode, ACLMASK_ANY) == ACLCHECK_OK;
}

static void
refuse_bypass(const SyncAuth *auth)
{
	char	   *role = GetUserNameFromId(GetUserId(), false);
	char	   *relation = plasma_text_relation(auth->relid);
	const char *reason = superuser() ? "superusers" :
		has_bypassrls_privilege(GetUserId()) ? "roles with BYPASSRLS" :
		"the owner of a table and those who have the owner's rights";

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("role \"%s\" would bypass the declared auth of table \"%s\"",
					role, auth->name),
			 errdetail("Row-level security does not bind %s.", reason),
			 has_bypassrls_privilege(GetUserId()) ?
			 errhint("Name another role in ctx.role, connect as another role, or set plasma.allow_bypass_rls.") :
			 errhint("Name another role in ctx.role, connect as another role, run ALTER TABLE %s FORCE ROW LEVEL SECURITY, or set plasma.allow_bypass_rls.",
					 relation)));
}

static void
refuse_off(const SyncAuth *auth)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("row-level security of table \"%s\" is off although its declaration has auth",
					auth->name),
			 errhint("Run SELECT plasma.repair(), or migrate to a declaration without auth.")));
}

static bool
is_sound(const RowSecurityPolicy *policy, const PolicySpec *spec)
{
	return policy->polcmd == spec->letter && !policy->permissive &&
		ARR_DIMS(policy->roles)[0] == 1 &&
		*(Oid *) ARR_DATA_PTR(policy->roles) == ACL_ID_PUBLIC;
}

static bool
has_policy(const RowSecurityDesc *desc, const PolicySpec *spec)
{
	ListCell   *cell;

	if (desc == NULL)
		return false;
	foreach(cell, desc->policies)
	{
		RowSecurityPolicy *policy = lfirst(cell);

		if (strcmp(policy->policy_name, spec->name) == 0)
			return is_sound(policy, spec);
	}
	return false;
}

/* The policies of plasma's own that should be there and bind everybody. */
static const PolicySpec *
missing_policy(const SyncAuth *auth)
{
	Relation	rel = RelationIdGetRelation(auth->relid);
	const PolicySpec *missing = NULL;

	if (rel == NULL)
		return NULL;
	for (int i = 0; i < POLICY_SPECS && missing == NULL; i++)
	{
		const PolicySpec *spec = &plasma_ddl_policy_specs[i];

		if ((strcmp(spec->auth, "read") == 0 ? auth->read : auth->write) &&
			!has_policy(rel->rd_rsdesc, spec))
			missing = spec;
	}
	RelationClose(rel);
	return missing;
}

static void
check_table(const SyncAuth *auth)
{
	const PolicySpec *missing;

	switch (check_enable_rls(auth->relid, InvalidOid, true))
	{
		case RLS_NONE:
			refuse_off(auth);
			break;
		case RLS_NONE_ENV:
			if (!plasma_allow_bypass_rls)
				refuse_bypass(auth);
			break;
		case RLS_ENABLED:
			missing = missing_policy(auth);
			if (missing != NULL)
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("policy \"%s\" of the declared auth of table \"%s\" is missing or not as it was made",
								missing->name, auth->name),
						 errhint("Call plasma.run_migrations with the active declaration.")));
			break;
	}
}

/*
 * Who may pass is known as long as the server tells of no change to a table, its
 * grants and policies, or to a role: else each push would ask all of it of each
 * table, twice.
 */
static struct
{
	bool		known;
	Oid			role;
	bool		bypass;			/* as plasma.allow_bypass_rls was */
	pg_uuid_t	registry;
}			passed[AUTH_PUSH + 1];

static void
forget_passed(void)
{
	for (int i = 0; i < lengthof(passed); i++)
		passed[i].known = false;
}

static void
relation_changed(Datum arg, Oid relid)
{
	forget_passed();
}

static void
role_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_passed();
}

static void
register_callbacks(void)
{
	static bool registered = false;

	if (registered)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, role_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(DATABASEOID, role_changed, (Datum) 0);
	registered = true;
}

static bool
has_passed(const Registry *registry, AuthPath path)
{
	return passed[path].known && passed[path].role == GetUserId() &&
		passed[path].bypass == plasma_allow_bypass_rls &&
		memcmp(&passed[path].registry, &registry->id, sizeof(pg_uuid_t)) == 0;
}

void
plasma_auth_check(const Registry *registry, AuthPath path)
{
	AclMode		mode = path == AUTH_PULL ? ACL_SELECT :
		ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;
	ListCell   *cell;

	if (has_passed(registry, path))
		return;
	register_callbacks();
	/* What changes while it is being found out makes it unknown again. */
	passed[path].known = true;
	passed[path].role = InvalidOid;
	foreach(cell, registry->auths)
	{
		SyncAuth   *auth = lfirst(cell);

		if ((path == AUTH_PULL && auth->suppressed) || !may_touch(auth->relid, mode))
			continue;
		check_table(auth);
	}
	passed[path].role = GetUserId();
	passed[path].bypass = plasma_allow_bypass_rls;
	passed[path].registry = registry->id;
}

/*
 * probe.c
 *		Questions of the rules that only a catalog can answer.
 *
 *		The server's own functions are asked wherever it decides the same.  No
 *		row of a table is read.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/heap.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_opclass.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "plan/probe.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

typedef struct DefaultTrial
{
	const ModelColumn *column;
	Node	   *cooked;
} DefaultTrial;

/* As the server does it for ADD COLUMN. */
static void
cook_default(void *arg)
{
	DefaultTrial *trial = arg;
	char	   *sql = psprintf("SELECT (\n%s\n)", trial->column->default_sql);
	List	   *parsed = raw_parser(sql, RAW_PARSE_DEFAULT);
	SelectStmt *select = (SelectStmt *) linitial_node(RawStmt, parsed)->stmt;
	Node	   *raw = linitial_node(ResTarget, select->targetList)->val;

	trial->cooked = cookDefault(make_parsestate(NULL), raw, trial->column->typid,
								trial->column->typmod, trial->column->name, '\0');
	trial->cooked = (Node *) expression_planner((Expr *) trial->cooked);
}

/*
 * A default that cannot be understood yet is a literal of a type that the plan
 * is going to make, or one that its trial finds at fault.
 */
ProbeDefault
plasma_probe_default(const ModelColumn *column)
{
	DefaultTrial trial = {column, NULL};

	if (column->default_sql == NULL)
		return DEFAULT_NONE;
	if (!OidIsValid(column->typid) || plasma_spi_evaluate(cook_default, &trial) != NULL)
		return DEFAULT_CONSTANT;
	if (contain_volatile_functions(trial.cooked))
		return DEFAULT_VOLATILE;
	return contain_mutable_functions(trial.cooked) ? DEFAULT_STABLE : DEFAULT_CONSTANT;
}

bool
plasma_probe_is_checked_domain(Oid typid)
{
	return OidIsValid(typid) && get_typtype(typid) == TYPTYPE_DOMAIN &&
		DomainHasConstraints(typid);
}

static void
make_null(void *arg)
{
	domain_check((Datum) 0, true, *(Oid *) arg, NULL, NULL);
}

bool
plasma_probe_takes_null(Oid typid)
{
	return !plasma_probe_is_checked_domain(typid) ||
		plasma_spi_evaluate(make_null, &typid) == NULL;
}

/*
 * As ADD FOREIGN KEY looks for the operator: one of the key's index for both
 * types, or for the key's alone if the column's values become such by
 * themselves.
 */
bool
plasma_probe_can_refer(const ModelColumn *column, const ModelColumn *key)
{
	Oid			from = OidIsValid(column->typid) ? getBaseType(column->typid) : InvalidOid;
	Oid			to = key && OidIsValid(key->typid) ? getBaseType(key->typid) : InvalidOid;
	Oid			opclass;

	if (!OidIsValid(from) || !OidIsValid(to) || from == to)
		return true;
	opclass = GetDefaultOpClass(to, BTREE_AM_OID);
	if (OidIsValid(opclass) &&
		OidIsValid(get_opfamily_member(get_opclass_family(opclass), to, from,
									   BTEqualStrategyNumber)))
		return true;
	return can_coerce_type(1, &from, &to, COERCION_IMPLICIT);
}

const ModelColumn *
plasma_probe_target_key(const PlanChange *change)
{
	const ModelTable *target = change->target;
	const ModelColumn *key = NULL;

	if (target == NULL || list_length(target->key) != 1)
		return NULL;
	if (change->live_target != NULL)
		key = plasma_model_column(change->live_target, linitial(target->key));
	return key ? key : plasma_model_column(target, linitial(target->key));
}

bool
plasma_probe_is_own_name(const PlanChange *change, const char *name, const char *label)
{
	return name != NULL &&
		strcmp(name, makeObjectName(change->live_table->name, change->live->name, label)) == 0;
}

bool
plasma_probe_has_primary_key(Oid relid)
{
	Oid			constraint;

	return get_primary_key_attnos(relid, true, &constraint) != NULL;
}

bool
plasma_probe_is_left_behind(const PlanChange *change)
{
	Oid			namespace = get_namespace_oid(change->past_table->schema, true);

	return OidIsValid(namespace) &&
		OidIsValid(get_relname_relid(change->past_table->name, namespace));
}

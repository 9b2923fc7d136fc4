/*
 * expression.c
 *		Whether a declared expression is the one that the database has.
 *
 *		The text says little: 'a' becomes 'a'::text, and 1 + 1 stays as it is.  So
 *		the declared text goes the way that DDL would send it, in the caller's
 *		search path, and the outcome is compared with what is stored; where the
 *		server's own functions make constants of both, their values.  Reading a
 *		literal may run a constraint of a domain: whoever asks gives it no rights but
 *		those of the table's owner.  Takes AccessShare on the table meanwhile.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/transam.h"
#include "base/spi.h"
#include "catalog/heap.h"
#include "catalog/pg_attribute.h"
#include "common/hashfn.h"
#include "log/setting.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "schema/expression.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

typedef struct MemoKey
{
	uint64		hash;
	uint64		hash2;
} MemoKey;

typedef struct MemoEntry
{
	MemoKey		key;
	bool		same;
} MemoEntry;

typedef struct Comparison
{
	Oid			relid;
	const ModelColumn *declared;
	const ModelColumn *live;
	const char *text;			/* declared */
	bool		same;
} Comparison;

HTAB *
plasma_expression_memo(void)
{
	HASHCTL		ctl = {.keysize = sizeof(MemoKey),.entrysize = sizeof(MemoEntry),
		.hcxt = CurrentMemoryContext};

	return hash_create("plasma expressions", 64, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/* As the database has it; NULL where it has none. */
static Node *
stored_expression(Relation rel, AttrNumber attnum)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	for (int i = 0; constr != NULL && i < constr->num_defval; i++)
		if (constr->defval[i].adnum == attnum)
			return stringToNode(constr->defval[i].adbin);
	return NULL;
}

/* As the server would store what is declared. */
static Node *
cooked_expression(Relation rel, const Comparison *comparison)
{
	const ModelColumn *declared = comparison->declared;
	ParseState *pstate = make_parsestate(NULL);
	List	   *parsed = raw_parser(psprintf("SELECT (\n%s\n)", comparison->text),
									RAW_PARSE_DEFAULT);
	SelectStmt *select = castNode(SelectStmt, linitial_node(RawStmt, parsed)->stmt);
	ResTarget  *target = linitial_node(ResTarget, select->targetList);
	ParseNamespaceItem *item;

	pstate->p_sourcetext = comparison->text;
	item = addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true);
	addNSItemToQuery(pstate, item, true, true, true);
	return cookDefault(pstate, target->val, declared->typid, declared->typmod,
					   declared->name,
					   declared->generated ? ATTRIBUTE_GENERATED_STORED : '\0');
}

static char *
constant_text(const Const *constant)
{
	int			level = plasma_setting_fix(SETTING_TEXT | SETTING_MONEY);
	Oid			output;
	bool		varlena;
	char	   *text;

	getTypeOutputInfo(constant->consttype, &output, &varlena);
	text = OidOutputFunctionCall(output, constant->constvalue);
	plasma_setting_restore(level);
	return text;
}

/* Constants of two types are the same when both are written alike. */
static bool
same_constant(const Const *a, const Const *b)
{
	if (a->constisnull || b->constisnull)
		return a->constisnull && b->constisnull;
	if (a->consttype == b->consttype)
		return datumIsEqual(a->constvalue, b->constvalue, a->constbyval, a->constlen);
	return strcmp(constant_text(a), constant_text(b)) == 0;
}

static bool
is_foreign_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}

/*
 * Whoever owns a table may put a function into its default, and whoever asks
 * need not be one to run it.
 */
static bool
calls_foreign_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return check_functions_in_node(node, is_foreign_function, context) ||
		expression_tree_walker(node, calls_foreign_function, context);
}

static bool
same_value(Node *a, Node *b)
{
	if (calls_foreign_function(a, NULL) || calls_foreign_function(b, NULL))
		return false;
	a = eval_const_expressions(NULL, a);
	b = eval_const_expressions(NULL, b);
	return equal(a, b) ||
		(IsA(a, Const) && IsA(b, Const) && same_constant((Const *) a, (Const *) b));
}

/* A default of NULL is none: the server does not store it. */
static void
compare(void *arg)
{
	Comparison *comparison = arg;
	Relation	rel = try_relation_open(comparison->relid, AccessShareLock);
	SpiRights	rights;
	Node	   *stored;
	Node	   *cooked;

	if (rel == NULL)
		return;
	stored = stored_expression(rel, comparison->live->facts->attnum);
	rights = plasma_spi_become(rel->rd_rel->relowner);
	cooked = cooked_expression(rel, comparison);
	plasma_spi_return(&rights);
	relation_close(rel, AccessShareLock);
	if (stored == NULL)
		comparison->same = IsA(cooked, Const) && castNode(Const, cooked)->constisnull;
	else
		comparison->same = equal(cooked, stored) || same_value(cooked, stored);
}

/* What a generated expression means depends on the columns of its table. */
static MemoKey
memo_key(const Comparison *comparison)
{
	const ModelColumn *declared = comparison->declared;
	const ModelColumn *live = comparison->live;
	const char *other = declared->generated ? live->generated : live->default_sql;
	char	   *text = psprintf("%u %u %d %u %d %s\n%s",
								declared->generated ? comparison->relid : InvalidOid,
								declared->typid, declared->typmod,
								live->typid, live->typmod,
								comparison->text, other ? other : "");
	int			len = strlen(text);
	MemoKey		key;

	key.hash = hash_bytes_extended((unsigned char *) text, len, 0);
	key.hash2 = hash_bytes_extended((unsigned char *) text, len, 1);
	return key;
}

bool
plasma_expression_is_live(HTAB *memo, Oid relid, const ModelColumn *declared,
						  const ModelColumn *live)
{
	Comparison	comparison = {relid, declared, live,
		declared->generated ? declared->generated : declared->default_sql, false};
	MemoKey		key = memo_key(&comparison);
	bool		found;
	MemoEntry  *entry = hash_search(memo, &key, HASH_FIND, NULL);

	if (entry == NULL)
	{
		if (plasma_spi_evaluate(compare, &comparison) != NULL)
			comparison.same = false;
		entry = hash_search(memo, &key, HASH_ENTER, &found);
		entry->same = comparison.same;
	}
	return entry->same;
}

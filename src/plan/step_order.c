/*
 * step_order.c
 *		The order of the steps.
 *
 *		By phase, then by the depth of references, the tables in the order in
 *		which they are declared, then by what is done to them.  What is removed
 *		goes the other way: foreign keys before columns and tables, and of these
 *		first what refers to others.
 */
#include "postgres.h"

#include "plan/step_maker.h"

/* In the order in which they come, where several touch the same table. */
static const struct
{
	const char *name;
	StepPhase	phase;
}			ops[] = {
	{"create_type", PHASE_TYPE},
	{"add_enum_value", PHASE_TYPE},
	{"replace_type", PHASE_TYPE},
	{"create_table", PHASE_TABLE},
	{"drop_check", PHASE_COLUMN},
	{"add_column", PHASE_COLUMN},
	{"alter_type", PHASE_COLUMN},
	{"drop_default", PHASE_COLUMN},
	{"set_default", PHASE_COLUMN},
	{"backfill", PHASE_COLUMN},
	{"drop_not_null", PHASE_COLUMN},
	{"set_not_null", PHASE_COLUMN},
	{"add_unique", PHASE_INDEX},
	{"replace_foreign_key", PHASE_CONSTRAINT},
	{"add_foreign_key", PHASE_CONSTRAINT},
	{"validate_foreign_key", PHASE_CONSTRAINT},
	{"add_check", PHASE_CONSTRAINT},
	{"validate_check", PHASE_CONSTRAINT},
	{"set_policies", PHASE_POLICY},
	{"drop_foreign_key", PHASE_DROP},
	{"drop_unique", PHASE_DROP},
	{"drop_column", PHASE_DROP},
	{"drop_table", PHASE_DROP},
	{"set_scope", PHASE_PROPAGATE},
	{"propagate", PHASE_PROPAGATE},
	{"register", PHASE_REGISTER}
};

static int
op_order(const char *op)
{
	for (int i = 0; i < lengthof(ops); i++)
		if (strcmp(ops[i].name, op) == 0)
			return i;
	elog(ERROR, "step \"%s\" has no place", op);
}

StepPhase
plasma_step_phase(const char *op)
{
	return ops[op_order(op)].phase;
}

/* A table of the declaration, or one that leaves it, and its depth. */
typedef struct TableDepth
{
	const ModelTable *table;
	int			depth;
} TableDepth;

static TableDepth *
node_of(List *nodes, const char *name)
{
	ListCell   *cell;

	foreach(cell, nodes)
		if (strcmp(((TableDepth *) lfirst(cell))->table->name, name) == 0)
			return lfirst(cell);
	return NULL;
}

static List *
add_node(List *nodes, const ModelTable *table)
{
	TableDepth	   *node = palloc(sizeof(TableDepth));

	node->table = table;
	node->depth = 0;
	return lappend(nodes, node);
}

static bool
deepen(List *nodes, TableDepth *node)
{
	int			depth = node->depth;
	ListCell   *cell;

	foreach(cell, node->table->columns)
	{
		ModelColumn *column = lfirst(cell);
		TableDepth	   *target = column->references ? node_of(nodes, column->references) : NULL;

		if (target != NULL && target != node)
			depth = Max(depth, target->depth + 1);
	}
	if (depth == node->depth)
		return false;
	node->depth = depth;
	return true;
}

/*
 * How many references lead on from each table.  Where they go round in circles
 * there is no such number: the count stops at that of the tables.
 */
List *
plasma_step_depths(const StepMaker *maker)
{
	List	   *nodes = NIL;
	ListCell   *cell;
	bool		deeper = true;

	foreach(cell, maker->input->declared->tables)
		nodes = add_node(nodes, lfirst(cell));
	foreach(cell, maker->changes)
	{
		PlanChange *change = lfirst(cell);

		if (change->kind == CHANGE_TABLE_REMOVED && change->live_table != NULL)
			nodes = add_node(nodes, change->live_table);
	}
	for (int round = 0; deeper && round < list_length(nodes); round++)
	{
		deeper = false;
		foreach(cell, nodes)
			deeper |= deepen(nodes, lfirst(cell));
	}
	return nodes;
}

int
plasma_step_depth(List *depths, const char *table)
{
	TableDepth	   *node = node_of(depths, table);

	return node ? node->depth : 0;
}

/* Where a step belongs: compared from the first number to the last. */
#define RANKS	5

typedef struct RankedStep
{
	PlanStep   *step;
	int			ranks[RANKS];
} RankedStep;

static int
by_ranks(const ListCell *a, const ListCell *b)
{
	RankedStep *left = lfirst(a);
	RankedStep *right = lfirst(b);

	for (int i = 0; i < RANKS; i++)
		if (left->ranks[i] != right->ranks[i])
			return left->ranks[i] < right->ranks[i] ? -1 : 1;
	return 0;
}

/* A generated column comes after those that it is made of, and goes before them. */
static int
rank_column(const PlanStep *step)
{
	const PlanChange *change = step->change;

	if (step->phase == PHASE_DROP)
		return change->live != NULL && change->live->generated != NULL ? -1 : 0;
	return change != NULL && change->declared != NULL &&
		change->declared->generated != NULL ? 1 : 0;
}

static RankedStep *
rank_step(List *nodes, PlanStep *step, int position)
{
	RankedStep *ranked = palloc(sizeof(RankedStep));
	TableDepth *node = step->table ? node_of(nodes, step->table->name) : NULL;
	int			depth = node ? node->depth : 0;
	int			op = 3 * op_order(step->op) + rank_column(step);
	bool		drops = step->phase == PHASE_DROP;
	ListCell   *cell;
	int			place = 0;

	foreach(cell, nodes)
		if (lfirst(cell) == node)
			place = foreach_current_index(cell);
	ranked->step = step;
	ranked->ranks[0] = step->phase;
	ranked->ranks[1] = drops ? op : depth;
	ranked->ranks[2] = drops ? -depth : place;
	ranked->ranks[3] = drops ? place : op;
	ranked->ranks[4] = position;
	return ranked;
}

void
plasma_step_sort(StepMaker *maker)
{
	List	   *nodes = plasma_step_depths(maker);
	List	   *ranked = NIL;
	ListCell   *cell;

	foreach(cell, maker->steps)
		ranked = lappend(ranked, rank_step(nodes, lfirst(cell), foreach_current_index(cell)));
	list_sort(ranked, by_ranks);
	maker->steps = NIL;
	foreach(cell, ranked)
	{
		PlanStep   *step = ((RankedStep *) lfirst(cell))->step;

		step->n = foreach_current_index(cell) + 1;
		maker->steps = lappend(maker->steps, step);
	}
}

/*
 * step_maker.h
 *		What the files of step share: the steps in the making.
 */
#ifndef PLASMA_STEP_MAKER_H
#define PLASMA_STEP_MAKER_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "plan/check.h"
#include "plan/step.h"

typedef struct StepMaker
{
	const PlanInput *input;
	List	   *changes;		/* PlanChange * */
	const PlanOptions *options;
	List	   *steps;			/* PlanStep *, in the order of the changes */
	List	   *names;			/* char *: names that statements of this plan take */
	List	   *types;			/* char *: enum types that have their step */
} StepMaker;

/* ---- step.c ---- */

/* A step for the declared column of a change, or its live one, or its table. */
extern PlanStep *plasma_step_add(StepMaker *maker, const PlanChange *change, const char *op);

/* The accepted change of that kind to the same column, or table; or NULL. */
extern const PlanChange *plasma_step_other(const StepMaker *maker, const PlanChange *change,
										   ChangeKind kind);

extern StepStatement *plasma_step_statement(char *sql, char *undo, List *locks);

/* A lock on the table of a change; a statement under AccessExclusive; VALIDATE. */
extern List *plasma_step_own_lock(const PlanChange *change, LOCKMODE mode);
extern StepStatement *plasma_step_own(const PlanChange *change, char *sql, char *undo);
extern StepStatement *plasma_step_validate(const PlanChange *change, const char *constraint);

/* What stands in the database under the name of a declared table, or NULL. */
extern const LiveTable *plasma_step_live(const StepMaker *maker, const char *name);

/* ---- step_order.c ---- */

/* The phase to which an op belongs. */
extern StepPhase plasma_step_phase(const char *op);

/* The depths of all tables; that of one of them. */
extern List *plasma_step_depths(const StepMaker *maker);
extern int	plasma_step_depth(List *depths, const char *table);

/* Puts the steps in order and numbers them. */
extern void plasma_step_sort(StepMaker *maker);

/* ---- step_hazard.c ---- */

extern void plasma_step_find_hazards(StepMaker *maker, PlanStep *step);

/* ---- step_lock.c ---- */

/* A lock on a relation and all its partitions; none on InvalidOid. */
extern List *plasma_step_lock(List *locks, Oid relid, LOCKMODE mode);

/* The same, on the table alone. */
extern List *plasma_step_lock_only(List *locks, Oid relid, LOCKMODE mode);

/*
 * Those on the other sides of the foreign keys in which a column takes part, or
 * with attnum 0 any column; with incoming also of those that point to it.
 */
extern List *plasma_step_lock_partners(List *locks, Oid relid, AttrNumber attnum,
									   bool incoming, LOCKMODE mode);

/* ---- step_column.c ---- */

extern void plasma_step_add_column(StepMaker *maker, const PlanChange *change);
extern void plasma_step_default(StepMaker *maker, const PlanChange *change);
extern void plasma_step_backfill(StepMaker *maker, const PlanChange *change);
extern void plasma_step_drop_column(StepMaker *maker, const PlanChange *change);

/* ---- step_alter.c ---- */

extern void plasma_step_alter_type(StepMaker *maker, const PlanChange *change);

/* ---- step_null.c ---- */

extern void plasma_step_nullable(StepMaker *maker, const PlanChange *change);

/* The statements that make a column NOT NULL without a scan that blocks. */
extern List *plasma_step_not_null_online(StepMaker *maker, const PlanChange *change);

/* ---- step_value.c ---- */

/* Whether ADD COLUMN writes every row of the table. */
extern bool plasma_step_value_rewrites(const ModelTable *table, const ModelColumn *column);

/* Whether the default is another one for each row. */
extern bool plasma_step_value_is_volatile(const ModelTable *table, const ModelColumn *column);

/* Whether the type itself, a domain, may refuse that a row waits for its value. */
extern bool plasma_step_value_may_refuse_null(const ModelColumn *column);

/* ---- step_constraint.c ---- */

extern void plasma_step_unique(StepMaker *maker, const PlanChange *change);
extern void plasma_step_check(StepMaker *maker, const PlanChange *change);
extern void plasma_step_old_check(StepMaker *maker, const PlanChange *change);

/* ---- step_reference.c ---- */

extern void plasma_step_reference(StepMaker *maker, const PlanChange *change);
extern void plasma_step_add_foreign_key(StepMaker *maker, const PlanChange *change,
										const ModelColumn *column);

/* ---- step_type.c ---- */

/* The enum type of a declared column, if it is still to be made. */
extern void plasma_step_create_type(StepMaker *maker, const PlanChange *change,
									const ModelColumn *column);
extern void plasma_step_alter_enum(StepMaker *maker, const PlanChange *change);

/* ---- step_table.c ---- */

extern void plasma_step_create_table(StepMaker *maker, const PlanChange *change);
extern void plasma_step_drop_table(StepMaker *maker, const PlanChange *change);

/* ---- step_policy.c ---- */

extern void plasma_step_policies(StepMaker *maker, const PlanChange *change);
extern void plasma_step_first_policies(StepMaker *maker, const PlanChange *change);

/* ---- step_propagate.c ---- */

/* For the tables whose rows the steps give other values. */
extern void plasma_step_propagate(StepMaker *maker);

#endif							/* PLASMA_STEP_MAKER_H */

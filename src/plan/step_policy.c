/*
 * step_policy.c
 *		Steps that make the policies of a table those of its declared auth.
 *
 *		One step for a table, in one transaction: between a policy that is gone
 *		and one that is not there yet, rows would be everybody's or nobody's.
 *		Policies of the application are left alone.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "plan/step_maker.h"
#include "schema/ddl.h"

typedef struct Policies
{
	const ModelTable *table;	/* as declared */
	Oid			relid;			/* InvalidOid: made by the plan */
	bool		enabled;		/* row-level security is on */
	bool		restricted[POLICY_SPECS];	/* plasma's policy is there */
	bool		sound[POLICY_SPECS];	/* and of the right shape */
	bool		allowed[POLICY_SPECS];	/* the permissive one is there */
	bool		others;			/* policies of the application */
	bool		other_permissive;
} Policies;

static void
note_policy(Policies *policies, const char *name, bool sound, bool permissive)
{
	for (int i = 0; i < POLICY_SPECS; i++)
	{
		const PolicySpec *spec = &plasma_ddl_policy_specs[i];

		if (strcmp(spec->name, name) == 0)
		{
			policies->restricted[i] = true;
			policies->sound[i] = sound;
			return;
		}
		if (strcmp(spec->allow, name) == 0)
		{
			policies->allowed[i] = true;
			return;
		}
	}
	policies->others = true;
	policies->other_permissive |= permissive;
}

static bool
has_shape(const char *name, const char *command, bool permissive, bool everybody)
{
	for (int i = 0; i < POLICY_SPECS; i++)
		if (strcmp(plasma_ddl_policy_specs[i].name, name) == 0)
			return !permissive && everybody && *command == plasma_ddl_policy_specs[i].letter;
	return false;
}

static void
read_policies(Policies *policies)
{
	SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(policies->relid))};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER,
									   "SELECT c.relrowsecurity, p.polname::text, p.polcmd::text,"
									   " p.polpermissive, p.polroles = '{0}'"
									   " FROM pg_class c"
									   " LEFT JOIN pg_policy p ON p.polrelid = c.oid"
									   " WHERE c.oid = $1", lengthof(params), params);

	for (uint64 i = 0; i < rows->nrows; i++)
	{
		char	   *name = plasma_spi_text(rows, i, 2);
		bool		permissive = plasma_spi_bool(rows, i, 4);

		policies->enabled = plasma_spi_bool(rows, i, 1);
		if (name != NULL)
			note_policy(policies, name,
						has_shape(name, plasma_spi_text(rows, i, 3), permissive,
								  plasma_spi_bool(rows, i, 5)),
						permissive);
	}
}

static void
add(PlanStep *step, const Policies *policies, const char *auth, char *sql, char *undo)
{
	StepStatement *statement =
		plasma_step_statement(sql, undo, policies->relid == InvalidOid ? NIL :
							  plasma_step_lock_only(NIL, policies->relid, AccessExclusiveLock));

	statement->auth = auth;
	step->direct = lappend(step->direct, statement);
}

/* The restrictive policy of one command. */
static void
restrict_command(PlanStep *step, const Policies *policies, int i)
{
	const PolicySpec *spec = &plasma_ddl_policy_specs[i];
	const ModelTable *table = policies->table;
	bool		wanted = plasma_ddl_policy_predicate(spec, table) != NULL;
	bool		there = policies->restricted[i];
	char	   *drop = plasma_ddl_drop_policy(table, spec->name);

	if (there && wanted && policies->sound[i])
		add(step, policies, spec->auth, plasma_ddl_alter_policy(spec, table), NULL);
	else
	{
		if (there)
			add(step, policies, NULL, drop, NULL);
		if (wanted)
			add(step, policies, spec->auth, plasma_ddl_create_policy(spec, table), drop);
	}
	if (wanted)
		add(step, policies, spec->auth, plasma_ddl_comment_policy(spec, table), NULL);
}

/* The permissive one: none is added beside those of the application. */
static void
permit_command(PlanStep *step, const Policies *policies, int i)
{
	const PolicySpec *spec = &plasma_ddl_policy_specs[i];
	const ModelTable *table = policies->table;
	bool		wanted = table->auth_read != NULL || table->auth_write != NULL;
	char	   *drop = plasma_ddl_drop_policy(table, spec->allow);

	if (policies->allowed[i])
		add(step, policies, NULL,
			wanted ? plasma_ddl_alter_permission(spec, table) : drop, NULL);
	else if (wanted && !policies->other_permissive)
		add(step, policies, NULL, plasma_ddl_create_permission(spec, table), drop);
}

/*
 * Without a policy row-level security shows no row to anybody.  Where the
 * permissive ones were plasma's, so was the switch.
 */
static bool
was_switched_on(const Policies *policies)
{
	for (int i = 0; i < POLICY_SPECS; i++)
		if (!policies->allowed[i])
			return false;
	return policies->enabled && !policies->others;
}

static void
add_step(StepMaker *maker, const PlanChange *change, const Policies *policies)
{
	const ModelTable *table = policies->table;
	bool		wanted = table->auth_read != NULL || table->auth_write != NULL;
	PlanStep   *step = plasma_step_add(maker, change, "set_policies");

	if (table->auth_read == NULL || table->auth_write == NULL)
		step->auth = table->auth_read ? "read" : table->auth_write ? "write" : NULL;
	if (wanted && !policies->enabled)
		add(step, policies, NULL, plasma_ddl_row_security(table, true),
			plasma_ddl_row_security(table, false));
	for (int i = 0; i < POLICY_SPECS; i++)
	{
		restrict_command(step, policies, i);
		permit_command(step, policies, i);
	}
	if (!wanted && was_switched_on(policies))
		add(step, policies, NULL, plasma_ddl_row_security(table, false),
			plasma_ddl_row_security(table, true));
}

/* Of a table that the plan makes. */
void
plasma_step_first_policies(StepMaker *maker, const PlanChange *change)
{
	Policies	policies = {change->table};

	add_step(maker, change, &policies);
}

void
plasma_step_policies(StepMaker *maker, const PlanChange *change)
{
	Policies	policies = {change->table, change->at->relid};

	/* One step for both keys of auth. */
	if (change->kind == CHANGE_AUTH_WRITE &&
		plasma_step_other(maker, change, CHANGE_AUTH_READ) != NULL)
		return;
	read_policies(&policies);
	add_step(maker, change, &policies);
}

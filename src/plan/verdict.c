/*
 * verdict.c
 *		Judges the changes: the rules, asked with the options and the data.
 *
 *		In come the changes, out go issues, and whether each change is accepted.
 *		Everything is told at once, so nothing ends the judging but an error that
 *		a retry may cure.  A table that is none to be synced is asked for nothing
 *		else.
 *		What the data says here is true of the active snapshot only: executors ask
 *		again under their locks.
 */
#include "postgres.h"

#include "base/text.h"
#include "miscadmin.h"
#include "plan/finding.h"
#include "plan/rule.h"
#include "plan/ruling.h"
#include "plan/verdict.h"
#include "plan/words.h"
#include "schema/breaking.h"

static void
add_issues(Judging *judging, List *issues, bool client_breaking)
{
	ListCell   *cell;

	foreach(cell, issues)
	{
		Issue	   *issue = lfirst(cell);

		issue->client_breaking = client_breaking;
		plasma_ruling_add(judging, issue);
	}
}

/* What the database can show: where it does not, it is as it is declared. */
static bool
is_in_catalogs(ChangeKind kind)
{
	switch (kind)
	{
		case CHANGE_TABLE_ADDED:
		case CHANGE_TABLE_REMOVED:
		case CHANGE_SCHEMA:
		case CHANGE_KEY:
		case CHANGE_SUPPRESSED:
		case CHANGE_HISTORY:
		case CHANGE_SCOPE:
		case CHANGE_SCOPE_QUERY:
		case CHANGE_COLUMN_ADDED:
		case CHANGE_COLUMN_REMOVED:
		case CHANGE_KIND:
		case CHANGE_ENCRYPTED:
			return false;
		default:
			return true;
	}
}

/* Who syncs, sees and writes what is not what a declaration adds to: it says it. */
static bool
says_who_may(ChangeKind kind)
{
	return kind == CHANGE_SCOPE || kind == CHANGE_SCOPE_QUERY ||
		kind == CHANGE_AUTH_READ || kind == CHANGE_AUTH_WRITE;
}

/* Going back fills in what is missing, and leaves the rest. */
static bool
is_left_by_rollback(const Ruling *item)
{
	const PlanChange *change = item->change;

	if (!item->judging->input->rollback ||
		change->kind == CHANGE_TABLE_ADDED || change->kind == CHANGE_COLUMN_ADDED ||
		says_who_may(change->kind))
		return false;
	if (change->past != NULL || change->kind != CHANGE_COLUMN_REMOVED)
	{
		if (change->in_catalog)
			plasma_ruling_tell(item, "AD103", SEVERITY_INFO, "V4", NULL);
		return true;
	}
	return false;
}

/* Objects that depend on what is going to go, or is asked to. */
static void
ask_dependents(const Ruling *item, const Rule *rule)
{
	List	   *issues;

	if (rule->verdict[item->judging->options->policy] == VERDICT_NOTHING)
		return;
	issues = plasma_finding_dependents(item->judging->input, item->judging->options,
									   item->judging->changes, item->change);
	if (item->change->kind == CHANGE_TABLE_REMOVED && item->change->accepted)
		issues = list_concat(issues, plasma_finding_obstacles(item->change->at));
	if (plasma_verdict_refuses(issues))
		item->change->permitted = item->change->accepted = false;
	add_issues(item->judging, issues, item->breaks != NULL);
}

static void
ask_rules(const Ruling *item)
{
	PlanChange *change = item->change;
	const Rule *rule = plasma_rule_find(change);
	ListCell   *cell;

	plasma_ruling_ask(item, rule);
	if (change->accepted && change->live_table != NULL)
		foreach(cell, plasma_rule_besides(change))
			if (!plasma_ruling_ask(item, lfirst(cell)))
				change->accepted = false;
	ask_dependents(item, rule);
}

/* How the active declaration's clients take the change; rollback is for them. */
static const char *
breaking_code(const Judging *judging, const PlanChange *change)
{
	Change		between = {
		change->kind, change->table, change->past_table, change->declared, change->past
	};

	if (judging->input->active == NULL || judging->input->rollback || !change->in_declaration)
		return NULL;
	return plasma_breaking_code(&between);
}

static void
note_reason(PlanBump *bump, const PlanChange *change, const char *code)
{
	const char *column = plasma_words_column(change);
	char	   *reason = psprintf("%s %s%s%s", code, plasma_words_table(change),
								  column ? "." : "", column ? column : "");

	bump->required = true;
	if (plasma_text_position(bump->reasons, reason) < 0)
		bump->reasons = lappend(bump->reasons, reason);
}

static bool
has_new_version(const Judging *judging)
{
	return strcmp(judging->input->active->version, judging->input->declared->version) != 0;
}

/* What is left to do about a break. */
static const char *
remedy_of(const Judging *judging, const char *code, bool refuses)
{
	if (refuses)
		return psprintf("leave this out of the declaration, or allow %s", code);
	if (has_new_version(judging))
		return "nothing: the version is new, and clients of older ones get 409 until they are updated";
	return "give the declaration a new version, or leave this out of it";
}

/* A break is told of what is going to happen; what is refused breaks nobody. */
static void
tell_break(const Ruling *item)
{
	Judging    *judging = item->judging;
	PlanChange *change = item->change;
	Ruling		told = *item;
	Issue	   *issue;
	bool		refuses;

	if (item->breaks == NULL)
		return;
	note_reason(judging->bump, change, item->breaks);
	if (!change->permitted)
		return;
	refuses = judging->options->enforce_compat &&
		!plasma_ruling_is_allowed(judging, item->breaks);
	told.words.remedy = remedy_of(judging, item->breaks, refuses);
	if (!refuses)
	{
		judging->broken = true;
		issue = plasma_ruling_tell(&told, item->breaks, SEVERITY_WARNING, NULL, NULL);
		issue->allowed = judging->options->enforce_compat;
		return;
	}
	issue = plasma_ruling_refuse(&told, item->breaks, NULL, NULL);
	issue->allowable = true;
	change->accepted = false;
}

/*
 * A type, or the check of a kind, that changes with the kind or the encryption
 * is what that change is made by.
 */
static const PlanChange *
leader_of(const Judging *judging, const PlanChange *change)
{
	ListCell   *cell;

	if (change->kind != CHANGE_CHECK &&
		(change->kind != CHANGE_TYPE || !change->in_declaration))
		return NULL;
	foreach(cell, judging->changes)
	{
		PlanChange *other = lfirst(cell);

		if (other->declared == change->declared &&
			(other->kind == CHANGE_KIND || other->kind == CHANGE_ENCRYPTED))
			return other;
	}
	return NULL;
}

/* What the active declaration holds and somebody dropped or renamed comes anew. */
static void
tell_gone(const Ruling *item)
{
	const PlanChange *change = item->change;
	Ruling		other = *item;

	if (change->kind != CHANGE_COLUMN_ADDED || change->past == NULL ||
		change->live_table == NULL || !change->in_catalog)
		return;
	other.words.x = "it is not in the database any more";
	plasma_ruling_tell(&other, "DR102", SEVERITY_WARNING, "V9", NULL);
}

static void
judge(Judging *judging, PlanChange *change)
{
	Ruling		item = {judging, change, breaking_code(judging, change)};

	item.words = plasma_words_of(change);
	change->permitted = true;
	if (list_member_ptr(judging->blocked, change->at))
		change->permitted = false;
	else if (is_left_by_rollback(&item))
		change->permitted = true;
	else if (change->in_catalog || !is_in_catalogs(change->kind))
		ask_rules(&item);
	if (change->permitted)
		tell_gone(&item);
	tell_break(&item);
}

/*
 * After all others, since encryption comes after types.  The type has no
 * verdict of its own; the check has one, if the kind is to change at all.
 */
static void
judge_follower(Judging *judging, PlanChange *change, const PlanChange *leader)
{
	List	   *issues;

	change->permitted = leader->permitted;
	if (!leader->permitted)
		return;
	if (change->kind == CHANGE_CHECK || judging->input->rollback)
	{
		judge(judging, change);
		return;
	}
	issues = plasma_finding_dependents(judging->input, judging->options, judging->changes, change);
	if (plasma_verdict_refuses(issues))
		change->permitted = false;
	add_issues(judging, issues, true);
	change->accepted = change->unlocked = change->permitted;
}

/* Whether a refusal is of what the table is, and not of its key or of one column. */
static bool
is_of_whole_table(const Issue *issue)
{
	return issue->severity == SEVERITY_REFUSE && issue->column == NULL &&
		strcmp(issue->code, "UN107") != 0;
}

static bool
any_of_whole_table(List *issues)
{
	ListCell   *cell;

	foreach(cell, issues)
		if (is_of_whole_table(lfirst(cell)))
			return true;
	return false;
}

static const LiveTable *
find_live(const Judging *judging, const char *name)
{
	ListCell   *cell;

	foreach(cell, judging->input->live)
	{
		const LiveTable *live = lfirst(cell);

		if (strcmp(live->declared->name, name) == 0)
			return live;
	}
	return NULL;
}

/*
 * Tables that are not to be captured any more, rollback or not: their writes
 * would go unlogged, which is for their owner to say.
 */
static void
judge_leaving(Judging *judging)
{
	ListCell   *cell;

	foreach(cell, judging->input->entries)
	{
		RegistryEntry *entry = lfirst(cell);
		const LiveTable *live = find_live(judging, entry->name);
		Issue	   *issue;

		if (plasma_model_table(judging->input->declared, entry->name) != NULL &&
			live->relid == entry->relid)
			continue;
		issue = plasma_finding_owner(entry);
		if (issue == NULL)
			continue;
		if (live != NULL)
			judging->blocked = lappend(judging->blocked, (void *) live);
		add_issues(judging, list_make1(issue), false);
	}
}

static void
judge_tables(Judging *judging)
{
	ListCell   *cell;

	foreach(cell, judging->input->live)
	{
		LiveTable  *live = lfirst(cell);
		List	   *issues;

		if (plasma_model_table(judging->input->declared, live->declared->name) == NULL)
			continue;
		issues = plasma_finding_obstacles(live);
		if (any_of_whole_table(issues))
			judging->blocked = lappend(judging->blocked, live);
		else
			issues = list_concat(issues, plasma_finding_accepted(judging->input, live));
		add_issues(judging, issues, false);
	}
}

/* Two declarations of one version may not differ for its clients. */
static void
judge_version(Judging *judging)
{
	const char *version = judging->input->declared->version;
	PlanBump   *bump = judging->bump;
	IssueWords	words = {.version = version};
	Issue	   *issue;

	bump->done = bump->required && has_new_version(judging);
	if (!judging->broken || bump->done)
		return;
	issue = plasma_issue_make("BC106", SEVERITY_REFUSE, plasma_rule_of_code("BC106"),
							  NULL, NULL, "$.version", NULL, &words);
	issue->client_breaking = true;
	judging->issues = lappend(judging->issues, issue);
}

List *
plasma_verdict_give(const PlanInput *input, List *changes, const PlanOptions *options,
					PlanBump *bump)
{
	Judging		judging = {input, changes, options, bump};
	ListCell   *cell;

	memset(bump, 0, sizeof(PlanBump));
	judge_tables(&judging);
	judge_leaving(&judging);
	foreach(cell, changes)
	{
		CHECK_FOR_INTERRUPTS();
		if (leader_of(&judging, lfirst(cell)) == NULL)
			judge(&judging, lfirst(cell));
	}
	foreach(cell, changes)
	{
		const PlanChange *leader = leader_of(&judging, lfirst(cell));

		if (leader != NULL)
			judge_follower(&judging, lfirst(cell), leader);
	}
	judge_version(&judging);
	return judging.issues;
}

bool
plasma_verdict_refuses(List *issues)
{
	ListCell   *cell;

	foreach(cell, issues)
	{
		Issue	   *issue = lfirst(cell);

		if (issue->severity == SEVERITY_REFUSE && !issue->allowed)
			return true;
	}
	return false;
}

/*
 * options.c
 *		The options of a plan, from JSON.
 *
 *		As strict as a declaration: an unknown key, policy or code, a value of
 *		another type and a number out of its range are all told at once, each
 *		with its path.  Pure: no catalog, no setting.
 */
#include "postgres.h"

#include "base/error.h"
#include "base/json.h"
#include "plan/issue.h"
#include "plan/options.h"
#include "schema/fault.h"

#define HASH_DIGITS		64

static const char *const policies[] = {
	[POLICY_PLASMA] = "plasma",
	[POLICY_STRICT] = "strict",
	[POLICY_DATA] = "data"
};

/* Of those that can be asked for; the default is what is done unasked. */
#define FIRST_PROPAGATE	PROPAGATE_NONE
static const char *const propagates[] = {
	[PROPAGATE_NONE - FIRST_PROPAGATE] = "none",
	[PROPAGATE_LOG - FIRST_PROPAGATE] = "log",
	[PROPAGATE_RESET - FIRST_PROPAGATE] = "reset"
};

static const char *const executors[] = {
	[EXECUTOR_RUN] = "run_migrations",
	[EXECUTOR_MIGRATE] = "migrate",
	[EXECUTOR_SQL] = "plan_sql"
};

static const char *const option_keys[] = {
	"policy", "allow", "enforce_compat", "propagate", "propagate_max_rows",
	"executor", "lock_timeout_ms", "statement_timeout_ms", "lock_retries",
	"max_locked_rows", "batch", "dry_run", "validate", "fingerprint"
};

/* The position of the word in the list, or -1. */
static int
read_word(FaultList *faults, const JsonNode *root, const char *key,
		  const char *const *words, int nwords)
{
	const FaultPath *path = plasma_fault_key(NULL, key);
	char	   *text = plasma_fault_string(faults, NULL, root, key);

	if (text == NULL)
		return -1;
	for (int i = 0; i < nwords; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	plasma_fault_add(faults, path, "%s is not allowed; one of %s is expected",
					 plasma_fault_quote(text), plasma_fault_names(words, nwords));
	return -1;
}

static int64
read_number(FaultList *faults, const JsonNode *root, const char *key,
			int64 absent, int64 least, int64 most)
{
	const JsonNode *node = plasma_json_get(root, key);
	const FaultPath *path = plasma_fault_key(NULL, key);
	int64		value;

	if (node == NULL)
		return absent;
	if (node->type != JSON_NODE_NUMBER)
		plasma_fault_add(faults, path,
						 "is %s; an integer from " INT64_FORMAT " to " INT64_FORMAT " is expected",
						 plasma_json_type_name(node), least, most);
	else if (!plasma_json_int8(node, &value) || value < least || value > most)
		plasma_fault_add(faults, path,
						 "%s is not an integer from " INT64_FORMAT " to " INT64_FORMAT,
						 node->text, least, most);
	else
		return value;
	return absent;
}

static List *
read_codes(FaultList *faults, const JsonNode *root)
{
	const JsonNode *node = plasma_json_get(root, "allow");
	const FaultPath *path = plasma_fault_key(NULL, "allow");
	List	   *codes = NIL;
	ListCell   *cell;

	if (node == NULL)
		return NIL;
	if (node->type != JSON_NODE_ARRAY)
	{
		plasma_fault_add(faults, path, "is %s; an array of codes is expected",
						 plasma_json_type_name(node));
		return NIL;
	}
	foreach(cell, node->items)
	{
		const JsonNode *item = lfirst(cell);
		const FaultPath *place = plasma_fault_index(path, foreach_current_index(cell));

		if (item->type != JSON_NODE_STRING)
			plasma_fault_add(faults, place, "is %s; a code such as \"DS102\" is expected",
							 plasma_json_type_name(item));
		else if (!plasma_issue_is_code(item->text))
			plasma_fault_add(faults, place, "%s is not a code; the code of an issue is expected",
							 plasma_fault_quote(item->text));
		else
			codes = lappend(codes, item->text);
	}
	return codes;
}

static char *
read_fingerprint(FaultList *faults, const JsonNode *root)
{
	char	   *text = plasma_fault_string(faults, NULL, root, "fingerprint");

	if (text != NULL &&
		(strlen(text) != HASH_DIGITS || strspn(text, "0123456789abcdef") != HASH_DIGITS))
		plasma_fault_add(faults, plasma_fault_key(NULL, "fingerprint"),
						 "%s is no fingerprint; %d hexadecimal digits, the \"catalog\" of a plan, are expected",
						 plasma_fault_quote(text), HASH_DIGITS);
	return text;
}

static void
raise_faults(const FaultList *faults)
{
	int			count = list_length(faults->lines);

	if (count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PLASMA_DECLARATION),
			 errmsg_plural("the options have %d fault", "the options have %d faults",
						   count, count),
			 errdetail_internal("%s", plasma_fault_detail(faults)),
			 errhint("Correct the options at each of these paths; nothing has been changed.")));
}

static void
read_options(FaultList *faults, const JsonNode *root, PlanOptions *options)
{
	int			word;

	word = read_word(faults, root, "policy", policies, lengthof(policies));
	options->policy = word < 0 ? POLICY_PLASMA : word;
	options->allow = read_codes(faults, root);
	options->enforce_compat = plasma_fault_bool(faults, NULL, root, "enforce_compat", false);
	word = read_word(faults, root, "propagate", propagates, lengthof(propagates));
	options->propagate = word < 0 ? PROPAGATE_DEFAULT : word + FIRST_PROPAGATE;
	options->propagate_max_rows = read_number(faults, root, "propagate_max_rows",
											  10000, 0, PG_INT64_MAX / 2);
	word = read_word(faults, root, "executor", executors, lengthof(executors));
	options->executor = word < 0 ? EXECUTOR_RUN : word;
	options->lock_timeout_ms = read_number(faults, root, "lock_timeout_ms",
										   3000, 0, PG_INT32_MAX);
	options->statement_timeout_ms = read_number(faults, root, "statement_timeout_ms",
												0, 0, PG_INT32_MAX);
	options->lock_retries = read_number(faults, root, "lock_retries", 10, 0, 1000);
	options->max_locked_rows = read_number(faults, root, "max_locked_rows",
										   100000, 0, PG_INT64_MAX / 2);
	options->batch = read_number(faults, root, "batch", 1000, 1, 1000000);
	options->dry_run = plasma_fault_bool(faults, NULL, root, "dry_run", false);
	options->validate = plasma_fault_bool(faults, NULL, root, "validate", true);
	options->fingerprint = read_fingerprint(faults, root);
}

PlanOptions *
plasma_options_parse(Jsonb *json)
{
	PlanOptions *options = palloc0(sizeof(PlanOptions));
	FaultList	faults = {NIL};
	char	   *text = json ? JsonbToCString(NULL, &json->root, VARSIZE(json)) : "{}";
	char	   *error;
	JsonNode   *root = plasma_json_parse(text, strlen(text), &error);

	if (root == NULL)
		elog(ERROR, "options are not JSON: %s", error);
	if (plasma_fault_object(&faults, NULL, root, option_keys, lengthof(option_keys)))
		read_options(&faults, root, options);
	raise_faults(&faults);
	return options;
}

const char *
plasma_options_policy_name(PlanPolicy policy)
{
	return policies[policy];
}

const char *
plasma_options_executor_name(PlanExecutor executor)
{
	return executors[executor];
}

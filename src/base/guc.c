/*
 * guc.c
 *		Definitions of the settings, in alphabetical order.
 */
#include "postgres.h"

#include <limits.h>

#include "base/guc.h"
#include "utils/guc.h"

bool		plasma_allow_bypass_rls = false;
int			plasma_client_expiry_s = 0;
int			plasma_compaction_duty = 20;
int			plasma_cookie_max_running = 500;
int			plasma_cookie_refresh_s = 300;
char	   *plasma_identity_claims = NULL;
int			plasma_max_mutations_per_push = 200;
int			plasma_max_page_bytes = 8 * 1024 * 1024;
int			plasma_max_payload_bytes = 1024 * 1024;
int			plasma_max_pull_limit = 10000;
int			plasma_max_rows_per_push = 0;
int			plasma_max_scopes = 1000;
int			plasma_mutation_timeout_ms = 0;
int			plasma_pull_limit = 1000;
int			plasma_pull_wait_ms = 1000;
int			plasma_reader_interval_s = 300;
bool		plasma_require_identity = false;
int			plasma_retention_s = 30 * 86400;
bool		plasma_strict_schema_version = false;

typedef struct IntSetting
{
	const char *name;
	const char *about;
	int		   *value;
	int			low;
	int			high;
	int			flags;
}			IntSetting;

static const IntSetting int_settings[] = {
	{"plasma.client_expiry",
		"Idle time after which a client group is forgotten, but not before plasma.retention. Zero is never.",
	&plasma_client_expiry_s, 0, INT_MAX, GUC_UNIT_S},
	{"plasma.compaction_duty",
		"Share of its time, in percent, for which plasma.compact works; it pauses for the rest.",
	&plasma_compaction_duty, 1, 100, 0},
	{"plasma.cookie_max_running",
		"Most running transactions that a cookie lists.",
	&plasma_cookie_max_running, 1, 10000, 0},
	{"plasma.cookie_refresh",
		"Age at which a cookie is renewed although nothing changed.",
	&plasma_cookie_refresh_s, 1, 86400, GUC_UNIT_S},
	{"plasma.max_mutations_per_push",
		"Most mutations in one push.",
	&plasma_max_mutations_per_push, 1, 100000, 0},
	{"plasma.max_page_bytes",
		"Size at which a page of a pull ends before its row limit.",
	&plasma_max_page_bytes, 1024, 256 * 1024 * 1024, GUC_UNIT_BYTE},
	{"plasma.max_payload_bytes",
		"Largest body of a request.",
	&plasma_max_payload_bytes, 1024, 256 * 1024 * 1024, GUC_UNIT_BYTE},
	{"plasma.max_pull_limit",
		"Most rows in one page of a pull, whatever the client asks for.",
	&plasma_max_pull_limit, 1, 1000000, 0},
	{"plasma.max_rows_per_push",
		"Most rows that the mutations of one push write into the log; what goes beyond fails for good. Zero is no limit.",
	&plasma_max_rows_per_push, 0, INT_MAX, 0},
	{"plasma.max_scopes",
		"Most slices of one scope that a session may sync.",
	&plasma_max_scopes, 1, 100000, 0},
	{"plasma.mutation_timeout",
		"Longest run of one mutation; its expiry fails the mutation for good. Zero is no limit.",
	&plasma_mutation_timeout_ms, 0, INT_MAX, GUC_UNIT_MS},
	{"plasma.pull_limit",
		"Rows in one page of a pull where the client names no limit.",
	&plasma_pull_limit, 1, 1000000, 0},
	{"plasma.pull_wait",
		"Longest wait of a pull for a server that is behind the client's cookie.",
	&plasma_pull_wait_ms, 0, 60 * 1000, GUC_UNIT_MS},
	{"plasma.reader_interval",
		"Least time between two notes of when a client was last seen.",
	&plasma_reader_interval_s, 0, 86400, GUC_UNIT_S},
	{"plasma.retention",
		"Age of log entries above which compaction removes what is not needed.",
	&plasma_retention_s, 0, INT_MAX, GUC_UNIT_S},
};

void
plasma_guc_define(void)
{
	for (int i = 0; i < lengthof(int_settings); i++)
	{
		const IntSetting *s = &int_settings[i];

		DefineCustomIntVariable(s->name, s->about, NULL, s->value, *s->value,
								s->low, s->high, PGC_SUSET, s->flags,
								NULL, NULL, NULL);
	}
	DefineCustomBoolVariable("plasma.allow_bypass_rls",
							 "Whether a role that row-level security does not bind may push and pull where auth is declared.",
							 NULL, &plasma_allow_bypass_rls, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("plasma.identity_claims",
							   "Comma-separated claims of ctx that are part of a cookie's identity, beside sub or role.",
							   NULL, &plasma_identity_claims, "",
							   PGC_SUSET, GUC_LIST_INPUT, NULL, NULL, NULL);
	DefineCustomBoolVariable("plasma.require_identity",
							 "Whether a request without ctx.sub is answered 401.",
							 NULL, &plasma_require_identity, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("plasma.strict_schema_version",
							 "Whether only the active schema version is served, compatible older ones refused.",
							 NULL, &plasma_strict_schema_version, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("plasma");
}

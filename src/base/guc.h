/*
 * guc.h
 *		Settings.  Limits that guard the server are superuser settings: a role
 *		that can run SQL must not be able to lift them for itself.
 */
#ifndef PLASMA_GUC_H
#define PLASMA_GUC_H

#include "postgres.h"

extern bool plasma_allow_bypass_rls;
extern int	plasma_client_expiry_s;
extern int	plasma_compaction_duty;
extern int	plasma_cookie_max_running;
extern int	plasma_cookie_refresh_s;
extern char *plasma_identity_claims;
extern int	plasma_max_mutations_per_push;
extern int	plasma_max_page_bytes;
extern int	plasma_max_payload_bytes;
extern int	plasma_max_pull_limit;
extern int	plasma_max_rows_per_push;
extern int	plasma_max_scopes;
extern int	plasma_mutation_timeout_ms;
extern int	plasma_pull_limit;
extern int	plasma_pull_wait_ms;
extern int	plasma_reader_interval_s;
extern bool plasma_require_identity;
extern int	plasma_retention_s;
extern bool plasma_strict_schema_version;

extern void plasma_guc_define(void);

#endif							/* PLASMA_GUC_H */

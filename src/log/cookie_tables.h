/*
 * cookie_tables.h
 *		The keys tables, fetch, again and scopes of a cookie.
 */
#ifndef PLASMA_COOKIE_TABLES_H
#define PLASMA_COOKIE_TABLES_H

#include "postgres.h"

#include "base/json.h"
#include "lib/stringinfo.h"
#include "log/cookie.h"

/* False when they are not as a cookie has them. */
extern bool plasma_cookie_tables_parse(Cookie *cookie, const JsonNode *root);

/* Appends them, each after a comma. */
extern void plasma_cookie_tables_write(StringInfo out, const Cookie *cookie);

#endif							/* PLASMA_COOKIE_TABLES_H */

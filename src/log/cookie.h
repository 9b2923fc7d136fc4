/*
 * cookie.h
 *		What a client holds between two pulls.  Opaque to it: "c2:" and, in
 *		base64url, a JSON object with these keys:
 *
 *		sys			system identifier of the cluster, as text
 *		db			oid of the database
 *		epoch		plasma.state.epoch
 *		tl, lsn		timeline and WAL position, read after the snapshot was taken
 *		from		WAL position at which that timeline began
 *		ver			schema version of the client
 *		who			hash of the identity the cookie was made for
 *		group		hash of the client group
 *		order		grows by one whenever the cookie changes
 *		at			when it was made, seconds since 1970
 *		seen		snapshot: the transactions whose changes the client has
 *		upto, pos	a catch-up under way: its target, a snapshot, and the
 *					[xid, row_version] of the last change sent
 *		rows		snapshot in which the rows of the last page were read; not there
 *					where it is upto or, without a catch-up, seen
 *		cut			1: running transactions were left out of seen or upto
 *		ids			snapshot as of which lastMutationIDs were last sent; "" is
 *					never; not there where it is the same as seen
 *		tables		name → [generation, shape, hash] of each table that the client
 *					has: the hash is that of the columns of the shape
 *		fetch		name → last key sent, or null: hydrations under way
 *		sum			checksum of all that stands before it, always last
 *
 *		The checksum tells a damaged cookie; it is no protection against a forged
 *		one, and none is needed: rows are read under the caller's rights.
 */
#ifndef PLASMA_COOKIE_H
#define PLASMA_COOKIE_H

#include "postgres.h"

#include "log/snapshot.h"
#include "log/timeline.h"
#include "nodes/pg_list.h"

typedef struct CookieTable
{
	char	   *name;
	int64		generation;
	int64		shape;
	char	   *hash;
	bool		fetching;		/* a hydration is under way */
	char	   *last_key;		/* of it; NULL at its start */
} CookieTable;

typedef struct Cookie
{
	char	   *system;
	Oid			database;
	char	   *epoch;
	WalPosition position;
	char	   *version;
	char	   *identity;
	char	   *group;
	int64		order;
	int64		made_at;
	SyncSnapshot *seen;
	SyncSnapshot *upto;			/* NULL: no catch-up is under way */
	uint64		pos_xid;
	int64		pos_row_version;
	SyncSnapshot *rows;			/* sees all that the client may have been shown */
	bool		cut;			/* seen or upto lacks running transactions */
	SyncSnapshot *ids;			/* NULL: lastMutationIDs were never sent */
	List	   *tables;			/* CookieTable * */
} Cookie;

/* NULL when the text is no cookie. */
extern Cookie *plasma_cookie_parse(const char *text);

extern char *plasma_cookie_write(const Cookie *cookie);

extern CookieTable *plasma_cookie_table(const Cookie *cookie, const char *name);

#endif							/* PLASMA_COOKIE_H */

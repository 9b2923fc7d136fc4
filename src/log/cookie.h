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
 *		cut			1: running transactions were left out of seen, upto or rows
 *		ids			snapshot as of which lastMutationIDs were last sent; "" is
 *					never; not there where it is the same as seen
 *		tables		name → [generation, shape, hash] of each table that the client
 *					has: the hash is that of the columns of the shape
 *		fetch		name → last key sent, or null: hydrations under way; of a table
 *					with a scope [last key, its slice,] first, last, … of the slices
 *					that are not through, counted from 0 in the order of the values
 *		again		name → how often what its policies read changed while it was being
 *					sent; not there where it did not, or the client has the table
 *					(coverage)
 *		scopes		name → [values] of the slices that the client has or is being
 *					sent, ascending; not there where no table has a scope
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
#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"

typedef struct CookieTable
{
	char	   *name;
	int64		generation;
	int64		shape;
	char	   *hash;
	bool		has_scope;

	/*
	 * Hydrations under way: the slices that are not through, by their place in
	 * the cookie's scope; a table without a scope is one slice, 0.  NULL when
	 * there are none.  At most one of them has been begun.
	 */
	Bitmapset  *fetching;
	int			begun;			/* a slice, if there is a last key */
	char	   *last_key;		/* of what was sent of it */
	int			again;			/* refetches that came amid, see coverage */
} CookieTable;

typedef struct CookieScope
{
	char	   *name;
	int			nslices;
	char	  **slices;			/* values, ascending by bytes */
	int		   *places;			/* of them among the caller's of now, -1: lost; not
								 * in the text, NULL until asked */
} CookieScope;

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
	bool		cut;			/* seen, upto or rows lacks running transactions */
	SyncSnapshot *ids;			/* NULL: lastMutationIDs were never sent */
	List	   *tables;			/* CookieTable * */
	List	   *scopes;			/* CookieScope * */
} Cookie;

/* NULL when the text is no cookie. */
extern Cookie *plasma_cookie_parse(const char *text);

extern char *plasma_cookie_write(const Cookie *cookie);

/* NULL when there is none of this name. */
extern CookieTable *plasma_cookie_table(const Cookie *cookie, const char *name);
extern CookieScope *plasma_cookie_scope(const Cookie *cookie, const char *name);

/* Whether the client was sent some of a slice of a table, or all of it. */
extern bool plasma_cookie_has_slice(const CookieTable *table, int slice);

/* The client has all of a slice. */
extern void plasma_cookie_note_sent(CookieTable *table, int slice);

#endif							/* PLASMA_COOKIE_H */

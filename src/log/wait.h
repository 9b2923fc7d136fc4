/*
 * wait.h
 *		A client may come from a server that is ahead of this one.
 */
#ifndef PLASMA_WAIT_H
#define PLASMA_WAIT_H

#include "postgres.h"

#include "log/pull_request.h"

/*
 * Waits, as long as plasma.pull_wait allows, until this server knows what the
 * client has seen.  False: it has not replayed the log so far, and has nothing
 * to tell.  To be called before the pull takes a lock or a snapshot.
 */
extern bool plasma_wait_for_cookie(const PullRequest *request);

#endif							/* PLASMA_WAIT_H */

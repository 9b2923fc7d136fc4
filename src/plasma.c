/*
 * plasma.c
 *		What the server needs to load the library; every behaviour lives in a
 *		room of its own.
 */
#include "postgres.h"

#include "fmgr.h"

#include "access/guard.h"
#include "base/guc.h"
#include "base/spi.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	plasma_guc_define();
	plasma_guard_install();
}

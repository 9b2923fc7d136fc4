/*
 * group.c
 *		Ownership of client groups: the first identity that pushes with a group
 *		owns it, and nobody else gets anything of it, on either path.
 *
 *		The unique key of plasma.client_groups decides between two identities
 *		that come first at once: the later one waits for the earlier one's
 *		commit and then finds a group that is not its own.
 */
#include "postgres.h"

#include "access/ctx.h"
#include "access/group.h"
#include "base/error.h"
#include "base/spi.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

static const char owner_query[] =
"SELECT owner_kind, owner FROM plasma.client_groups"
" WHERE client_group_id OPERATOR(pg_catalog.=) $1";

/*
 * Whether the group has an owner; raises when that is somebody else.  Who owns
 * it is not told.
 */
static bool
is_mine(const SpiRows *rows, const char *client_group_id, const Identity *me)
{
	if (rows->nrows == 0)
		return false;
	if (strcmp(plasma_spi_text(rows, 0, 1), me->kind) != 0 ||
		strcmp(plasma_spi_text(rows, 0, 2), me->name) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_PLASMA_FORBIDDEN),
				 errmsg("client group \"%s\" belongs to another identity", client_group_id),
				 errhint("A client group belongs to the identity that pushed with it first; after another sign-in a client needs a group of its own.")));
	return true;
}

void
plasma_group_check(const char *client_group_id)
{
	SpiParam	params[] = {SPI_TEXT(client_group_id)};
	Identity	me = plasma_ctx_identity();

	(void) is_mine(plasma_spi_read(SPI_OWNER, owner_query, 1, params),
				   client_group_id, &me);
}

void
plasma_group_claim(const char *client_group_id)
{
	Identity	me = plasma_ctx_identity();
	SpiParam	params[] = {SPI_TEXT(client_group_id), SPI_TEXT(me.kind), SPI_TEXT(me.name)};

	if (is_mine(plasma_spi_write(SPI_OWNER, owner_query, 1, params),
				client_group_id, &me))
		return;
	plasma_spi_write(SPI_OWNER,
					 "INSERT INTO plasma.client_groups (client_group_id, owner_kind, owner)"
					 " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
					 lengthof(params), params);
	if (!is_mine(plasma_spi_write(SPI_OWNER, owner_query, 1, params),
				 client_group_id, &me))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("client group \"%s\" was removed while it was claimed", client_group_id)));
}

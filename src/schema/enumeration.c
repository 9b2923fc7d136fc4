/*
 * enumeration.c
 *		The enum types that columns are of.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/text.h"
#include "catalog/namespace.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "schema/enumeration.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* The enum of a column, or of the elements of an array; else InvalidOid. */
static Oid
enum_of(Oid typid, bool *array)
{
	Oid			element = get_element_type(typid);

	*array = OidIsValid(element);
	if (*array)
		typid = element;
	return type_is_enum(typid) ? typid : InvalidOid;
}

static ModelEnum *
make_enum(Oid typid)
{
	ModelEnum  *made = palloc0(sizeof(ModelEnum));
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
	Form_pg_type form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", typid);
	form = (Form_pg_type) GETSTRUCT(tuple);
	made->typid = typid;
	made->name = pstrdup(NameStr(form->typname));
	made->schema = get_namespace_name(form->typnamespace);
	ReleaseSysCache(tuple);
	return made;
}

static ModelEnum *
find_enum(List *enums, Oid typid)
{
	ListCell   *cell;

	foreach(cell, enums)
	{
		ModelEnum  *found = lfirst(cell);

		if (found->typid == typid)
			return found;
	}
	return NULL;
}

static void
read_labels(List *enums)
{
	List	   *typids = NIL;
	SpiParam	param;
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, enums)
		typids = lappend_oid(typids, ((ModelEnum *) lfirst(cell))->typid);
	param = plasma_catalog_oids(typids);
	rows = plasma_spi_read(SPI_OWNER,
						   "SELECT enumtypid, array_agg(enumlabel::text ORDER BY enumsortorder)"
						   " FROM pg_enum WHERE enumtypid = ANY ($1)"
						   " GROUP BY enumtypid", 1, &param);
	for (uint64 i = 0; i < rows->nrows; i++)
	{
		bool		isnull;

		find_enum(enums, plasma_spi_oid(rows, i, 1))->labels =
			plasma_text_list(plasma_spi_datum(rows, i, 2, &isnull));
	}
}

void
plasma_enumeration_read(const Catalog *catalog)
{
	List	   *enums = NIL;

	for (int i = 0; i < catalog->ntables; i++)
	{
		ListCell   *cell;

		foreach(cell, catalog->tables[i].live->table->columns)
		{
			ModelColumn *column = lfirst(cell);
			Oid			typid = column->typid < FirstGenbkiObjectId ? InvalidOid :
				enum_of(column->typid, &column->array);

			if (!OidIsValid(typid))
			{
				column->array = false;
				continue;
			}
			column->enumeration = find_enum(enums, typid);
			if (column->enumeration != NULL)
				continue;
			column->enumeration = make_enum(typid);
			enums = lappend(enums, column->enumeration);
		}
	}
	if (enums != NIL)
		read_labels(enums);
}

static int
by_sort_order(const ListCell *a, const ListCell *b)
{
	float4		left = ((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(a)))->enumsortorder;
	float4		right = ((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(b)))->enumsortorder;

	return left < right ? -1 : left > right;
}

static List *
labels_of(Oid typid)
{
	CatCList   *members = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(typid));
	List	   *tuples = NIL;
	List	   *labels = NIL;
	ListCell   *cell;

	for (int i = 0; i < members->n_members; i++)
		tuples = lappend(tuples, &members->members[i]->tuple);
	list_sort(tuples, by_sort_order);
	foreach(cell, tuples)
		labels = lappend(labels,
						 pstrdup(NameStr(((Form_pg_enum) GETSTRUCT((HeapTuple) lfirst(cell)))->enumlabel)));
	ReleaseSysCacheList(members);
	return labels;
}

void
plasma_enumeration_bind(ModelColumn *column)
{
	ModelEnum  *declared = column->enumeration;
	Oid			nspid;
	Oid			typid;

	if (declared == NULL)
		return;
	nspid = get_namespace_oid(declared->schema, true);
	typid = OidIsValid(nspid) ?
		GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						PointerGetDatum(declared->name), ObjectIdGetDatum(nspid)) : InvalidOid;
	if (!OidIsValid(typid) || !type_is_enum(typid))
		return;
	declared->existing = labels_of(typid);
	declared->typid = typid;
	column->typid = column->array ? get_array_type(typid) : typid;
	column->typmod = -1;
}

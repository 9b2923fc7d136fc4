/*
 * depend.c
 *		What hangs on a column or a table, by pg_depend.
 *
 *		The server drops with an object what depends on it automatically, and so
 *		on; what depends normally on any of that keeps it from being dropped.
 *		Both are told without trying, since trying takes the strongest lock.
 *		Reads in the active snapshot; takes no lock.
 */
#include "postgres.h"

#include "base/spi.h"
#include "catalog/pg_type.h"
#include "schema/depend.h"
#include "schema/introspect.h"
#include "utils/array.h"

/*
 * goes (classid, objid, objsubid): the column of the table and of all below it,
 * or the table, and what goes with it.  With a whole relation go its columns.
 */
#define GOES \
	"WITH RECURSIVE tree (relid) AS (" \
	"  SELECT $1" \
	"  UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid" \
	"   WHERE $2 <> 0), " \
	"goes (classid, objid, objsubid) AS (" \
	"  SELECT 'pg_class'::regclass::oid, t.relid, COALESCE(below.attnum, 0)::int4" \
	"   FROM tree t LEFT JOIN pg_attribute own ON own.attrelid = $1 AND own.attnum = $2" \
	"   LEFT JOIN pg_attribute below ON below.attrelid = t.relid" \
	"    AND below.attname = own.attname AND $2 <> 0" \
	"  UNION" \
	"  SELECT d.classid, d.objid, d.objsubid FROM goes g" \
	"   JOIN pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid" \
	"    AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)" \
	"   WHERE d.deptype IN ('a', 'i', 'P', 'S')) "

static List *
read_texts(const char *sql, Oid relid, AttrNumber attnum)
{
	SpiParam	params[] = {
		SPI_DATUM(OIDOID, ObjectIdGetDatum(relid)),
		SPI_DATUM(INT2OID, Int16GetDatum(attnum))
	};
	SpiRows    *rows = plasma_spi_read(SPI_OWNER, sql, lengthof(params), params);
	List	   *texts = NIL;

	for (uint64 i = 0; i < rows->nrows; i++)
		texts = lappend(texts, plasma_spi_text(rows, i, 1));
	return texts;
}

/*
 * A view depends through its rule, a generated column through its default:
 * they are told as what a user knows.  What goes along keeps nothing, nor do
 * the policies that plasma makes, which a plan makes anew.
 */
List *
plasma_depend_blockers(Oid relid, AttrNumber attnum)
{
	return read_texts(GOES
					  "SELECT DISTINCT CASE"
					  "  WHEN r.ev_class IS NOT NULL THEN pg_describe_object('pg_class'::regclass, r.ev_class, 0)"
					  "  WHEN a.attgenerated <> '' THEN pg_describe_object('pg_class'::regclass, a.attrelid, a.attnum)"
					  "  ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END COLLATE \"C\" AS text"
					  " FROM goes g"
					  " JOIN pg_depend d ON d.refclassid = g.classid AND d.refobjid = g.objid"
					  "  AND (g.objsubid = 0 OR d.refobjsubid = g.objsubid)"
					  " LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid"
					  "  AND r.rulename = '_RETURN'"
					  " LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid"
					  " LEFT JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum"
					  " LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid"
					  " WHERE d.deptype = 'n'"
					  " AND NOT EXISTS (SELECT FROM goes o WHERE o.classid = d.classid"
					  "  AND o.objid = d.objid AND o.objsubid IN (0, d.objsubid))"
					  " AND (p.polname IN ('" PLASMA_POLICY_READ "', '" PLASMA_POLICY_INSERT "',"
					  "   '" PLASMA_POLICY_UPDATE "', '" PLASMA_POLICY_DELETE "')"
					  "  OR starts_with(p.polname::text, '" PLASMA_POLICY_ALLOW "')) IS NOT TRUE"
					  " ORDER BY text", relid, attnum);
}

/* Views that read such a column of theirs are found by the column. */
List *
plasma_depend_type_users(Oid typid, List *relids)
{
	Datum	   *oids = palloc(sizeof(Datum) * Max(list_length(relids), 1));
	SpiParam	params[] = {SPI_DATUM(OIDOID, ObjectIdGetDatum(typid)), {OIDARRAYOID}};
	List	   *texts = NIL;
	SpiRows    *rows;
	ListCell   *cell;

	foreach(cell, relids)
		oids[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	params[1].value = PointerGetDatum(construct_array(oids, list_length(relids), OIDOID,
													  sizeof(Oid), true, TYPALIGN_INT));
	rows = plasma_spi_read(SPI_OWNER,
						   "WITH RECURSIVE tree (relid) AS ("
						   "  SELECT unnest($2)"
						   "  UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.relid)"
						   " SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid) COLLATE \"C\" AS text"
						   " FROM pg_type t"
						   " JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass"
						   "  AND d.refobjid IN (t.oid, t.typarray)"
						   " LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid"
						   " LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid"
						   " LEFT JOIN pg_constraint c ON d.classid = 'pg_constraint'::regclass AND c.oid = d.objid"
						   " LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid"
						   " WHERE t.oid = $1 AND d.deptype IN ('n', 'a')"
						   " AND COALESCE(i.indrelid, f.adrelid, NULLIF(c.conrelid, 0), p.polrelid, d.objid)"
						   "  NOT IN (SELECT relid FROM tree)"
						   " AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = f.adrelid"
						   "  AND a.attnum = f.adnum AND a.atttypid IN (t.oid, t.typarray))"
						   " ORDER BY text", lengthof(params), params);
	for (uint64 i = 0; i < rows->nrows; i++)
		texts = lappend(texts, plasma_spi_text(rows, i, 1));
	return texts;
}

/*
 * What is the column's alone goes without being missed: its plain index, its
 * constraint, the check of its kind.
 */
List *
plasma_depend_lost(Oid relid, AttrNumber attnum)
{
	return read_texts(GOES
					  "SELECT text FROM (SELECT DISTINCT"
					  "  pg_describe_object(g.classid, g.objid, 0) COLLATE \"C\""
					  " FROM goes g"
					  " LEFT JOIN pg_index i ON g.classid = 'pg_class'::regclass AND i.indexrelid = g.objid"
					  " LEFT JOIN pg_constraint c ON g.classid = 'pg_constraint'::regclass AND c.oid = g.objid"
					  " WHERE (i.indnatts > 1 OR i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)"
					  "  AND NOT EXISTS (SELECT FROM pg_constraint k"
					  "   WHERE k.conrelid = i.indrelid AND k.conindid = i.indexrelid)"
					  " OR cardinality(c.conkey) > 1"
					  " OR c.contype = 'c' AND pg_get_expr(c.conbin, c.conrelid) !~"
					  "  '^jsonb_path_exists\\(.*::jsonpath\\)$|^\\(\\S* IS NOT NULL\\)$'"
					  " OR g.classid = 'pg_statistic_ext'::regclass) x (text)"
					  " ORDER BY text", relid, attnum);
}

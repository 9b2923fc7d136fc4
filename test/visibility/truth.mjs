// What users may see, asked of the tables by plain SELECTs as each of them.
import { scopeColumns, scopeName, TABLES } from './schema.mjs'

const keyOf = (table) => [TABLES[table].key ?? 'id'].flat()

/** Columns that the role may read, or null where plasma must leave the table out. */
async function readableColumns(connection, role) {
	const { rows } = await connection.query(`SELECT attrelid::regclass::text AS table, json_agg(attname) AS columns
		FROM pg_attribute WHERE attrelid = ANY ($2::regclass[]) AND attnum > 0 AND NOT attisdropped
		AND has_column_privilege($1, attrelid, attnum, 'SELECT') GROUP BY 1`, [role, Object.keys(TABLES)])
	const granted = new Map(rows.map(({ table, columns }) => [table, columns]))
	return new Map(Object.entries(TABLES).map(([table, { columns }]) => {
		const readable = Object.keys(columns).filter((column) => granted.get(table)?.includes(column))
		const needed = [...keyOf(table), ...scopeColumns(table)]
		return [table, needed.every((column) => readable.includes(column)) ? readable : null]
	}))
}

function selectTable(table, readable, chosen) {
	const keys = keyOf(table)
	const id = keys.length === 1 ? `t.${keys[0]}::text` : `json_build_array(${keys.map((key) => `t.${key}::text`).join(', ')})::text`
	const values = readable.map((column) => `'${column}', t.${column}`).join(', ')
	const scope = scopeName(table)
	const within = scope === undefined ? '' :
		`WHERE (${scopeColumns(table).map((column) => `t.${column}`).join(', ')}) IN (${chosen[`scope ${scope}`]})`
	return `SELECT '${table}' AS table, ${id} AS id, jsonb_build_object(${values}) AS row FROM ${table} t ${within}`
}

/** Role and claims until the end of the transaction. */
export async function become(connection, { sub }, role) {
	await connection.query(`SET LOCAL ROLE ${role}`)
	await connection.query(`SELECT set_config('request.jwt.claims', $1, true)`, [JSON.stringify({ sub, role })])
}

/** table → id → row, in the snapshot of the transaction that the gateway's connection is in. */
export async function readTruth(connection, world, user, role = user.role) {
	const truth = new Map(Object.keys(TABLES).map((table) => [table, new Map()]))
	const readable = await readableColumns(connection, role)
	const selects = [...readable].filter(([, columns]) => columns !== null)
		.map(([table, columns]) => selectTable(table, columns, world.chosen))
	await become(connection, user, role)
	const { rows } = await connection.query(selects.join('\nUNION ALL\n'))
	await connection.query('RESET ROLE')
	for (const { table, id, row } of rows)
		truth.get(table).set(keyOf(table).length === 1 ? id : JSON.stringify(JSON.parse(id)), row)
	return truth
}


// What writers do: each an action of a few statements, made from random numbers.  A
// statement on a scoped table returns the rows that it leaves, so that the world knows
// in which slices each id has been.
import { DESK, SLICES, TABLES, TEAM, USERS, scopeColumns } from './schema.mjs'

const IDS_PER_SLICE = 6

const anySlice = (r) => (r.oneIn(10) ? null : r.below(SLICES))
const sub = (r) => r.pick(USERS).sub

/** The values of a table's scope columns; of two, one alone may be null. */
function place(table, slice, r) {
	if (table !== 'tickets') return [slice === null ? null : TEAM(slice)]
	if (slice !== null) return DESK(slice)
	return r.pick([[null, null], ['o1', null], [null, 2]])
}

/** Ids tell where they were born. */
const newId = (r, era, slice) => `${slice ?? 'x'}.${era}.${r.below(IDS_PER_SLICE)}`

const FILLERS = {
	docs: (r) => ({ owner: sub(r), secret: r.oneIn(3) ? null : `s${r.below(100)}` }),
	notes: (r) => ({ private: r.oneIn(2) }),
	shifts: (r) => ({ k: r.below(6) }),
	tickets: () => ({}),
	tasks: (r) => ({ owner: sub(r), shared: r.oneIn(3) }),
	wiki: (r) => ({ team: TEAM(r.below(SLICES)), owner: sub(r) }),
	files: (r) => ({ team: TEAM(r.below(SLICES)), owner: sub(r) }),
	board: (r) => ({ extra: r.oneIn(2) ? null : 'e' })
}

const SCOPED = ['docs', 'notes', 'shifts', 'tickets']
const PLAIN = ['tasks', 'wiki', 'files', 'board']

/** One INSERT of several rows; what is there already takes the new values, also the place. */
function upsert(table, rows) {
	const columns = Object.keys(rows[0])
	const keys = [TABLES[table].key ?? 'id'].flat()
	const parameters = []
	const tuples = rows.map((row) => `(${columns.map((column) => `$${parameters.push(row[column])}`).join(', ')})`)
	const sets = columns.filter((column) => !keys.includes(column))
		.map((column) => `${column} = ${column === 'n' ? `${table}.n + 1` : `excluded.${column}`}`)
	return [`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${tuples.join(', ')}
		ON CONFLICT (${keys.join(', ')}) DO UPDATE SET ${sets.join(', ')} RETURNING *`, parameters]
}

/** Now and then a row is put into another slice than its id tells. */
function newRows(table, r, era) {
	const rows = new Map()
	for (let left = 1 + r.below(4); left > 0; left--) {
		const born = anySlice(r)
		const row = { id: newId(r, era, born), n: r.below(100), ...FILLERS[table](r) }
		const values = place(table, r.oneIn(5) ? anySlice(r) : born, r)
		scopeColumns(table).forEach((column, i) => { row[column] = values[i] })
		rows.set(`${row.k} ${row.id}`, row)
	}
	return [...rows.values()]
}

const equals = (table, first = 1) =>
	scopeColumns(table).map((column, i) => `${column} IS NOT DISTINCT FROM $${first + i}`).join(' AND ')
const sets = (table, first = 1) => scopeColumns(table).map((column, i) => `${column} = $${first + i}`).join(', ')

/** [weight, (table, random, era) → statements]; each [SQL, parameters]. */
const ON_SCOPED = [
	[14, (t, r, era) => [upsert(t, newRows(t, r, era))]],
	[6, (t, r, era) => [[`UPDATE ${t} SET n = n + 1 WHERE id = $1 RETURNING *`, [newId(r, era, anySlice(r))]]]],
	[6, (t, r, era) => {
		const values = place(t, anySlice(r), r)
		return [[`UPDATE ${t} SET ${sets(t)}, n = n + 1 WHERE id = $${values.length + 1} RETURNING *`, [...values, newId(r, era, anySlice(r))]]]
	}],
	[1, (t, r) => {
		const [from, to] = [place(t, anySlice(r), r), place(t, anySlice(r), r)]
		return [[`UPDATE ${t} SET ${sets(t)} WHERE ${equals(t, 1 + to.length)} RETURNING *`, [...to, ...from]]]
	}],
	[2, (t, r) => [[`UPDATE ${t} SET n = n + $1 WHERE n % 4 = $2 RETURNING *`, [r.below(3), r.below(4)]]]],
	[5, (t, r, era) => [[`DELETE FROM ${t} WHERE id = $1`, [newId(r, era, anySlice(r))]]]],
	[2, (t, r) => [[`DELETE FROM ${t} WHERE ${equals(t)}`, place(t, anySlice(r), r)]]],
	[3, (t, r, era) => {
		const rows = newRows(t, r, era)
		return [[`DELETE FROM ${t} WHERE id = ANY ($1)`, [rows.map((row) => row.id)]], upsert(t, rows)]
	}],
	[3, (t, r, era) => [[`UPDATE ${t} SET id = $2 WHERE id = $1 RETURNING *`, [newId(r, era, anySlice(r)), newId(r, era, anySlice(r))]]]],
	[1, (t, r) => t !== 'shifts' ? [] : [[`UPDATE shifts SET k = (k + $1) % 6 WHERE n % 3 = $2 RETURNING *`, [r.below(6), r.below(3)]]]],
	[1, (t, r) => t !== 'shifts' ? [] : [[`DELETE FROM shifts_1 WHERE k = $1`, [3 + r.below(3)]]]],
	[1, (t, r) => t === 'tickets' ? [] : [[`UPDATE ${t} SET team = CASE team WHEN $1 THEN $2 ELSE $1 END WHERE team IN ($1, $2) RETURNING *`,
		[TEAM(r.below(SLICES)), TEAM(r.below(SLICES))]]]],
	[1, (t, r, era) => r.oneIn(3) ? [[`TRUNCATE ${t}`, []], upsert(t, newRows(t, r, era))] : []]
]

const ON_PLAIN = [
	[12, (t, r, era) => [upsert(t, newRows(t, r, era))]],
	[5, (t, r, era) => [[`UPDATE ${t} SET n = n + 1 WHERE id = $1`, [newId(r, era, anySlice(r))]]]],
	[4, (t, r) => t === 'board' ? [] : [[`UPDATE ${t} SET owner = $1 WHERE owner = $2 AND n % 3 = $3`, [sub(r), sub(r), r.below(3)]]]],
	[3, (t, r, era) => t !== 'wiki' && t !== 'files' ? [] : [[`UPDATE ${t} SET team = $1 WHERE id = $2`, [TEAM(r.below(SLICES)), newId(r, era, anySlice(r))]]]],
	[5, (t, r, era) => [[`DELETE FROM ${t} WHERE id = $1`, [newId(r, era, anySlice(r))]]]],
	[1, (t, r) => [[`DELETE FROM ${t} WHERE n % 5 = $1`, [r.below(5)]]]],
	[2, (t, r, era) => [[`UPDATE ${t} SET id = $2 WHERE id = $1`, [newId(r, era, anySlice(r)), newId(r, era, anySlice(r))]]]],
	[1, (t, r, era) => r.oneIn(3) ? [[`TRUNCATE ${t}`, []], upsert(t, newRows(t, r, era))] : []]
]

/** A user and a slice that the user may belong to. */
function membership(r) {
	const user = r.pick(USERS)
	return { user, slice: r.pick(user.homes) }
}

const ROLES = ['reader', 'lead', 'guest']

function join(r) {
	const { user, slice } = membership(r)
	if (r.oneIn(2))
		return [`INSERT INTO members VALUES ($1, $2, $3) ON CONFLICT (member, team) DO UPDATE SET role = excluded.role`,
			[user.sub, TEAM(slice), r.pick(ROLES)]]
	return [`INSERT INTO seats VALUES ($1, $2, $3, $4) ON CONFLICT (member, org, desk) DO UPDATE SET since = excluded.since`,
		[user.sub, ...DESK(slice), r.below(8)]]
}

/** Two users with a slice that both may belong to change places there. */
function swap(r) {
	const [one, two] = r.shuffled(USERS)
	const shared = one.homes.filter((slice) => two.homes.includes(slice))
	if (shared.length === 0) return []
	return [[`UPDATE members SET member = CASE member WHEN $1 THEN $2 ELSE $1 END
		WHERE member IN ($1, $2) AND team = ANY ($3)`, [one.sub, two.sub, shared.map(TEAM)]]]
}

const fill = (r) => Array.from({ length: 12 }, () => join(r))

const ON_MEMBERS = [
	[10, (r) => [join(r)]],
	[4, (r) => {
		const { user, slice } = membership(r)
		return [[`DELETE FROM members WHERE member = $1 AND team = $2`, [user.sub, TEAM(slice)]]]
	}],
	[3, (r) => {
		const { user, slice } = membership(r)
		return [[`DELETE FROM seats WHERE member = $1 AND org = $2 AND desk = $3`, [user.sub, ...DESK(slice)]]]
	}],
	[3, (r) => {
		const { user } = membership(r)
		const [from, to] = r.shuffled(user.homes)
		return [[`UPDATE members SET team = $3 WHERE member = $1 AND team = $2`, [user.sub, TEAM(from), TEAM(to)]]]
	}],
	[2, (r) => [[`DELETE FROM members WHERE ${r.oneIn(2) ? 'member' : 'team'} = $1`, [r.oneIn(2) ? sub(r) : TEAM(r.below(SLICES))]]]],
	[2, (r) => [[`UPDATE members SET role = $1 WHERE role = $2`, [r.pick(ROLES), r.pick(ROLES)]]]],
	[2, (r) => [[`UPDATE seats SET since = since + $1`, [r.below(5) - 2]]]],
	[2, (r) => swap(r)],
	[3, (r) => [[`UPDATE teams SET open = NOT open WHERE id = $1`, [TEAM(r.below(SLICES))]]]],
	[1, (r) => [[`DELETE FROM ${r.pick(['members', 'seats'])}`, []], ...fill(r)]],
	[1, (r) => [[`TRUNCATE ${r.pick(['members', 'seats'])}`, []], ...(r.oneIn(3) ? [] : fill(r))]]
]

/** The next action: statements, the table whose rows they return, and whether nobody can read meanwhile. */
export function nextAction(random, era) {
	const kind = random.weighted([[10, SCOPED], [6, PLAIN], [6, null]])
	if (kind === null) {
		const statements = random.weighted(ON_MEMBERS)(random)
		return { table: null, statements, exclusive: isExclusive(statements) }
	}
	const table = random.pick(kind)
	const statements = random.weighted(kind === SCOPED ? ON_SCOPED : ON_PLAIN)(table, random, era)
	return { table: kind === SCOPED ? table : null, statements, exclusive: isExclusive(statements) }
}

function isExclusive(statements) {
	return statements.some(([sql]) => sql.startsWith('TRUNCATE'))
}

export function idOf(table, row) {
	return table === 'shifts' ? JSON.stringify([String(row.k), row.id]) : row.id
}

/** Errors that writers cause each other. */
export const COLLISIONS = new Set(['23505', '21000', '40P01', '40001', '55P03'])

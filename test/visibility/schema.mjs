// Who there is, what they may see, and how that is declared.  Rows of scoped tables
// carry their slice, so that one which reaches a stranger is known at sight; and each
// user only ever becomes a member of a few slices, so that there are strangers.

export const SLICES = 8
export const TEAM = (slice) => `t${slice}`
export const DESK = (slice) => [`o${slice >> 1}`, 1 + (slice & 1)]

export const MEMBER = 'visibility_member'
export const GUEST = 'visibility_guest'
export const GATEWAY = 'visibility_gateway'

/** manner: whether a gateway says who calls, or claims do, as with PostgREST. */
export const USERS = Array.from({ length: 6 }, (_, i) => ({
	sub: `u${i}`,
	role: i % 3 === 2 ? GUEST : MEMBER,
	manner: i % 2 === 0 ? 'ctx' : 'claims',
	/** Slices that the user may ever belong to. */
	homes: [i, (i + 1) % SLICES, (i + 3) % SLICES]
}))

const id = { kind: 'id' }
const text = { kind: 'text' }
const int = { kind: 'int' }
const team = { kind: 'text', nullable: true }

/** As declared. */
export const TABLES = {
	docs: { columns: { id, team, owner: text, n: int, secret: { kind: 'text', nullable: true } }, scope: 'team' },
	notes: { columns: { id, team, private: { kind: 'boolean' }, n: int }, scope: { team: 'team' } },
	shifts: { columns: { k: int, id: text, team, n: int }, key: ['k', 'id'], scope: { team: ['team'] } },
	tickets: { columns: { id, org: team, desk_no: { kind: 'int', nullable: true }, n: int }, scope: { desk: ['org', 'desk_no'] } },
	tasks: { columns: { id, owner: text, shared: { kind: 'boolean' }, n: int } },
	wiki: { columns: { id, team, owner: text, n: int } },
	files: { columns: { id, team, owner: text, n: int } },
	board: { columns: { id, n: int, extra: { kind: 'text', nullable: true } } }
}

export const SCOPES = { team: ['team'], desk: ['org', 'desk_no'] }

/** Columns that say which slice a row is in. */
export function scopeColumns(table) {
	const { scope } = TABLES[table]
	if (scope === undefined) return []
	return typeof scope === 'string' ? [scope] : Object.values(scope).flat()
}

export function scopeName(table) {
	const { scope } = TABLES[table]
	return typeof scope === 'object' ? Object.keys(scope)[0] : scope
}

/** The number of a row's slice, or null where it is in none. */
export function sliceOf(row) {
	if ('desk_no' in row)
		return row.org === null || row.desk_no === null ? null : Number(row.org.slice(1)) * 2 + Number(row.desk_no) - 1
	return row.team === null ? null : Number(row.team.slice(1))
}

const SUB = `plasma.ctx()->>'sub'`

/** What an administrator chooses from, by the name of the choice; the first is the start. */
export const CHOICES = {
	'scope team': [
		`SELECT team FROM members WHERE member = ${SUB}`,
		`SELECT team FROM members WHERE member = ${SUB} AND role <> 'guest'`,
		`SELECT m.team FROM members m JOIN teams t ON t.id = m.team WHERE m.member = ${SUB} AND t.open`,
		`SELECT team FROM my_teams UNION SELECT team FROM members WHERE member = ${SUB} AND role = 'lead'`
	],
	'scope desk': [
		`SELECT org, desk FROM seats WHERE member = ${SUB}`,
		`SELECT org, desk FROM seats WHERE member = ${SUB} AND since < 5`
	],
	'auth tasks': [`owner = ${SUB}`, `owner = ${SUB} OR shared`, `shared AND n % 2 = 0`]
}

/** Policies that the application made, and what it changes them to. */
export const POLICIES = {
	notes: [
		`NOT private OR EXISTS (SELECT FROM members m WHERE m.member = ${SUB} AND m.team = notes.team AND m.role = 'lead')`,
		`NOT private`,
		`EXISTS (SELECT FROM members m WHERE m.member = ${SUB} AND m.team = notes.team AND m.role <> 'guest')`
	],
	wiki: [
		`EXISTS (SELECT FROM members m WHERE m.member = ${SUB} AND m.team = wiki.team)`,
		`owner = ${SUB}`,
		`EXISTS (SELECT FROM members m JOIN teams t ON t.id = m.team WHERE m.member = ${SUB} AND m.team = wiki.team AND t.open)`
	],
	files: [`is_mine(team)`, `team IN (SELECT team FROM my_teams)`, `owner = ${SUB} OR is_mine(team)`]
}

/** [taken, given back] */
export const GRANTS = [
	[`REVOKE SELECT (secret) ON docs FROM ${GUEST}`, `GRANT SELECT (secret) ON docs TO ${GUEST}`],
	[`REVOKE SELECT (team) ON docs FROM ${GUEST}`, `GRANT SELECT (team) ON docs TO ${GUEST}`],
	[`REVOKE SELECT ON board FROM ${GUEST}`, `GRANT SELECT ON board TO ${GUEST}`],
	[`REVOKE SELECT ON tickets FROM ${MEMBER}`, `GRANT SELECT ON tickets TO ${MEMBER}`],
	[`REVOKE SELECT (n) ON shifts FROM ${GUEST}`, `GRANT SELECT (n) ON shifts TO ${GUEST}`]
]

/** Each declaration is a version of its own; none breaks a client of the first one. */
export const versionName = (ordinal) => `v${ordinal}`

/** chosen: an entry of each of CHOICES. */
export function declaration(chosen, ordinal) {
	const tables = structuredClone(TABLES)
	tables.tasks.auth = { read: chosen['auth tasks'] }
	const scopes = Object.fromEntries(Object.keys(SCOPES).map((name) => [name, chosen[`scope ${name}`]]))
	return { version: versionName(ordinal), scopes, tables }
}

export const BEFORE_DECLARATION = `
	CREATE TABLE teams (id text PRIMARY KEY, open boolean NOT NULL DEFAULT true);
	INSERT INTO teams SELECT 't' || i FROM generate_series(0, ${SLICES - 1}) i;
	CREATE TABLE members (member text, team text, role text NOT NULL, PRIMARY KEY (member, team));
	CREATE TABLE seats (member text, org text, desk smallint, since int NOT NULL, PRIMARY KEY (member, org, desk));
	ALTER TABLE members ENABLE ROW LEVEL SECURITY;
	CREATE POLICY own ON members USING (member = ${SUB});
	CREATE VIEW my_teams AS SELECT team FROM members WHERE member = ${SUB};
	CREATE FUNCTION is_mine(team text) RETURNS boolean LANGUAGE sql STABLE
		BEGIN ATOMIC SELECT EXISTS (SELECT FROM members m WHERE m.member = ${SUB} AND m.team = $1); END;

	CREATE TABLE shifts (k bigint, id text, team text, n bigint NOT NULL, PRIMARY KEY (k, id)) PARTITION BY RANGE (k);
	CREATE TABLE shifts_0 PARTITION OF shifts FOR VALUES FROM (0) TO (3);
	CREATE TABLE shifts_1 PARTITION OF shifts FOR VALUES FROM (3) TO (6)`

export const AFTER_DECLARATION = `
	GRANT SELECT ON teams, members, seats, my_teams TO ${MEMBER}, ${GUEST}, ${GATEWAY};
	GRANT SELECT ON ${Object.keys(TABLES).join(', ')} TO ${MEMBER}, ${GATEWAY};
	${Object.entries(TABLES).map(([name, { columns }]) => `GRANT SELECT (${Object.keys(columns).join(', ')}) ON ${name} TO ${GUEST};`).join('\n')}
	${Object.entries(POLICIES).map(([table, [first]]) => `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
	CREATE POLICY app ON ${table} FOR SELECT USING (${first});`).join('\n')}`

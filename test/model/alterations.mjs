// What an administrator does to tables that are in use: each a list of statements,
// which are one transaction.  All of it changes what backends have cached.
export const ALTERATIONS = [
	['ANALYZE items, pairs, events'],
	['VACUUM pairs, parts'],
	['ALTER TABLE items ADD COLUMN IF NOT EXISTS extra int DEFAULT 1'],
	['ALTER TABLE items DROP COLUMN IF EXISTS extra'],
	['ALTER TABLE pairs ADD COLUMN extra text', 'ALTER TABLE pairs RENAME COLUMN extra TO spare',
		'ALTER TABLE pairs DROP COLUMN spare'],
	['CREATE INDEX IF NOT EXISTS pairs_n ON pairs (n)'],
	['DROP INDEX IF EXISTS pairs_n'],
	['CLUSTER parts USING parts_pkey'],
	['ALTER TABLE events DETACH PARTITION events_2', 'UPDATE events_2 SET n = n + 1000',
		'ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES FROM (20) TO (30)'],
	['ALTER TABLE pairs ALTER n SET DEFAULT 1', 'ALTER TABLE pairs ALTER n DROP DEFAULT', `SELECT plasma.keep_copies('pairs')`],
	[`ALTER TABLE items ALTER body TYPE text USING md5(body)`,
		`SELECT plasma.keep_copies('items', changed => '{body}')`, `SELECT plasma.seed_changes('items')`],
	['ALTER TABLE parts DROP done, ADD done boolean NOT NULL DEFAULT false',
		`SELECT plasma.keep_copies('parts', added => '{done}')`, `SELECT plasma.seed_changes('parts')`],
	[`SELECT plasma.seed_changes('events')`],
	[`SELECT plasma.reset_table('pairs')`]
]

// Another one had the lock, or two met.
export const OBSTACLES = new Set(['55P03', '40P01'])

export async function alter(connection, statements) {
	if (statements.length === 1) return connection.query(statements[0])
	await connection.query('BEGIN')
	for (const statement of statements) await connection.query(statement)
	await connection.query('COMMIT')
}

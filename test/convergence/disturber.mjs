// Beside the writers: what an administrator does to tables that are in use.  Each
// of it changes what backends have cached of them.
import { connect, DECLARATION } from './database.mjs'
import { generator } from './writer.mjs'
import { setTimeout as sleep } from 'node:timers/promises'

// Another one had the lock, or two met.
const EXPECTED = new Set(['55P03', '40P01'])

const DISTURBANCES = [
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
	[`SELECT plasma.reset_table('pairs')`],
	[`SELECT plasma.ensure_schema('${JSON.stringify(DECLARATION)}')`]
]

export class Disturber {
	unexpected = []
	done = 0

	constructor(seed) {
		this.random = generator(seed)
	}

	async open() {
		this.connection = await connect()
		await this.connection.query(`SET deadlock_timeout = '50ms'; SET lock_timeout = '200ms'`)
	}

	async close() {
		await this.connection.end()
	}

	async runUntil(until) {
		while (Date.now() < until) {
			const statements = DISTURBANCES[Math.floor(this.random() * DISTURBANCES.length)]
			try {
				await this.run(statements)
				this.done++
			} catch (error) {
				if (!EXPECTED.has(error.code)) this.unexpected.push(`${error.code} ${error.message}: ${statements[0]}`)
				if (error.code === undefined || error.severity === 'FATAL') return
				await this.connection.query('ROLLBACK')
			}
			await sleep(50 + this.random() * 200)
		}
	}

	async run(statements) {
		if (statements.length === 1) return this.connection.query(statements[0])
		await this.connection.query('BEGIN')
		for (const statement of statements) await this.connection.query(statement)
		await this.connection.query('COMMIT')
	}
}

// A writer: random transactions that hold on between their writes and their end.
import { connect } from './database.mjs'
import { setTimeout as sleep } from 'node:timers/promises'

// Errors that writers cause each other.
const EXPECTED = new Set(['23505', '23503', '40P01', '40001'])

/** A small generator of random numbers that a seed repeats (mulberry32). */
function generator(seed) {
	let state = seed >>> 0
	return () => {
		state = (state + 0x6d2b79f5) >>> 0
		let t = state
		t = Math.imul(t ^ (t >>> 15), t | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}
}

const STATEMENTS = [
	[10, (r) => [`INSERT INTO items (id, n, big, body, meta) VALUES ($1, $2, $3, $4, '{"a":[1,null,"x"]}')
		ON CONFLICT (id) DO UPDATE SET n = items.n + 1, body = excluded.body`,
		[r.item(), r.below(1000), String(r.below(1e9)), `text "${r.below(1e6)}" \\ \u00e9`]]],
	[6, (r) => [`UPDATE items SET n = n + 1, body = NULL WHERE id = $1`, [r.item()]]],
	[2, (r) => [`UPDATE items SET id = $2 WHERE id = $1
		AND NOT EXISTS (SELECT FROM parts WHERE item = $1)`, [r.item(), r.item()]]],
	[3, (r) => [`UPDATE items SET n = n WHERE n < $1`, [r.below(1000)]]],
	[5, (r) => [`DELETE FROM items WHERE id = $1`, [r.item()]]],
	[6, (r) => [`INSERT INTO parts (id, item, done) SELECT $1, id, $2 FROM items ORDER BY id OFFSET $3 LIMIT 1
		ON CONFLICT (id) DO UPDATE SET done = NOT parts.done`, [r.below(60), r.below(2) === 0, r.below(20)]]],
	[3, (r) => [`DELETE FROM parts WHERE id % 7 = $1`, [r.below(7)]]],
	[6, (r) => [`INSERT INTO pairs SELECT 'p' || ($1::int + i) % 9, i, $1 FROM generate_series(1, 5) i
		ON CONFLICT (a, b) DO UPDATE SET n = excluded.n`, [r.below(9)]]],
	[3, (r) => [`WITH gone AS (DELETE FROM pairs WHERE b = $1 RETURNING a, b, n)
		INSERT INTO pairs SELECT 'q' || a, b, n FROM gone WHERE length(a) < 4
		ON CONFLICT (a, b) DO NOTHING`, [r.below(6)]]],
	[1, () => [`TRUNCATE pairs`, []]],
	[1, (r) => (r.below(3) === 0 ? [`TRUNCATE items, parts`, []] : [`TRUNCATE parts`, []])]
]
const TOTAL = STATEMENTS.reduce((sum, [weight]) => sum + weight, 0)

export class Writer {
	commits = 0
	unexpected = []

	constructor(seed) {
		const random = generator(seed)
		this.below = (n) => Math.floor(random() * n)
		this.item = () => `i${this.below(80)}`
	}

	async open() {
		this.connection = await connect()
	}

	async close() {
		await this.connection.end()
	}

	statement() {
		let at = this.below(TOTAL)
		return STATEMENTS.find(([weight]) => (at -= weight) < 0)[1](this)
	}

	async runUntil(until) {
		while (Date.now() < until) {
			try {
				await this.transaction()
			} catch (error) {
				if (!EXPECTED.has(error.code)) this.unexpected.push(`${error.code} ${error.message}`)
				await this.connection.query('ROLLBACK')
			}
		}
	}

	async transaction() {
		await this.connection.query('BEGIN')
		for (let left = 1 + this.below(4); left > 0; left--) {
			const savepoint = this.below(4) === 0
			if (savepoint) await this.connection.query('SAVEPOINT s')
			await this.connection.query(...this.statement())
			if (savepoint && this.below(2) === 0) await this.connection.query('ROLLBACK TO s')
			else if (savepoint) await this.connection.query('RELEASE s')
			if (this.below(2) === 0) await sleep(this.below(40))
		}
		await sleep(this.below(60))
		if (this.below(8) === 0) await this.connection.query('ROLLBACK')
		else {
			await this.connection.query('COMMIT')
			this.commits++
		}
	}
}

// Plain SQL that knows nothing of plasma: short, long, prepared, half rolled back.
// Each transaction that is not prepared counts on the writer's own row of ticks.
import { setTimeout as sleep } from 'node:timers/promises'
import { COLLISIONS, STATEMENTS } from '../model/statements.mjs'
import { Actor } from './actor.mjs'

const OWN_STATEMENTS = [
	...STATEMENTS,
	[2, (r) => [`UPDATE items SET note = $1 WHERE id = $2`, [`note ${r.below(1000)}`, `i${r.below(80)}`]]],
	[1, (r) => [`UPDATE pairs SET score = $1 WHERE b = $2`, [r.below(1000), r.below(6)]]],
	[2, (r) => [`INSERT INTO extras VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET n = excluded.n`, [`x${r.below(20)}`, r.below(100)]]],
	[1, (r) => [`DELETE FROM extras WHERE n < $1`, [r.below(30)]]],
	[3, (r) => [`INSERT INTO desks VALUES ($1, $2, 1)
		ON CONFLICT (id) DO UPDATE SET room = excluded.room, n = desks.n + 1`, [`d${r.below(40)}`, r.oneIn(8) ? null : `r${r.below(6)}`]]],
	[2, (r) => [`UPDATE desks SET room = CASE room WHEN $1 THEN $2 ELSE $1 END WHERE room IN ($1, $2)`,
		[`r${r.below(6)}`, `r${r.below(6)}`]]],
	[2, (r) => [`WITH gone AS (DELETE FROM desks WHERE id = $1 RETURNING *)
		INSERT INTO desks SELECT id, $2, n + 1 FROM gone`, [`d${r.below(40)}`, `r${r.below(6)}`]]],
	[1, (r) => [`DELETE FROM desks WHERE room = $1 AND n % 3 = $2`, [`r${r.below(6)}`, r.below(3)]]],
	[7, (r) => [`INSERT INTO seats VALUES ($1, $2) ON CONFLICT DO NOTHING`, [`g${r.below(6)}`, `r${r.below(6)}`]]],
	[7, (r) => [`DELETE FROM seats WHERE who = $1 AND room = $2`, [`g${r.below(6)}`, `r${r.below(6)}`]]]
]

// What is not declared just now.
const NOT_THERE = new Set(['42703', '42P01'])

export class Writer extends Actor {
	commits = 0
	prepared = 0
	/** The highest tick whose commit was answered, and that no fault may take back. */
	ticks = 0
	settled = 0

	async query(sql, parameters) {
		return this.links.query(this.server, sql, parameters)
	}

	expects(error) {
		return super.expects(error) || COLLISIONS.has(error.code) || NOT_THERE.has(error.code)
	}

	async act() {
		this.server = this.world.primary
		const ending = this.random.weighted([[12, 'commit'], [2, 'rollback'], [1, 'prepare'], [1, 'long']])
		await this.query('BEGIN')
		for (let left = 1 + this.random.below(4); left > 0; left--) await this.step()
		if (ending === 'long') await sleep(200 + this.random.below(800))
		await this.end(ending)
	}

	async step() {
		const { random } = this
		const savepoint = random.oneIn(4)
		if (savepoint) await this.query('SAVEPOINT s')
		await this.query(...random.weighted(OWN_STATEMENTS)(random))
		if (savepoint) await this.query(random.oneIn(2) ? 'ROLLBACK TO s' : 'RELEASE s')
		if (random.oneIn(4)) await sleep(random.below(20))
	}

	async end(ending) {
		if (ending === 'rollback') return this.query('ROLLBACK')
		if (ending === 'prepare') {
			await this.query(`PREPARE TRANSACTION '${this.name} ${this.prepared++} ${this.random.below(1e9)}'`)
			return
		}
		const { rows } = await this.query(`INSERT INTO ticks VALUES ($1, 1)
			ON CONFLICT (id) DO UPDATE SET n = ticks.n + 1 RETURNING n`, [this.name])
		const result = await this.query('COMMIT')
		if (result.command !== 'COMMIT') return
		this.commits++
		this.ticks = Number(rows[0].n)
	}

	async recover() {
		await this.links.query(this.server, 'ROLLBACK').catch(() => this.links.drop(this.server))
	}
}

/** Ends what others have prepared, some time later. */
export class Resolver extends Actor {
	async act() {
		await sleep(100)
		const { rows } = await this.links.query(this.world.primary, `SELECT gid FROM pg_prepared_xacts
			WHERE prepared < now() - interval '50 ms' - random() * interval '500 ms' AND gid LIKE 'writer %'`)
		for (const { gid } of rows) await this.finish(gid)
	}

	/** The gid's last digit decides, so that a second attempt does the same. */
	async finish(gid) {
		await this.links.query(this.world.primary, `${Number(gid.at(-1)) < 7 ? 'COMMIT' : 'ROLLBACK'} PREPARED '${gid}'`)
	}

	// Another one was faster, or it is still being prepared.
	expects(error) {
		return super.expects(error) || error.code === '42704' || error.code === '55000'
	}

	async finishAll() {
		for (const { gid } of await this.world.ask('SELECT gid FROM pg_prepared_xacts')) await this.finish(gid)
	}
}

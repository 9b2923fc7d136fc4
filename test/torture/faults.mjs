// What happens to the servers, one thing after the other.  A fault after which a
// commit that was answered may be gone counts itself in world.losses beforehand.
import { setTimeout as sleep } from 'node:timers/promises'
import { alter, ALTERATIONS, OBSTACLES } from '../model/alterations.mjs'
import { Random } from '../model/random.mjs'
import { migrate } from './migration.mjs'
import { isRetryable } from './world.mjs'

const MORE_ALTERATIONS = [
	...ALTERATIONS,
	['REINDEX TABLE items'],
	['REINDEX TABLE plasma.changes'],
	['VACUUM FULL pairs'],
	['VACUUM plasma.changes'],
	['CLUSTER items USING items_pkey'],
	['ALTER TABLE items SET (fillfactor = 70)', 'ALTER TABLE items ALTER meta SET STORAGE external']
]

/** Backends of the actors, on a server. */
async function backends(world, server) {
	const rows = await world.ask(`SELECT pid FROM pg_stat_activity WHERE datname = 'postgres'
		AND application_name ~ '^(writer|push|pull)' ORDER BY application_name, pid`, [], server)
	return rows.map(({ pid }) => pid)
}

async function signal(world, random, call) {
	const server = world.standby !== null && random.oneIn(3) ? world.standby : world.primary
	for (const pid of random.shuffled(await backends(world, server)).slice(0, 4))
		await world.ask(`SELECT ${call}($1)`, [pid], server)
}

function mayLose(world) {
	if (!world.durable) world.losses++
}

/** The server answers again. */
async function answering(world, server) {
	for (const until = Date.now() + 30000; ; await sleep(20)) {
		try {
			return await world.ask('SELECT 1', [], server)
		} catch (error) {
			if (!isRetryable(error) || Date.now() > until) throw error
		}
	}
}

async function killAndStart(server, random) {
	await server.kill()
	await sleep(random.below(300))
	await server.start()
}

/** late: what is committed just before it does not reach the standby. */
async function promote(world, random, late) {
	const { primary: old, standby } = world
	if (late && !world.synchronous) {
		await world.ask(`ALTER SYSTEM SET primary_conninfo = ''`, [], standby)
		await world.ask('SELECT pg_reload_conf()', [], standby)
		await sleep(200 + random.below(500))
	}
	if (!world.synchronous) world.losses++
	await old.kill()
	const next = random.oneIn(8) ? null : await world.copyStandby()
	await standby.promote()
	world.primary = standby
	world.standby = null
	await world.wire()
	await old.discard()
	await world.addStandby(next)
}

// As many subtransactions as no backend shows to the others one by one.
async function overflow(world) {
	const connection = await world.connect(world.primary, 'overflow')
	try {
		await connection.query('BEGIN')
		for (let i = 0; i < 80; i++)
			await connection.query(`SAVEPOINT s; INSERT INTO events VALUES ($1, 'o', 1) ON CONFLICT (k, id) DO UPDATE SET n = events.n + 1`
				.replace('$1', String(i % 30)))
		await sleep(300)
		await connection.query('COMMIT')
	} finally {
		await connection.end().catch(() => {})
	}
}

async function alterTables(world, random) {
	const connection = await world.connect(world.primary, 'administrator', '-c lock_timeout=300ms')
	try {
		for (const statements of random.shuffled(MORE_ALTERATIONS).slice(0, 4)) {
			try {
				await alter(connection, statements)
			} catch (error) {
				if (!OBSTACLES.has(error.code) && !isRetryable(error)) throw new Error(`${error.code} ${error.message}: ${statements[0]}`)
				await connection.query('ROLLBACK')
			}
		}
	} finally {
		await connection.end().catch(() => {})
	}
}

/** All but what the newest second needs, or simply all; in one transaction, or in batches. */
async function compact(world, random, report) {
	const connection = await world.connect(world.primary, 'compaction', '-c statement_timeout=0')
	try {
		const { rows: [{ there }] } = await connection.query(
			`SELECT to_regprocedure('plasma.compact_change_log(bigint)') IS NOT NULL AS there`)
		if (!there) return false
		await connection.query(`SET plasma.retention = ${random.below(2)}; SET plasma.compaction_duty = 100`)
		await connection.query(random.oneIn(2) ? 'CALL plasma.compact()' : 'SELECT plasma.compact_change_log()')
		report.compactions++
	} finally {
		await connection.end().catch(() => {})
	}
}

/** Each returns false where it could not be done. */
const FAULTS = {
	'backend terminated': (world, random) => signal(world, random, 'pg_terminate_backend'),
	'query cancelled': (world, random) => signal(world, random, 'pg_cancel_backend'),
	async 'backend killed'(world, random) {
		const [pid] = random.shuffled(await backends(world, world.primary))
		if (pid === undefined) return false
		mayLose(world)
		world.primary.killBackend(pid)
		await answering(world, world.primary)
	},
	async 'primary killed'(world, random) {
		mayLose(world)
		await killAndStart(world.primary, random)
	},
	async 'primary restarted'(world) {
		await world.primary.stop()
		await world.primary.start()
	},
	'standby killed': (world, random) => killAndStart(world.standby, random),
	async 'standby restarted'(world) {
		await world.standby.stop()
		await world.standby.start()
	},
	async 'standby lags'(world, random) {
		await world.ask('SELECT pg_wal_replay_pause()', [], world.standby)
		await sleep(300 + random.below(700))
		await world.ask('SELECT pg_wal_replay_resume()', [], world.standby)
	},
	'standby promoted': (world, random) => promote(world, random, false),
	'standby promoted late': (world, random) => promote(world, random, true),
	'log compacted': compact,
	'migration': (world, random, report) => migrate(world, random, report, false),
	'migration interrupted': (world, random, report) => migrate(world, random, report, true),
	'tables altered': alterTables,
	'savepoints overflow': overflow,
	'checkpoint': (world) => world.ask('CHECKPOINT'),
	'log file switched': (world) => world.ask('SELECT pg_switch_wal()')
}

/** A retryable error means that the fault met another one, or somebody's lock. */
export async function inject({ kind, seed }, world, report) {
	report.began(kind)
	try {
		const done = await FAULTS[kind](world, new Random(seed), report)
		report.ended(kind, done !== false)
	} catch (error) {
		if (!isRetryable(error)) throw new Error(`${kind}: ${error.stack}`)
		report.ended(kind, false)
	}
}

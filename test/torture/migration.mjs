// One migration, by either executor; interrupted, it is left for the next one to finish.
import { setTimeout as sleep } from 'node:timers/promises'
import { ALLOWED, declaration, emptying, nextVersion } from './schema.mjs'

// The target of the last migration that did not come to its end.
let unfinished = null

// The data is not as the change needs it: somebody wrote meanwhile.
const REFUSED = 'PL001'

export async function activeVersion(world) {
	return (await world.ask('SELECT version FROM plasma.declarations WHERE active'))[0].version
}

export function isUnfinished() {
	return unfinished !== null
}

export async function migrate(world, random, report, interrupted) {
	const from = await activeVersion(world)
	const to = unfinished ?? nextVersion(from, ++report.versions, random)
	const stepwise = interrupted || random.oneIn(2)
	const connection = await world.connect(world.primary, 'migration', '-c statement_timeout=0')
	try {
		const { rows: [{ pid }] } = await connection.query('SELECT pg_backend_pid() AS pid')
		unfinished = to
		const work = run(connection, from, to, stepwise)
		if (interrupted) {
			work.catch(() => {})
			await sleep(random.below(150))
			await world.ask('SELECT pg_terminate_backend($1)', [pid])
		}
		await work
		unfinished = null
	} catch (error) {
		if (error.code === REFUSED) unfinished = null
		else throw error
		return false
	} finally {
		await connection.end().catch(() => {})
	}
}

/** What a column or a table that goes still holds is emptied with it, or just before. */
async function run(connection, from, to, stepwise) {
	const arguments_ = [JSON.stringify(declaration(to)), JSON.stringify({ allow: ALLOWED, lock_timeout_ms: 1000 })]
	if (!stepwise) await connection.query('BEGIN')
	for (const sql of emptying(from, to)) await connection.query(sql)
	if (stepwise) return connection.query('CALL plasma.migrate($1, $2, NULL)', arguments_)
	await connection.query('SELECT plasma.run_migrations($1, $2)', arguments_)
	await connection.query('COMMIT')
}

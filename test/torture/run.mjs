// The torture test: writers, pushers and pullers work without a break while servers
// are killed, promoted and thrown away, tables are migrated and altered, and the log
// is compacted.  At the end of each round the tables themselves are the oracle.
//
//   node test/torture/run.mjs [seconds] [seed]
//
// needs PostgreSQL's programs in PATH and plasma installed for them; the servers are
// its own.  The seed decides what is done: the plan of faults and each actor's choices
// are the same in every run with it.  How they are interleaved is not, so a failure
// comes back with some patience rather than at once.
//
// What may be lost: where commits wait neither for the disk nor for a standby, a crash
// or a promotion may take back what was answered since the end of the last round
// before it.  What was answered then is on both servers' disks, and settled.  All of
// it that is lost must be gone from the clients as well, and pushed again.
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AFTER_DECLARATION, BEFORE_DECLARATION } from '../model/tables.mjs'
import { inject } from './faults.mjs'
import { Group } from './group.mjs'
import { Oracle } from './oracle.mjs'
import { Plan } from './plan.mjs'
import { Puller } from './puller.mjs'
import { Pusher } from './pusher.mjs'
import { Report } from './report.mjs'
import { declaration, FIRST_VERSION, MEMBERSHIPS, SETUP } from './schema.mjs'
import { World } from './world.mjs'
import { Resolver, Writer } from './writer.mjs'

const WRITERS = 4
const TABS = 3
// Those that are away for a while come back when much has happened, such as a crash and
// as much new log as it took.
const CLIENTS = [
	{ limit: 3, taste: 'both', rest: 25 },
	{ limit: 10, taste: 'both', rest: 25 },
	{ limit: 40, taste: 'standby', rest: 25 },
	{ limit: 200, taste: 'primary', rest: 25 },
	{ limit: 100, taste: 'primary', rest: 1500 },
	{ limit: 1000, taste: 'both', rest: 1500 }
]
const ROUND_LIMIT_MS = 90000

const seconds = Number(process.argv[2] ?? 30)
const seed = Number(process.argv[3] ?? Date.now() % 1000000)
const keep = process.env.TORTURE_LOGS

class Test {
	passed = 0
	failed = 0
	world = new World()
	plan = new Plan(seed)
	workedMs = 0

	/** problem: null when all is well. */
	check = (what, problem) => {
		if (problem === null) this.passed++
		else {
			this.failed++
			console.log(`FAILED in round ${this.plan.rounds}: ${what}\n  ${problem}`)
		}
	}

	async open() {
		await this.world.open()
		await this.world.ask('CREATE EXTENSION plasma')
		await this.world.ask(BEFORE_DECLARATION)
		await this.world.ask(MEMBERSHIPS)
		await this.world.ask('SELECT plasma.ensure_schema($1)', [JSON.stringify(declaration(FIRST_VERSION))])
		await this.world.ask(AFTER_DECLARATION)
		await this.world.ask(SETUP)
		await this.world.addStandby()
		this.cast()
	}

	cast() {
		const { world } = this
		const report = this.report = new Report(() => this.pullers)
		this.groups = CLIENTS.map((_, i) => new Group(`g${i}`, seed + i, TABS))
		this.writers = Array.from({ length: WRITERS }, (_, i) => new Writer(world, `writer ${i}`, seed * 100 + i))
		this.pushers = this.groups.map((group, i) => new Pusher(world, group, seed * 100 + 20 + i))
		this.pullers = this.groups.map((group, i) => new Puller(world, group, seed * 100 + 40 + i, { ...CLIENTS[i], report }))
		this.resolver = new Resolver(world, 'resolver', seed * 100 + 60)
		this.workers = [...this.writers, ...this.pushers, ...this.pullers]
		this.actors = [...this.workers, this.resolver]
		this.oracle = new Oracle(world, this)
	}

	async round() {
		const { world } = this
		const { synchronous, durable, ms, faults } = this.plan.nextRound()
		const began = Date.now()
		let running = true
		Object.assign(world, { synchronous, durable })
		await world.wire()
		const how = synchronous ? 'for the standby' : durable ? 'for the disk' : 'for nothing'
		console.log(`# round ${this.plan.rounds}, commits wait ${how}: ${faults.map(({ kind, at }) => `${at} ms ${kind}`).join(', ')}`)

		const work = Promise.all(this.workers.map((actor) => actor.runWhile(() => running)))
		// What is prepared may hold up the others: somebody must end it until they are done.
		let working = true
		const resolving = this.resolver.runWhile(() => working)
		try {
			for (const fault of faults) {
				await sleep(Math.max(0, began + fault.at - Date.now()))
				await inject(fault, world, this.report)
			}
			await sleep(Math.max(0, began + ms - Date.now()))
		} finally {
			running = false
			await work
			working = false
			await resolving
		}
		const worked = Date.now() - began
		this.workedMs += worked
		this.checkActors()
		await this.oracle.consult()
		console.log(`#   worked for ${worked} ms, compared for ${Date.now() - began - worked} ms`)
	}

	checkActors() {
		const unexpected = this.actors.flatMap((actor) => actor.unexpected.splice(0))
		this.check('nobody met an error but those that a retry cures', unexpected[0] ?? null)
		const findings = this.groups.flatMap((group) => group.findings.splice(0))
		this.check('no client went back in time, no answer contradicted another', findings.slice(0, 5).join('\n  ') || null)
	}

	async roundInTime() {
		const limit = new AbortController()
		const late = sleep(ROUND_LIMIT_MS, null, { signal: limit.signal }).then(async () => {
			const rows = await this.world.ask(`SELECT application_name, state, wait_event, left(query, 100) AS query, now() - query_start AS age
				FROM pg_stat_activity WHERE datname = 'postgres'`).catch((error) => error.message)
			throw new Error(`the round does not end: ${JSON.stringify(rows)}`)
		})
		late.catch(() => {})
		try {
			await Promise.race([this.round(), late])
		} finally {
			limit.abort()
		}
	}

	async run() {
		console.log(`# ${seconds} s, seed ${seed}`)
		const until = Date.now() + seconds * 1000
		await this.open()
		do await this.roundInTime()
		while (Date.now() < until && this.failed === 0)
		const crashes = this.world.servers.flatMap((server) => server.crashes())
		this.check('no server crashed by itself', crashes[0] ?? null)
		await this.tell()
	}

	async tell() {
		const { actors, pullers, pushers, writers, report } = this
		const sum = (list, of) => list.reduce((total, one) => total + of(one), 0)
		const rate = (n) => (n * 1000 / this.workedMs).toFixed(0)
		const changes = sum(pullers, ({ group }) => group.copy.operations)
		console.log(`# seed ${seed}: ${this.plan.rounds} rounds, ${report.injected} faults, ${this.world.losses} of them might lose commits`)
		console.log(`# ${rate(await this.logged())} changes/s, ${rate(sum(writers, (one) => one.commits))} commits of writers/s, ` +
			`${rate(sum(pullers, (one) => one.pulls))} pulls/s, ${rate(changes)} operations pulled/s, ` +
			`${rate(sum(pushers, (one) => one.pushes))} pushes/s, ${rate(sum(pushers, (one) => one.mutations))} mutations/s`)
		console.log(`# ${sum(actors, (one) => one.retries)} retries, ${sum(pushers, (one) => one.duplicates)} duplicates, ` +
			`${sum(pushers, (one) => one.rewinds)} answers out-of-order after a loss, ${report.compactions} compactions, ` +
			`${sum(pullers, (one) => one.upgrades)} upgrades of clients after 409`)
		for (const puller of pullers)
			console.log(`# ${puller.group.id}, limit ${puller.limit}, ${puller.taste}: ${puller.pulls} pulls, ` +
				`resets: ${[...puller.resets].map(([cause, n]) => `${n} ${cause}`).join(', ')}; ${puller.group.copy.clears} clears of a table, ${puller.group.copy.partialClears} of a slice`)
		console.log(`# ${'fault'.padEnd(24)} done skip  took ms; until a client's next pull: median, max ms`)
		for (const line of report.lines()) console.log(`# ${line}`)
	}

	async logged() {
		return Number((await this.world.ask('SELECT last_value FROM plasma.changes_row_version_seq'))[0].last_value)
	}

	async close() {
		for (const actor of this.actors ?? []) actor.close()
		if (keep) mkdirSync(keep, { recursive: true })
		await this.world.close(this.failed > 0 ? keep : undefined)
	}
}

const test = new Test()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
	process.on(name, () => test.close().finally(() => process.exit(1)))
try {
	await test.run()
} catch (error) {
	test.check('the test came to its end', error.stack)
}
await test.close()
console.log(`${test.passed} passed, ${test.failed} failed`)
process.exit(test.failed === 0 ? 0 : 1)

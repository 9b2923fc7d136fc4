// The visibility test: users, memberships, policies, grants and rows change at random
// and at once while installations pull.  What a client has after a pull must be what
// its user SELECTs, cut to the slices that the scope's query lists for the user; and
// nothing may reach it, not even an id, of slices that never were the user's.
//
//   node test/visibility/run.mjs [seconds] [seed]
//
// needs a server with plasma installed, found by the PG* variables, and roles of its own.
// The seed decides what is done; how it is interleaved it does not.
//
// Two ways to compare while others write.  An audit pulls and SELECTs in one snapshot.
// At a halt everybody stands still, some in the middle of a transaction, and all
// installations pull to their end, as clients do, each page in a snapshot of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../model/random.mjs'
import { Gate } from './actor.mjs'
import { Administrator } from './administrator.mjs'
import { Installation } from './installation.mjs'
import { Puller } from './puller.mjs'
import { GATEWAY, USERS } from './schema.mjs'
import { readTruth } from './truth.mjs'
import { World } from './world.mjs'
import { Writer } from './writer.mjs'

const WRITERS = 4
const PULLERS = 3
const HALT_EVERY_MS = 700
const ERA_HALTS = 6
const ENOUGH_FAILURES = 5

const seconds = Number(process.argv[2] ?? 30)
const seed = Number(process.argv[3] ?? process.env.SEED ?? Date.now() % 1000000)

class Test {
	passed = 0
	failed = 0
	halts = 0
	world = new World()
	gate = new Gate()
	random = new Random(seed)
	busy = new Set()

	check(what, problem) {
		if (problem === null || problem === undefined) this.passed++
		else {
			this.failed++
			console.log(`FAILED at halt ${this.halts}, seed ${seed}: ${what}\n  ${problem}`)
		}
	}

	async open() {
		await this.world.create()
		const { world, gate } = this
		const dice = (n) => new Random(seed * 100 + n)
		this.installations = USERS.flatMap((user) => ['a', 'b'].map((letter) => new Installation(world, user, `${user.sub}${letter}`)))
		this.writers = Array.from({ length: WRITERS }, (_, i) => new Writer(world, gate, dice(i), `writer ${i}`))
		this.pullers = Array.from({ length: PULLERS }, (_, i) => new Puller(world, gate, dice(20 + i), this.installations, this.busy))
		this.administrator = new Administrator(world, gate, dice(40))
		this.actors = [...this.writers, ...this.pullers, this.administrator]
		for (const actor of this.actors) await actor.open()
		this.connection = await world.connect(GATEWAY)
		this.owner = await world.connect()
	}

	async work() {
		let running = true
		const until = Date.now() + seconds * 1000
		const work = Promise.all(this.actors.map((actor) => actor.runWhile(() => running)))
		while (Date.now() < until && this.failed < ENOUGH_FAILURES) {
			await sleep(HALT_EVERY_MS)
			await this.gate.halt(this.actors, () => this.compareAll())
			if (++this.halts % ERA_HALTS === 0) this.world.era++
		}
		running = false
		await work
	}

	/** Each user's truth in one snapshot; nobody commits until all have pulled. */
	async compareAll(everybodyAnew = false) {
		await this.connection.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
		const truths = new Map()
		for (const user of USERS) truths.set(user, await readTruth(this.connection, this.world, user))
		await this.connection.query('COMMIT')
		const fresh = USERS.filter(() => everybodyAnew || this.random.oneIn(6)).map((user) => new Installation(this.world, user, `${user.sub}new`))
		const heirs = this.random.oneIn(2) ? [this.heir()] : []
		for (const one of [...this.installations, ...fresh, ...heirs]) {
			const truth = truths.get(one.user)
			while (await one.pull(this.connection, this.random, {}, truth));
			await this.compare(one, 'an installation that pulled while nobody committed', one.copy.firstDifference(truth))
		}
		for (const puller of this.pullers) {
			const [first] = puller.differences.splice(0)
			if (first !== undefined) await this.compare(first.one, 'an installation that pulled in one snapshot', first.difference)
		}
		this.checkFindings([...fresh, ...heirs])
	}

	/** Somebody signs in on another one's device, with the cookie and the rows that are there. */
	heir() {
		const [one, other] = this.random.shuffled(this.installations)
		const heir = new Installation(this.world, one.user, other.name)
		heir.inherit(other)
		return heir
	}

	async compare(one, what, difference) {
		if (difference === null) return this.check()
		const id = difference.split(' ')[1].replace(/:$/, '')
		const { rows } = await this.owner.query(`SELECT to_jsonb(c) - 'value' - 'created_at' - 'client_group_id' - 'client_id' - 'mutation_id' AS entry
			FROM plasma.changes c WHERE row_id = $1 OR row_id IS NULL ORDER BY xid DESC, row_version DESC LIMIT 12`, [id])
		const { rows: members } = await this.owner.query('SELECT * FROM members WHERE member = $1', [one.user.sub])
		this.check(`${what}: ${one.name} as ${one.user.role} by ${one.user.manner}`, [difference, `chosen ${JSON.stringify(this.world.chosen)}`,
			`memberships ${JSON.stringify(members)}`, ...one.story(id), ...rows.map(({ entry }) => JSON.stringify(entry))].join('\n  '))
		one.forget()
	}

	checkFindings(others) {
		for (const one of [...this.installations, ...others]) {
			const findings = one.findings.splice(0)
			this.check(`what ${one.name} is told is the user's affair`, findings.length > 0 ? `${findings.length} times, such as ${findings[0]}\n  ${one.story(findings[0].split(' ')[4]?.replace(/:$/, '') ?? '').join('\n  ')}` : null)
		}
		for (const actor of this.actors) {
			const [first] = actor.unexpected.splice(0)
			if (first !== undefined) this.check('nobody meets an error but those that a retry cures', first)
		}
	}

	/** What is prepared is ended, and everybody begins anew beside those who go on. */
	async conclude() {
		for (const gid of this.world.prepared.splice(0)) await this.owner.query(`COMMIT PREPARED '${gid}'`)
		await this.compareAll(true)
		const { rows } = await this.owner.query(`SELECT string_agg(format('%s %s: %s', code, object, problem), '; ') AS faults
			FROM plasma.verify() WHERE severity = 'error'`)
		this.check('plasma.verify() has nothing to say', rows[0].faults)
	}

	tell() {
		const sum = (list, of) => list.reduce((total, one) => total + of(one), 0)
		const all = this.installations
		console.log(`# seed ${seed}: ${this.halts} halts, ${sum(this.writers, (one) => one.commits)} commits, ` +
			`${[...this.administrator.done].map(([deed, n]) => `${n} ${deed}`).join(', ')}`)
		console.log(`# ${sum(all, (one) => one.pulls)} pulls, ${sum(this.pullers, (one) => one.audits)} audits, ` +
			`${sum(this.pullers, (one) => one.retries)} retries, ${sum(all, (one) => one.copy.operations)} operations, ` +
			`${sum(all, (one) => one.copy.resets)} resets, ${sum(all, (one) => one.copy.clears)} clears of a table, ` +
			`${sum(all, (one) => one.copy.partialClears)} of a slice, ${sum(all, (one) => one.needless)} dels of rows that were not held`)
	}

	async run() {
		console.log(`# ${seconds} s, seed ${seed}`)
		await this.open()
		await this.work()
		if (this.failed === 0) await this.conclude()
		this.tell()
	}

	async close() {
		for (const gid of this.world.prepared) await this.owner?.query(`ROLLBACK PREPARED '${gid}'`)
		for (const actor of this.actors ?? []) await actor.close()
		await this.connection?.end()
		await this.owner?.end()
		await this.world.drop()
	}
}

const test = new Test()
try {
	await test.run()
	await test.close()
} catch (error) {
	test.check('the test came to its end', error.stack)
}
console.log(`${test.passed} passed, ${test.failed} failed`)
process.exit(test.failed === 0 ? 0 : 1)

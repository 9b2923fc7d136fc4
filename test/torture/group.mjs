// A client group: several tabs with one outbox each, and one copy of the tables that
// they share.  What a mutation is follows from the seed, its tab and its id, so it can
// be sent again at any time.
import { Copy } from '../model/copy.mjs'
import { Random } from '../model/random.mjs'
import { declaration, FIRST_VERSION } from './schema.mjs'

const COUNTERS = ['ticks', 'tallies']

class Tab {
	/** The highest id whose result is known; that a pull told; that no fault may take back. */
	acknowledged = 0
	told = 0
	settled = 0
	/** id → "ran" or "failed", and id → the losses at the time it was said to have been run now. */
	outcomes = new Map()
	runs = new Map()

	constructor(id, seed) {
		this.id = id
		this.seed = seed
	}

	mutation(id) {
		const random = new Random(this.seed + id * 7919)
		const item = () => `i${random.below(80)}`
		const [name, args] = random.weighted([
			[8, () => ['place', { item: item(), a: `p${random.below(9)}`, b: random.below(6) }]],
			[3, () => ['scrap', { item: item() }]],
			[4, () => ['carry', { desk: `d${random.below(40)}`, room: `r${random.below(6)}` }]],
			[3, () => ['crossOver', { one: item(), two: item() }]],
			[2, () => ['refuse', {}]],
			[1, () => ['stumble', {}]]
		])()
		return { id, clientID: this.id, name, args, timestamp: id }
	}

	/** Goes back to what is known to be on the server; the rest is sent again. */
	rewind() {
		this.acknowledged = Math.min(this.acknowledged, this.told)
		for (const id of this.outcomes.keys()) if (id > this.acknowledged) this.outcomes.delete(id)
	}
}

export class Group {
	version = FIRST_VERSION
	cookie = null
	order = 0
	copy = new Copy()
	highest = new Map()
	findings = []

	/** who: whose rooms it sees. */
	constructor(id, seed, tabs, who = id) {
		this.id = id
		this.ctx = JSON.stringify({ sub: who })
		this.tabs = Array.from({ length: tabs }, (_, i) => new Tab(`${id}.${i}`, seed * 31 + i * 104729))
	}

	tab(id) {
		return this.tabs.find((tab) => tab.id === id)
	}

	request(more) {
		return { protocolVersion: 1, schemaVersion: this.version, clientGroupID: this.id, clientID: this.tabs[0].id, ...more }
	}

	/** Columns and tables that the new version does not declare go, as a client's own migration drops them. */
	upgrade(version) {
		this.version = version
		const { tables } = declaration(version)
		for (const [name, rows] of this.copy.tables) {
			if (!(name in tables)) this.copy.tables.delete(name)
			else
				for (const row of rows.values())
					for (const column of Object.keys(row)) if (!(column in tables[name].columns)) delete row[column]
		}
	}

	/** One page of a pull. */
	accept({ cookie, patch, lastMutationIDs }) {
		let reset = false
		for (const operation of patch) {
			reset ||= operation.op === 'clear' && operation.table === undefined
			this.watch(operation)
			this.copy.apply(operation)
		}
		if (reset) for (const tab of this.tabs) tab.told = 0
		this.cookie = cookie
		for (const [id, last] of Object.entries(lastMutationIDs ?? {})) this.tab(id).told = last
		const { order } = readCookie(cookie)
		if (order < this.order) this.findings.push(`${this.id}: the cookie's order fell from ${this.order} to ${order}`)
		this.order = order
	}

	/** Counters only grow: a smaller one is an older row that came after a newer one. */
	watch({ op, table, id, value }) {
		if (op === 'clear') {
			for (const counter of COUNTERS) if (table === undefined || table === counter) this.highest.delete(counter)
			return
		}
		if (!COUNTERS.includes(table)) return
		if (!this.highest.has(table)) this.highest.set(table, new Map())
		const known = this.highest.get(table)
		const before = known.get(id) ?? 0
		const now = op === 'put' ? value.n : 0
		if (now < before) this.findings.push(`${this.id}: ${table} ${id} went back from ${before} to ${now}`)
		known.set(id, now)
	}
}

/** What a client must not do; a test may. */
export function readCookie(cookie) {
	return JSON.parse(Buffer.from(cookie.slice(3), 'base64url').toString())
}

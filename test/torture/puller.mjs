// Pulls a group's copy up to date, page by page, now from one server, now from the other.
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor } from './actor.mjs'
import { readCookie } from './group.mjs'

export class Puller extends Actor {
	pulls = 0
	upgrades = 0
	resets = new Map()
	more = false
	compactions = 0

	/** taste: which servers it asks, "primary", "standby" or "both"; rest: how long it may be away, in ms. */
	constructor(world, group, seed, { taste, limit, rest, report }) {
		super(world, `pull ${group.id}`, seed)
		Object.assign(this, { group, taste, limit, rest, report })
		this.direct = this.random.oneIn(3)
	}

	choose() {
		const { primary, standby } = this.world
		if (standby === null || this.taste === 'primary') return primary
		return this.taste === 'standby' || this.random.oneIn(2) ? standby : primary
	}

	async act() {
		await this.pullFrom(this.choose())
		if (!this.more) await sleep(this.random.below(this.rest))
	}

	async pullFrom(server) {
		const started = performance.now()
		const answer = await this.ask(server, JSON.stringify(this.group.request({ cookie: this.group.cookie, limit: this.limit })))
		if (answer === null) return
		this.pulls++
		this.noteReset(answer, server)
		this.group.accept(answer)
		this.more = answer.hasMore === true
		this.report.served(this, started)
	}

	/** The answer; null where the client had to upgrade first. */
	async ask(server, request) {
		if (this.direct) {
			try {
				return (await this.links.query(server, 'SELECT plasma.pull($1, $2) AS answer', [request, this.group.ctx])).rows[0].answer
			} catch (error) {
				if (error.code !== 'PL003') throw error
				return this.upgrade((await this.links.query(server,
					'SELECT version FROM plasma.declarations WHERE active')).rows[0].version)
			}
		}
		const { rows: [{ status, body }] } = await this.links.query(server,
			`SELECT status, body FROM plasma.http('POST', '/sync/pull', $1, '{}', $2)`, [request, this.group.ctx])
		const answer = JSON.parse(body)
		if (status === 409) return this.upgrade(answer.expected)
		if (status !== 200) throw new Error(`a pull is answered ${status}: ${body}`)
		return answer
	}

	upgrade(version) {
		this.upgrades++
		this.group.upgrade(version)
		return null
	}

	noteReset({ cookie, patch }, server) {
		const reset = patch.some(({ op, table }) => op === 'clear' && table === undefined)
		if (!reset) return
		const cause = this.causeOfReset(this.group.cookie, cookie, server)
		this.resets.set(cause, (this.resets.get(cause) ?? 0) + 1)
	}

	causeOfReset(before, now, server) {
		if (before === null) return 'first pull'
		const [old, fresh] = [readCookie(before), readCookie(now)]
		if (old.epoch !== fresh.epoch) return 'epoch'
		if (old.tl !== fresh.tl) return 'timeline'
		if (this.report.compactions !== this.compactions) {
			this.compactions = this.report.compactions
			return 'perhaps compaction'
		}
		return server === this.world.primary ? 'other, by a primary' : 'other, by a standby'
	}

	/** Everything there is, however many retries that takes. */
	async catchUp(server) {
		const until = Date.now() + 20000
		do {
			this.more = true
			try {
				await this.pullFrom(server)
			} catch (error) {
				if (!this.expects(error)) throw error
				await sleep(10)
			}
			if (Date.now() > until) throw new Error(`${this.group.id} does not come to the end`)
		} while (this.more)
	}
}

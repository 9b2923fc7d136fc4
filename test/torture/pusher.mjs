// Sends a group's outboxes: several tabs in one body, sometimes twice at once,
// sometimes once more though the answer came, until each id is acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor } from './actor.mjs'
import { Links } from './world.mjs'

// Failures that the mutators of others can cause.
const PERMANENT = new Set(['23505', '23503'])

export class Pusher extends Actor {
	pushes = 0
	mutations = 0
	duplicates = 0
	rewinds = 0

	constructor(world, group, seed) {
		super(world, `push ${group.id}`, seed)
		this.group = group
		this.second = new Links(world, `push ${group.id}, too`)
	}

	close() {
		super.close()
		this.second.close()
	}

	/** Mutations of some tabs, mixed, each tab's in the order of their ids. */
	body() {
		const queues = this.random.shuffled(this.group.tabs).slice(0, 1 + this.random.below(this.group.tabs.length))
			.map((tab) => {
				const first = Math.max(1, tab.acknowledged + 1 - (this.random.oneIn(8) ? this.random.below(4) : 0))
				return Array.from({ length: 1 + this.random.below(5) }, (_, i) => tab.mutation(first + i))
			})
		const mutations = []
		while (queues.some((queue) => queue.length > 0)) {
			const queue = this.random.pick(queues)
			if (queue.length > 0) mutations.push(queue.shift())
		}
		return mutations
	}

	async act() {
		await this.send(this.body(), this.random.oneIn(6))
		await sleep(this.random.below(30))
	}

	async send(mutations, twice) {
		const request = JSON.stringify(this.group.request({ mutations }))
		const server = this.world.primary
		const losses = this.world.losses
		const tries = [this.post(this.links, server, request)]
		if (twice) tries.push(this.post(this.second, server, request))
		const ends = await Promise.allSettled(tries)
		for (const { value } of ends) if (value) this.take(value, losses)
		const failure = ends.find(({ status }) => status === 'rejected')
		if (failure) throw failure.reason
	}

	async post(links, server, request) {
		const { rows: [{ status, body }] } = await links.query(server,
			`SELECT status, body FROM plasma.http('POST', '/sync/push', $1, '{}', $2)`, [request, this.group.ctx])
		const answer = JSON.parse(body)
		if (status === 409) this.group.upgrade(answer.expected)
		else if (status === 421) throw Object.assign(new Error('not the primary'), { retry: true })
		else if (status !== 200) throw new Error(`a push is answered ${status}: ${body}`)
		return answer.results
	}

	/** losses: how many there were when the request was sent. */
	take(results, losses) {
		this.pushes++
		for (const result of results) this.settle(this.group.tab(result.clientID), result, losses)
	}

	settle(tab, { id, status, error }, losses) {
		const { name } = tab.mutation(id)
		const say = (what) => this.group.findings.push(`${tab.id}: mutation ${id} (${name}) ${what}`)

		if (status === 'out-of-order') {
			if (this.world.losses === 0) say('is out of order, though nothing was lost')
			this.rewinds++
			tab.rewind()
			return
		}
		if (status === 'duplicate') this.duplicates++
		if (status === 'ok') {
			this.mutations++
			if (tab.runs.get(id) === losses) say('was run twice')
			tab.runs.set(id, losses)
		}
		if (name === 'refuse' && status !== 'failed') say(`always fails, but is answered ${status}`)
		if (status === 'failed' && name !== 'refuse' && !PERMANENT.has(error.code))
			say(`failed: ${error.code} ${error.message}`)
		tab.outcomes.set(id, status === 'failed' ? 'failed' : 'ran')
		if (id === tab.acknowledged + 1) tab.acknowledged = id
	}

	/** At a quiet point: one more of each tab, until it is acknowledged. */
	async flush() {
		const until = Date.now() + 20000
		for (const tab of this.group.tabs) {
			const goal = tab.acknowledged + 1
			while (tab.acknowledged < goal) {
				try {
					await this.send([tab.mutation(tab.acknowledged + 1)], false)
				} catch (error) {
					if (!this.expects(error)) throw error
					await sleep(5)
				}
				if (Date.now() > until) throw new Error(`${tab.id} does not get mutation ${tab.acknowledged + 1} acknowledged`)
			}
		}
	}
}

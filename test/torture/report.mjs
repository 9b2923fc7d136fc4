// Figures: what was done, and how long clients had to wait after each fault.

export class Report {
	compactions = 0
	versions = 0
	faults = new Map()
	#owed = []
	#at = 0

	constructor(pullers) {
		this.pullers = pullers
	}

	began(kind) {
		if (!this.faults.has(kind)) this.faults.set(kind, { done: 0, skipped: 0, lasted: [], waits: [] })
		this.#at = performance.now()
		this.#owed.push({ kind, at: this.#at, waiting: new Set(this.pullers()) })
	}

	ended(kind, done) {
		const fault = this.faults.get(kind)
		fault[done ? 'done' : 'skipped']++
		fault.lasted.push(performance.now() - this.#at)
	}

	/** A client's pull that was sent after a fault has been answered. */
	served(puller, started) {
		for (const { kind, at, waiting } of this.#owed)
			if (started >= at && waiting.delete(puller)) this.faults.get(kind).waits.push(performance.now() - at)
		this.#owed = this.#owed.filter(({ waiting }) => waiting.size > 0)
	}

	lines() {
		const ms = (value) => String(Math.round(value ?? 0)).padStart(6)
		return [...this.faults].sort().map(([kind, { done, skipped, lasted, waits }]) =>
			`${kind.padEnd(24)} ${String(done).padStart(4)} ${String(skipped).padStart(4)} ${ms(middle(lasted))}` +
			` ${ms(middle(waits))} ${ms(Math.max(0, ...waits))}`)
	}

	get injected() {
		return [...this.faults.values()].reduce((sum, { done }) => sum + done, 0)
	}
}

function middle(list) {
	return [...list].sort((a, b) => a - b)[list.length >> 1]
}

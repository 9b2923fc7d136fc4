// Figures: what was done, and how long clients had to wait after each fault.

export class Report {
	compactions = 0
	versions = 0
	faults = new Map()
	#owed = []

	constructor(pullers) {
		this.pullers = pullers
	}

	began(kind) {
		if (!this.faults.has(kind)) this.faults.set(kind, { done: 0, skipped: 0, waits: [] })
		this.#owed.push({ kind, at: performance.now(), waiting: new Set(this.pullers()) })
	}

	ended(kind, done) {
		this.faults.get(kind)[done ? 'done' : 'skipped']++
	}

	/** A client's pull that was sent after a fault has been answered. */
	served(puller, started) {
		for (const { kind, at, waiting } of this.#owed)
			if (started >= at && waiting.delete(puller)) this.faults.get(kind).waits.push(performance.now() - at)
		this.#owed = this.#owed.filter(({ waiting }) => waiting.size > 0)
	}

	lines() {
		return [...this.faults].sort().map(([kind, { done, skipped, waits }]) => {
			const sorted = waits.sort((a, b) => a - b)
			const ms = (value) => String(Math.round(value ?? 0)).padStart(6)
			return `${kind.padEnd(24)} ${String(done).padStart(4)} ${String(skipped).padStart(4)}` +
				`  ${ms(sorted[sorted.length >> 1])} ${ms(sorted.at(-1))}`
		})
	}

	get injected() {
		return [...this.faults.values()].reduce((sum, { done }) => sum + done, 0)
	}
}

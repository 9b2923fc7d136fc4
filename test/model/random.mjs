// Decisions that a seed repeats.

/** Numbers from 0 to 1, exclusive (mulberry32). */
export function generator(seed) {
	let state = seed >>> 0
	return () => {
		state = (state + 0x6d2b79f5) >>> 0
		let t = state
		t = Math.imul(t ^ (t >>> 15), t | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}
}

export class Random {
	constructor(seed) {
		this.next = generator(seed)
	}

	below(n) {
		return Math.floor(this.next() * n)
	}

	/** True once in n times. */
	oneIn(n) {
		return this.below(n) === 0
	}

	pick(list) {
		return list[this.below(list.length)]
	}

	/** Of [weight, choice] pairs. */
	weighted(pairs) {
		let at = this.below(pairs.reduce((sum, [weight]) => sum + weight, 0))
		return pairs.find(([weight]) => (at -= weight) < 0)[1]
	}

	shuffled(list) {
		const result = [...list]
		for (let i = result.length - 1; i > 0; i--) {
			const j = this.below(i + 1)
			;[result[i], result[j]] = [result[j], result[i]]
		}
		return result
	}
}

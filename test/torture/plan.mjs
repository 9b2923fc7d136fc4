// From a seed to the rounds of a run: how commits wait, and which fault comes when.
// Faults are dealt from a deck, so that each kind comes up before one comes again
// and again.  The plan depends on nothing that happens; how what happens at once is
// interleaved is the machine's affair.
import { Random } from '../model/random.mjs'

const DECK = {
	'backend terminated': 2,
	'query cancelled': 1,
	'backend killed': 1,
	'primary killed': 2,
	'primary restarted': 1,
	'standby killed': 1,
	'standby restarted': 1,
	'standby lags': 2,
	'standby promoted': 2,
	'standby promoted late': 1,
	'log compacted': 3,
	'migration': 3,
	'migration interrupted': 1,
	'tables altered': 3,
	'savepoints overflow': 1,
	'checkpoint': 1,
	'log file switched': 1
}

// In turn: commits wait for the standby; for the disk; for nothing.  Each with the
// fault that it is there for.
const MODES = [
	{ synchronous: true, durable: true, faults: ['standby promoted'] },
	{ synchronous: false, durable: false, faults: ['primary killed'] },
	{ synchronous: false, durable: true, faults: ['standby promoted late'] },
	{ synchronous: false, durable: false, faults: ['backend killed'] },
	{ synchronous: true, durable: true, faults: ['standby lags', 'primary killed'] }
]

const ROUND_MS = 2500
const FAULTS_PER_ROUND = 3

export class Plan {
	#deck = []

	constructor(seed) {
		this.random = new Random(seed)
		this.rounds = 0
	}

	#deal() {
		if (this.#deck.length === 0)
			this.#deck = this.random.shuffled(Object.entries(DECK).flatMap(([kind, times]) => Array(times).fill(kind)))
		return this.#deck.pop()
	}

	nextRound() {
		const mode = MODES[this.rounds++ % MODES.length]
		const kinds = [...mode.faults]
		while (kinds.length < FAULTS_PER_ROUND) kinds.push(this.#deal())
		const faults = this.random.shuffled(kinds)
			.map((kind) => ({ kind, at: 100 + this.random.below(ROUND_MS - 500), seed: this.random.below(1e9) }))
			.sort((a, b) => a.at - b.at)
		return { ...mode, ms: ROUND_MS, faults }
	}
}

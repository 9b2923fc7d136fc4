// Whoever works on the database between two halts.  At a halt everybody stands still
// between two statements, in the middle of a transaction perhaps.
import { setTimeout as sleep } from 'node:timers/promises'

export class Gate {
	#open = Promise.resolve()
	#release = null
	#standing = 0

	/** Waits while a halt lasts. */
	async pass() {
		if (this.#release === null) return
		this.#standing++
		await this.#open
	}

	/** work() is done when all of them stand. */
	async halt(actors, work) {
		this.#open = new Promise((release) => { this.#release = release })
		try {
			while (this.#standing < actors.length) await sleep(2)
			return await work()
		} finally {
			const release = this.#release
			this.#release = null
			this.#standing = 0
			release()
		}
	}
}

export class Actor {
	unexpected = []

	constructor(world, gate, random) {
		Object.assign(this, { world, gate, random })
	}

	async open(user) {
		this.connection = await this.world.connect(user)
	}

	async close() {
		await this.connection.end()
	}

	async runWhile(isRunning) {
		while (isRunning()) {
			await this.gate.pass()
			if (isRunning()) await this.attempt()
		}
	}

	async attempt() {
		try {
			await this.act()
		} catch (error) {
			if (!this.expects(error)) this.unexpected.push(`${this.constructor.name}: ${error.code ?? ''} ${error.stack}`)
			await this.connection.query('ROLLBACK').catch(() => sleep(50))
		}
	}
}

// Whoever works on the servers for the length of a round.  An error that a retry
// cures is expected at any moment; every other one is a finding.
import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../model/random.mjs'
import { isRetryable, Links } from './world.mjs'

export class Actor {
	unexpected = []
	retries = 0

	constructor(world, name, seed, settings) {
		this.world = world
		this.name = name
		this.random = new Random(seed)
		this.links = new Links(world, name, settings)
	}

	async runWhile(isRunning) {
		while (isRunning()) await this.attempt()
	}

	async attempt() {
		try {
			await this.act()
		} catch (error) {
			if (!this.expects(error)) this.unexpected.push(`${this.name}: ${error.code ?? ''} ${error.stack}`)
			this.retries++
			await this.recover(error)
			await sleep(5 + this.random.below(20))
		}
	}

	expects(error) {
		return isRetryable(error)
	}

	async recover() {}

	close() {
		this.links.close()
	}
}

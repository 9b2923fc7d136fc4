// Beside the writers: somebody who alters the tables.
import { connect, DECLARATION } from './database.mjs'
import { alter, ALTERATIONS, OBSTACLES } from '../model/alterations.mjs'
import { Random } from '../model/random.mjs'
import { setTimeout as sleep } from 'node:timers/promises'

const DISTURBANCES = [...ALTERATIONS, [`SELECT plasma.ensure_schema('${JSON.stringify(DECLARATION)}')`]]

export class Disturber {
	unexpected = []
	done = 0

	constructor(seed) {
		this.random = new Random(seed)
	}

	async open() {
		this.connection = await connect()
		await this.connection.query(`SET deadlock_timeout = '50ms'; SET lock_timeout = '200ms'`)
	}

	async close() {
		await this.connection.end()
	}

	async runUntil(until) {
		while (Date.now() < until) {
			const statements = this.random.pick(DISTURBANCES)
			try {
				await alter(this.connection, statements)
				this.done++
			} catch (error) {
				if (!OBSTACLES.has(error.code)) this.unexpected.push(`${error.code} ${error.message}: ${statements[0]}`)
				if (error.code === undefined || error.severity === 'FATAL') return
				await this.connection.query('ROLLBACK')
			}
			await sleep(50 + this.random.below(200))
		}
	}
}

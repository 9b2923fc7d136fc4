// Whoever pulls beside the writers, for one installation after the other: a page, or to
// the end, or with an answer that is lost, or from a cookie of long ago; or all of it in
// one snapshot, in which the user is then asked by SELECT what there is to see.
import { Actor } from './actor.mjs'
import { GATEWAY, TABLES } from './schema.mjs'
import { readTruth } from './truth.mjs'

const RETRY = new Set(['40001', '40P01'])

export class Puller extends Actor {
	audits = 0
	retries = 0
	differences = []

	constructor(world, gate, random, installations, busy) {
		super(world, gate, random)
		Object.assign(this, { installations, busy })
	}

	open() {
		return super.open(GATEWAY)
	}

	expects(error) {
		this.retries++
		return RETRY.has(error.code)
	}

	async act() {
		const free = this.installations.filter((one) => !this.busy.has(one))
		const one = this.random.pick(free)
		const deed = this.random.weighted([[10, 'page'], [4, 'toEnd'], [2, 'lost'], [2, 'save'], [1, 'restore'], [5, 'audit'], [1, 'forget']])
		this.busy.add(one)
		try {
			await this[deed](one)
		} finally {
			this.busy.delete(one)
		}
	}

	async page(one) {
		await one.pull(this.connection, this.random)
	}

	async toEnd(one) {
		for (let left = 200; left > 0 && await one.pull(this.connection, this.random); left--);
	}

	async lost(one) {
		await one.ask(this.connection, this.random)
	}

	async save(one) {
		one.save()
	}

	async restore(one) {
		one.restore()
		await this.page(one)
	}

	async forget(one) {
		one.forget()
		await this.page(one)
	}

	/** The locks come first: a table that is truncated is empty to every older snapshot. */
	async audit(one) {
		const { connection, world, random } = this
		const { role } = one.user
		await world.rights.together(async () => {
			await connection.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
			await connection.query(`LOCK TABLE teams, members, seats, ${Object.keys(TABLES).join(', ')} IN ACCESS SHARE MODE`)
			const truth = await readTruth(connection, world, one.user, role)
			while (await one.pull(connection, random, { role, inTransaction: true }, truth));
			await connection.query('COMMIT')
			this.audits++
			const difference = one.copy.firstDifference(truth)
			if (difference !== null) this.differences.push({ one, difference })
		})
	}
}

// What must be true when nobody writes: every client equals the tables, each
// acknowledged mutation was run exactly once, and nothing settled is gone.
import { readTables } from '../model/tables.mjs'
import { readCookie, Group } from './group.mjs'
import { activeVersion, isUnfinished } from './migration.mjs'
import { Puller } from './puller.mjs'
import { declaration, inSight, readSeats } from './schema.mjs'

/** One tab's ids: run or failed, each once, from 1 to the last one, as the client was told. */
function faultsOfTab(tab, last, runs, failures) {
	const faults = []
	for (let id = 1; id <= last; id++) {
		const times = runs.get(`${tab.id} ${id}`) ?? 0
		const failed = failures.has(`${tab.id} ${id}`)
		if (times + (failed ? 1 : 0) !== 1) faults.push(`${tab.id}: mutation ${id} was run ${times} times${failed ? ' and failed' : ''}`)
		const told = tab.outcomes.get(id)
		if (told !== undefined && told !== (failed ? 'failed' : 'ran'))
			faults.push(`${tab.id}: mutation ${id} is said to have ${told}`)
	}
	if (last < tab.acknowledged) faults.push(`${tab.id}: ${tab.acknowledged} is acknowledged, ${last} the last one run`)
	return faults
}

export class Oracle {
	constructor(world, { groups, pushers, pullers, writers, resolver, report, check }) {
		Object.assign(this, { world, groups, pushers, pullers, writers, resolver, report, check })
	}

	async consult() {
		const { world } = this
		await this.resolver.finishAll()
		await Promise.all(this.pushers.map((pusher) => pusher.flush()))
		await world.settle()
		const version = await activeVersion(world)
		await this.catchUp(version)
		const connection = await world.connect(world.primary, 'oracle')
		try {
			const truth = await readTables(connection, declaration(version).tables)
			const seats = await readSeats(connection)
			for (const group of this.groups)
				this.check(`${group.id} equals what it may see of the tables`,
					this.difference(group, inSight(version, truth, seats.get(group.id))))
			await this.checkFresh(version, truth, seats)
			await this.checkLedger(connection, truth)
			await this.checkInstallation(connection)
			this.mark(truth)
		} finally {
			await connection.end()
		}
	}

	/** Over the standby first, then from the primary. */
	async catchUp(version) {
		for (const puller of this.pullers) {
			if (puller.group.version !== version) puller.group.upgrade(version)
			if (this.world.standby !== null && puller.taste !== 'primary') await puller.catchUp(this.world.standby)
			if (puller.taste !== 'standby' || this.world.standby === null) await puller.catchUp(this.world.primary)
		}
	}

	difference(group, truth) {
		const difference = group.copy.firstDifference(truth)
		return difference === null ? null : `${difference}\n    cookie ${JSON.stringify(readCookie(group.cookie))}`
	}

	/** A client that begins now sees the same on each server. */
	async checkFresh(version, truth, seats) {
		const who = this.groups[0].id
		for (const server of [this.world.primary, this.world.standby].filter((one) => one !== null)) {
			const group = new Group(`fresh at ${server.name}`, 0, 0, who)
			group.tabs = [{ id: 'fresh' }]
			group.version = version
			const puller = new Puller(this.world, group, 1, { taste: 'both', limit: 50, rest: 0, report: { served() {}, compactions: 0 } })
			await puller.catchUp(server)
			puller.close()
			this.check(`a new client of ${server === this.world.primary ? 'the primary' : 'the standby'} equals the tables`,
				group.copy.firstDifference(inSight(version, truth, seats.get(who))))
		}
	}

	async checkLedger(connection, truth) {
		const count = async (sql) => new Map((await connection.query(sql)).rows.map(({ key, n }) => [key, Number(n)]))
		const runs = await count(`SELECT client || ' ' || mutation AS key, count(*) AS n FROM runs GROUP BY 1`)
		const failures = await count(`SELECT client_id || ' ' || mutation_id AS key, count(*) AS n FROM plasma.mutation_failures GROUP BY 1`)
		const last = await count('SELECT client_id AS key, last_mutation_id AS n FROM plasma.client_mutations')
		const perTab = await count('SELECT client AS key, count(*) AS n FROM runs GROUP BY 1')
		for (const group of this.groups) {
			const faults = group.tabs.flatMap((tab) => [
				...faultsOfTab(tab, last.get(tab.id) ?? 0, runs, failures),
				...((truth.get('tallies').get(tab.id)?.n ?? 0) === (perTab.get(tab.id) ?? 0) ? [] :
					[`${tab.id}: counted ${truth.get('tallies').get(tab.id)?.n}, run ${perTab.get(tab.id)}`])
			])
			this.check(`each mutation of ${group.id} had one effect`, faults[0] ?? null)
		}
		const behind = this.writers.find(({ name, settled }) => (truth.get('ticks').get(name)?.n ?? 0) < settled)
		this.check('nothing that was settled is gone', behind ? `${behind.name}: tick ${behind.settled} is gone` : null)
	}

	/** Of the settings: these servers may run without fsync, since no machine fails here. */
	async checkInstallation(connection) {
		if (isUnfinished()) return
		const { rows } = await connection.query(`SELECT v::text AS problem FROM plasma.verify() v WHERE code <> 'VF501'`)
		this.check('verify finds nothing', rows[0]?.problem ?? null)
	}

	/** All of it is on both servers now; an answer may have been lost before. */
	mark(truth) {
		for (const tab of this.groups.flatMap((group) => group.tabs)) tab.settled = tab.acknowledged
		for (const writer of this.writers) writer.settled = Math.min(writer.ticks, truth.get('ticks').get(writer.name)?.n ?? 0)
	}
}

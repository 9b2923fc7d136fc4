// The servers as everybody sees them: one primary, at most one standby, which of
// them changes meanwhile; and what may have been lost on the way.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../model/pg.mjs'
import { Server } from './server.mjs'

// The classes and codes that are worth a retry (README, "Wire it to HTTP"), but for
// XX: an internal error is a finding.
const RETRYABLE = /^(08|40|53|57|58|55P03|55006|25006)/
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'])

export function isRetryable(error) {
	return error.retry === true || RETRYABLE.test(error.code ?? '') || isLost(error)
}

/** The connection is gone, and with it the answer. */
export function isLost(error) {
	return UNREACHABLE.has(error.code) || error.severity === 'FATAL' ||
		/^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded|Query read timeout)/.test(error.message)
}

export class World {
	primary = null
	standby = null
	/** Whether commits wait for the standby, and whether they wait for the disk. */
	synchronous = false
	durable = true
	/** Grows with each fault after which a commit that was answered may be gone. */
	losses = 0
	servers = []

	constructor() {
		this.folder = mkdtempSync(join(tmpdir(), 'torture.'))
	}

	newServer() {
		const server = new Server(this.folder, `s${this.servers.length}`, 5433 + this.servers.length)
		this.servers.push(server)
		return server
	}

	async open() {
		const server = this.newServer()
		await server.create()
		this.primary = server
	}

	/** A base backup of the primary, or a copy of what the primary was before its promotion. */
	async addStandby(copied = null) {
		const server = copied ?? this.newServer()
		if (copied === null) await server.copy(this.primary)
		else await server.start()
		this.standby = server
		await this.wire()
	}

	async copyStandby() {
		const server = this.newServer()
		await this.standby.stop()
		await server.follow(this.standby)
		await this.standby.start()
		return server
	}

	/** Tells both servers how commits are to wait. */
	async wire() {
		const waits = this.synchronous && this.standby !== null
		await this.primary.configure({ synchronous_standby_names: waits ? '*' : '',
			synchronous_commit: this.durable ? 'on' : 'off' })
	}

	connect(server, application, settings = '') {
		return connect({
			host: server.folder, port: server.port, user: 'postgres', database: 'postgres',
			application_name: application, connectionTimeoutMillis: 5000, query_timeout: 30000,
			options: `-c statement_timeout=10s ${settings}`
		})
	}

	/** A harness' query on the primary. */
	async ask(sql, parameters, server = this.primary) {
		const connection = await this.connect(server, 'harness', '-c synchronous_commit=local')
		try {
			return (await connection.query(sql, parameters)).rows
		} finally {
			await connection.end()
		}
	}

	async position() {
		return (await this.ask('SELECT pg_current_wal_insert_lsn() AS lsn'))[0].lsn
	}

	/** Everything until now is on the primary's disk, and replayed by the standby. */
	async settle() {
		await this.ask(`SELECT pg_logical_emit_message(true, 'torture', '')`)
		const lsn = await this.position()
		const until = Date.now() + 30000
		while (this.standby?.running) {
			const [{ done }] = await this.ask('SELECT pg_last_wal_replay_lsn() >= $1 AS done', [lsn], this.standby)
			if (done) return
			if (Date.now() > until) throw new Error('the standby does not catch up')
			await sleep(10)
		}
	}

	async close(keep) {
		for (const server of this.servers) {
			if (keep) server.keepLog(keep)
			await server.discard()
		}
		rmSync(this.folder, { recursive: true, force: true })
	}
}

/** Connections of one actor, one per server, made anew where they broke. */
export class Links {
	#open = new Map()

	constructor(world, application, settings) {
		this.world = world
		this.application = application
		this.settings = settings
	}

	async to(server) {
		if (server === null) throw Object.assign(new Error('no such server now'), { retry: true })
		let link = this.#open.get(server)
		if (link === undefined) {
			link = await this.world.connect(server, this.application, this.settings)
			link.on('notice', (notice) => {
				link.unconfirmed ||= /canceling.*wait for synchronous replication/.test(notice.message)
			})
			this.#open.set(server, link)
		}
		return link
	}

	/** A commit that gave up waiting for the standby is not an answered one. */
	async query(server, sql, parameters) {
		const link = await this.to(server)
		link.unconfirmed = false
		try {
			const result = await link.query(sql, parameters)
			if (link.unconfirmed) throw Object.assign(new Error('not replicated'), { retry: true })
			return result
		} catch (error) {
			if (isLost(error)) this.drop(server)
			throw error
		}
	}

	drop(server) {
		this.#open.get(server)?.end().catch(() => {})
		this.#open.delete(server)
	}

	close() {
		for (const server of this.#open.keys()) this.drop(server)
	}
}

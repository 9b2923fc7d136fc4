// A PostgreSQL server of the test: its folder, its process, and ways to end it.
import { execFile } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'

const execute = promisify(execFile)

// The WAL writer sleeps: else it would flush most of what committed without waiting
// for it, and hide what a crash can lose.
const SETTINGS = `
	listen_addresses = ''
	fsync = off
	max_connections = 80
	max_prepared_transactions = 20
	max_locks_per_transaction = 256
	shared_buffers = 64MB
	wal_writer_delay = 10s
	wal_writer_flush_after = 128MB
	wal_keep_size = 128MB
	max_wal_size = 256MB
	checkpoint_timeout = 30s
	autovacuum_naptime = 1s
	deadlock_timeout = 50ms
	max_standby_streaming_delay = 500ms
	wal_retrieve_retry_interval = 100ms
	restart_after_crash = on
	log_line_prefix = '%m [%p] %a '
	timezone = 'Etc/UTC'
	include_if_exists = 'torture.conf'
`

export class Server {
	constructor(folder, name, port) {
		this.folder = folder
		this.name = name
		this.port = port
		this.data = join(folder, name)
		this.log = join(folder, `${name}.log`)
		this.running = false
	}

	async control(...options) {
		// A child that keeps the pipe would keep us waiting; pg_ctl's server has its own log.
		await execute('pg_ctl', ['-D', this.data, '-s', '-w', '-t', '60', ...options])
	}

	async create() {
		await execute('initdb', ['-D', this.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8',
			'--no-sync', '--wal-segsize=4'])
		appendFileSync(join(this.data, 'postgresql.conf'), SETTINGS)
		if (process.env.TEMP_CONFIG)
			appendFileSync(join(this.data, 'postgresql.conf'), readFileSync(process.env.TEMP_CONFIG))
		this.place()
		await this.start()
	}

	/** A streaming standby of another server. */
	async copy(primary) {
		await execute('pg_basebackup', ['-h', primary.folder, '-p', primary.port, '-U', 'postgres', '-D', this.data,
			'-c', 'fast', '-X', 'stream', '--no-sync', '--no-manifest', '-R'])
		this.place()
		await this.start()
	}

	/** The same of a standby that is stopped and about to become the primary: much quicker. */
	async follow(stopped) {
		await execute('cp', ['-a', stopped.data, this.data])
		appendFileSync(join(this.data, 'postgresql.auto.conf'),
			`primary_conninfo = 'host=${stopped.folder} port=${stopped.port} user=postgres'\n`)
		this.place()
	}

	place() {
		rmSync(join(this.data, 'torture.conf'), { force: true })
		appendFileSync(join(this.data, 'postgresql.conf'),
			`unix_socket_directories = '${this.folder}'\nport = ${this.port}\n`)
	}

	/** Settings of this server alone, which its copies do not inherit. */
	async configure(settings) {
		writeFileSync(join(this.data, 'torture.conf'), Object.entries(settings).map(([k, v]) => `${k} = '${v}'\n`).join(''))
		if (this.running) await this.control('reload')
	}

	async start() {
		await this.control('-l', this.log, 'start')
		this.running = true
	}

	async stop(mode = 'fast') {
		this.running = false
		await this.control('-m', mode, 'stop')
	}

	/** The postmaster's id, if it is ours. */
	postmaster() {
		const file = join(this.data, 'postmaster.pid')
		const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0
		return pid > 0 && isIn(pid, this.data) ? pid : null
	}

	/**
	 * kill -9 of the postmaster and of all its children, so that no buffer outlives
	 * it.  It is halted first, or it would see to them.  Until somebody reaps it, its
	 * lock files would keep the next one from starting.
	 */
	async kill() {
		const pid = this.postmaster()
		if (pid === null) throw new Error(`no postmaster runs in ${this.data}`)
		this.running = false
		signal(pid, 'SIGSTOP')
		for (let left = processesIn(this.data); left.length > 0; left = processesIn(this.data)) {
			for (const child of left.filter((one) => one !== pid)) signal(child, 'SIGKILL')
			if (left.length === 1) signal(pid, 'SIGKILL')
			await sleep(5)
		}
		for (const file of [join(this.data, 'postmaster.pid'), join(this.folder, `.s.PGSQL.${this.port}.lock`)])
			rmSync(file, { force: true })
	}

	/** kill -9 of one backend: the others are ended and the server recovers by itself. */
	killBackend(pid) {
		if (isIn(pid, this.data)) signal(pid, 'SIGKILL')
	}

	async promote() {
		await this.control('promote')
	}

	/** Throws the server away, but for its log. */
	async discard() {
		if (this.running) await this.stop('immediate').catch(() => {})
		rmSync(this.data, { recursive: true, force: true })
	}

	/** Lines of the log that no kill explains. */
	crashes() {
		if (!existsSync(this.log)) return []
		return readFileSync(this.log, 'utf8').split('\n')
			.filter((line) => /PANIC:|TRAP:|terminated by signal (?!9:)/.test(line))
	}

	keepLog(target) {
		if (existsSync(this.log)) copyFileSync(this.log, join(target, `${this.name}.log`))
	}
}

function isIn(pid, folder) {
	try {
		return readlinkSync(`/proc/${pid}/cwd`) === folder
	} catch {
		return false
	}
}

/** Nobody but a server works in its data folder. */
function processesIn(folder) {
	return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => isIn(pid, folder))
}

function signal(pid, name) {
	try {
		process.kill(pid, name)
	} catch (error) {
		if (error.code !== 'ESRCH') throw error
	}
}

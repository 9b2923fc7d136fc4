// Writers, clients and somebody who alters the tables at once; in the end every
// client equals the tables, row by row.  Clients with the cursor `row_version > n`
// run beside them and must not: they prove that this test can fail.  What they lose
// by chance may be written again later, so one change is lost to them for certain.
//
//   node test/convergence/run.mjs [seconds] [seed]
//
// needs a server with plasma installed, found by the PG* variables.
import { connect, createDatabase, DECLARATION, dropDatabase, tableRows } from './database.mjs'
import { NaiveClient, SyncClient } from './client.mjs'
import { Disturber } from './disturber.mjs'
import { Writer } from './writer.mjs'

const TABLES = Object.keys(DECLARATION.tables)
const WRITERS = 8
const LIMITS = [1, 3, 10, 40]
const NAIVE_CLIENTS = 2

const seconds = Number(process.argv[2] ?? 20)
const seed = Number(process.argv[3] ?? process.env.SEED ?? Date.now() % 1000000)

let passed = 0
let failed = 0

function check(good, what, detail) {
	console.log(`${good ? 'ok' : 'not ok'} ${passed + failed + 1} - ${what}`)
	if (good) passed++
	else {
		failed++
		if (detail) console.log(`# ${detail}`)
	}
}

/** The transaction with the lower row_version commits after the clients have seen the higher one. */
async function commitOutOfOrder(clients) {
	const [older, younger] = await Promise.all([connect(), connect()])
	await older.query('BEGIN')
	await older.query(`INSERT INTO items (id, n) VALUES ('older', 1)`)
	await younger.query(`INSERT INTO items (id, n) VALUES ('younger', 1)`)
	await Promise.all(clients.map((client) => client.catchUp()))
	await older.query('COMMIT')
	await Promise.all([older.end(), younger.end()])
}

async function main() {
	console.log(`# ${seconds} s, seed ${seed}`)
	await createDatabase()
	const until = Date.now() + seconds * 1000
	const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(seed * 100 + i))
	const disturber = new Disturber(seed)
	const clients = LIMITS.map((limit, i) => new SyncClient(`c${i}`, limit))
	const naive = Array.from({ length: NAIVE_CLIENTS }, () => new NaiveClient())
	const all = [...clients, ...naive]
	const everybody = [...writers, disturber, ...all]

	await Promise.all(everybody.map((one) => one.open()))
	await Promise.all(everybody.map((one) => one.runUntil(until)))
	await commitOutOfOrder(all)
	await Promise.all(all.map((client) => client.catchUp()))
	const truth = await tableRows()
	await Promise.all(everybody.map((one) => one.close()))

	const commits = writers.reduce((sum, writer) => sum + writer.commits, 0)
	const unexpected = writers.flatMap((writer) => writer.unexpected)
	const rows = TABLES.map((table) => `${truth.get(table).size} in ${table}`).join(', ')
	console.log(`# ${commits} commits, ${disturber.done} disturbances; rows: ${rows}`)
	for (const client of clients)
		console.log(`# limit ${client.limit}: ${client.pulls} pulls, ${client.operations} operations, ${client.resets} resets`)

	check(commits > WRITERS * seconds, 'the writers wrote')
	check(unexpected.length === 0, 'no writer met an error that capture could have caused', unexpected[0])
	check(disturber.done > seconds / 2, 'the tables were altered meanwhile')
	check(disturber.unexpected.length === 0, 'without an error', disturber.unexpected[0])
	for (const client of clients) {
		const difference = client.firstDifference(truth)
		check(difference === null, `a client with pages of ${client.limit} equals the tables`, difference)
		check(client.errors.length === 0, `its pulls met no error`, client.errors[0])
	}
	// What is done to a detached partition is not in the log at all.
	const logged = TABLES.filter((table) => table !== 'events')
	const lost = naive.map((client) => client.firstDifference(truth, logged)).filter((d) => d !== null)
	check(lost.length > 0, 'a client with the cursor row_version > n does not', 'it should have lost a change')
	console.log(`# naive: ${lost[0]}`)
	await dropDatabase()
	console.log(`1..${passed + failed}`)
	process.exitCode = failed === 0 ? 0 : 1
}

try {
	await main()
} catch (error) {
	console.log(`Bail out! ${error.message}`)
	process.exitCode = 1
}

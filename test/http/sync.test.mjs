// The sync loop over real HTTP, with the example server in between.
import assert from 'node:assert/strict'
import { after, before, test as run } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createDatabase, dropDatabase, ROLE, startServer, stopServer, VERSION } from './setup.mjs'

let server
let sql

// What waits for ever fails instead.
const test = (name, body) => run(name, { timeout: 30_000 }, body)

before(async () => {
	await createDatabase()
	sql = await connect()
	server = await startServer()
})

after(async () => {
	await sql?.end()
	if (server) assert.equal(await stopServer(server), 0, 'the server ends by itself')
	await dropDatabase()
})

async function send(method, path, body, user = 'ann') {
	const response = await fetch(server.url + path, {
		method,
		body: body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body),
		headers: { 'content-type': 'application/json', ...(user && { 'x-user': user }) }
	})
	const text = await response.text()
	return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
}

const client = (name) => ({
	protocolVersion: 1,
	schemaVersion: VERSION,
	clientGroupID: `group-${name}`,
	clientID: `tab-${name}`
})

const push = (name, mutations, user = name) =>
	send('POST', '/sync/push', { ...client(name), mutations }, user)

const pull = (name, cookie = null, user = name) =>
	send('POST', '/sync/pull', { ...client(name), cookie }, user)

const todo = (id, name, title) => ({ id, name: 'createTodo', args: { id: name, title }, timestamp: 1 })

async function waitFor(query) {
	for (let i = 0; i < 100; i++) {
		if ((await sql.query(query)).rows.length > 0) return
		await sleep(50)
	}
	assert.fail(`nothing came of: ${query}`)
}

test('what one client pushes, another client of the same user pulls', async () => {
	const pushed = await push('ann', [todo(1, 'a1', 'milk')])
	assert.equal(pushed.status, 200)
	assert.equal(pushed.body.ok, true)
	assert.deepEqual(pushed.body.results, [{ id: 1, status: 'ok' }])
	assert.equal(pushed.headers.get('content-type'), 'application/json; charset=utf-8')
	assert.equal(pushed.headers.get('cache-control'), 'no-store')

	const other = await send('POST', '/sync/pull',
		{ ...client('ann'), clientGroupID: 'second', clientID: 'device', cookie: null })
	assert.equal(other.status, 200)
	assert.deepEqual(other.body.patch.filter((op) => op.op === 'put'), [
		{ op: 'put', table: 'todos', id: 'a1', value: { id: 'a1', title: 'milk', rank: null, owner: 'ann' } }
	])
})

test('a mutation is run once, however often it is sent', async () => {
	await push('twice', [todo(1, 'tw1', 'one')])
	const again = await push('twice', [todo(1, 'tw1', 'one')])
	assert.deepEqual(again.body.results, [{ id: 1, status: 'duplicate' }])
	const { rows } = await sql.query("SELECT count(*)::int AS n FROM todos WHERE id = 'tw1'")
	assert.equal(rows[0].n, 1)
})

test('a raw SQL write is seen by the next pull, and only by whom it concerns', async () => {
	const bob = await pull('bob')
	const eve = await pull('eve')
	await sql.query("INSERT INTO todos (id, title, owner) VALUES ('b1', 'by hand', 'bob')")
	const next = await pull('bob', bob.body.cookie)
	assert.deepEqual(next.body.patch.map((op) => [op.op, op.id]), [['put', 'b1']])
	assert.ok(!JSON.stringify((await pull('eve', eve.body.cookie)).body).includes('by hand'))
})

test('GET pulls as POST does', async () => {
	const query = new URLSearchParams({ ...client('ann'), limit: '1000' })
	const got = await send('GET', `/any/prefix/pull?${query}`)
	assert.equal(got.status, 200)
	const posted = await pull('ann')
	assert.deepEqual(got.body.patch, posted.body.patch)
	assert.deepEqual(got.body.lastMutationIDs, posted.body.lastMutationIDs)
})

test('a query string that is none is 400', async () => {
	assert.equal((await send('GET', '/sync/pull?cookie=%zz')).status, 400)
	assert.equal((await send('GET', '/sync/pull?cookie=%ff')).status, 400)
	assert.equal((await send('GET', '/sync/pull?limit=many')).status, 400)
})

test('browsers of other origins are let in', async () => {
	const preflight = await send('OPTIONS', '/sync/push')
	assert.equal(preflight.status, 204)
	assert.equal(preflight.headers.get('access-control-allow-origin'), '*')
	assert.match(preflight.headers.get('access-control-allow-methods'), /POST/)
	assert.equal((await pull('ann')).headers.get('access-control-allow-origin'), '*')
})

test('bytes that are no text are 400', async () => {
	assert.equal((await send('POST', '/sync/push', Uint8Array.of(0x22, 0xff, 0x22))).status, 400)
	assert.equal((await send('POST', '/sync/push', Uint8Array.of(0x22, 0x00, 0x22))).status, 400)
})

test('text that is no request is 400 and says why', async () => {
	const encode = (text) => new TextEncoder().encode(text)
	for (const text of ['', '{', '[]', 'null', '{"a":"\\u0000"}', '{"a":"\\ud800"}', '[1e999999]', '['.repeat(100000)]) {
		const { status, body } = await send('POST', '/sync/push', encode(text))
		assert.equal(status, 400, text.slice(0, 20))
		assert.equal(typeof body.error, 'string')
	}
	const { status, body } = await push('ann', [{ ...todo(2, 'x', 'y'), id: 'two' }])
	assert.equal(status, 400)
	assert.equal(body.code, 'PL005')
	assert.equal(body.path, '$.mutations[0].id')
})

test('a body of 10 MB and a push of too many mutations are 413', async () => {
	assert.equal((await send('POST', '/sync/push', new Uint8Array(10 << 20).fill(0x20))).status, 413)
	const many = Array.from({ length: 201 }, (_, i) => todo(i + 1, `m${i}`, 'many'))
	assert.equal((await push('many', many)).status, 413)
	const { rows } = await sql.query("SELECT count(*)::int AS n FROM todos WHERE title = 'many'")
	assert.equal(rows[0].n, 0)
})

test('other paths are 404, other methods 405', async () => {
	assert.equal((await send('POST', '/sync/elsewhere', {})).status, 404)
	const get = await send('GET', '/sync/push')
	assert.equal(get.status, 405)
	assert.equal(get.headers.get('allow'), 'POST')
	assert.equal((await send('DELETE', '/sync/pull')).headers.get('allow'), 'GET, POST')
})

test('a client group is its first user’s', async () => {
	await push('fay', [todo(1, 'f1', 'mine')])
	const pushed = await push('fay', [todo(2, 'f2', 'yours')], 'eve')
	assert.equal(pushed.status, 403)
	assert.equal(pushed.body.code, 'PL004')
	assert.equal((await pull('fay', null, 'eve')).status, 403)
	assert.equal((await push('fay', [todo(2, 'f3', 'mine too')])).body.results[0].status, 'ok')
})

test('whom the server does not let in gets 401', async () => {
	assert.equal((await pull('ann', null, 'nobody')).status, 401)
})

test('an authentication that gives no ctx lets nobody in', async () => {
	for (const user of ['forgotten', 'text']) {
		const { status, body } = await pull('ann', null, user)
		assert.equal(status, 500)
		assert.deepEqual(body, { error: 'internal error' })
	}
})

test('a client of another schema version is told which to move to', async () => {
	const { status, body } = await send('POST', '/sync/pull', { ...client('ann'), schemaVersion: 'v0', cookie: null })
	assert.equal(status, 409)
	assert.deepEqual(body, { error: 'schema mismatch', expected: VERSION })
})

test('who pulled is remembered', async () => {
	await pull('gil')
	await waitFor("SELECT FROM plasma.readers WHERE client_id = 'tab-gil' AND schema_version IS NOT NULL")
	const seen = () => sql.query("SELECT last_seen, xmin FROM plasma.readers WHERE client_id = 'tab-gil'")
	const first = await seen()
	await pull('gil')
	assert.deepEqual((await seen()).rows, first.rows, 'not written again within the interval')
})

test('a pull waits for nobody who holds what is remembered', async () => {
	const request = JSON.stringify({ ...client('ivy'), cookie: null })
	const rival = await connect()
	await rival.query('BEGIN')
	await rival.query(`SET LOCAL ROLE ${ROLE}`)
	const { rows: [theirs] } = await rival.query(
		`SELECT status FROM plasma.http('POST', '/pull', $1, '{}', '{"sub": "ivy"}')`, [request])
	assert.equal(theirs.status, 200)
	assert.equal((await pull('ivy')).status, 200, 'while another transaction notes the same new client')
	await rival.query('COMMIT')
	await sql.query("UPDATE plasma.readers SET last_seen = last_seen - interval '1 day' WHERE client_id = 'tab-ivy'")
	await rival.query('BEGIN')
	await rival.query("SELECT FROM plasma.readers WHERE client_id = 'tab-ivy' FOR UPDATE")
	assert.equal((await pull('ivy')).status, 200, 'while another transaction holds the row')
	await rival.query('COMMIT')
	await rival.end()
	const { rows } = await sql.query(
		"SELECT last_seen < now() - interval '1 hour' AS old FROM plasma.readers WHERE client_id = 'tab-ivy'")
	assert.deepEqual(rows, [{ old: true }])
})

test('a deadlock is 503, and the same push goes through afterwards', async () => {
	await push('hal', [todo(1, 'h1', 'one'), todo(2, 'h2', 'two')])
	const mutation = { id: 3, name: 'touchBoth', args: { first: 'h2', second: 'h1' }, timestamp: 1 }
	const rival = await connect()
	await rival.query("SET deadlock_timeout = '30s'")
	await rival.query('BEGIN')
	await rival.query("UPDATE todos SET rank = 10 WHERE id = 'h1'")
	const answer = push('hal', [mutation])
	await waitFor("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'plasma.http'")
	await rival.query("UPDATE todos SET rank = 10 WHERE id = 'h2'")
	const { status, headers } = await answer
	await rival.query('COMMIT')
	await rival.end()
	assert.equal(status, 503)
	assert.equal(headers.get('retry-after'), '1')

	assert.deepEqual((await push('hal', [mutation])).body.results, [{ id: 3, status: 'ok' }])
	const { rows } = await sql.query("SELECT rank::int FROM todos WHERE owner = 'hal' ORDER BY id")
	assert.deepEqual(rows.map((row) => row.rank), [11, 11])
})

// A sync server: it reads a request, hands it to plasma.http, sends the answer.
//
//   PORT            where to listen (3000)
//   PGHOST, PG…     the database, as libpq names it
//   CORS_ORIGIN     which pages may call (*)
//   AUTHENTICATE    a module whose default export is authenticate(req), see README.md
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'
import pg from 'pg'

const { PORT = 3000, CORS_ORIGIN = '*', AUTHENTICATE, MAX_BODY = 1 << 20 } = process.env
const RETRYABLE = /^(08|40|53|57|58|72|XX|55P03|55006|25006|25P03|25P04)/

// Says who the caller is: a ctx for plasma, or null to let the role of the connection count.
// Throw an error with a status, such as 401, to refuse.
const authenticate = AUTHENTICATE
	? (await import(pathToFileURL(AUTHENTICATE))).default
	: async () => null

const pool = new pg.Pool({ connectionTimeoutMillis: 5000 })
pool.on('error', (error) => console.error(error.message))

function refusal(status, message) {
	return Object.assign(new Error(message), { status })
}

// The body as text. A body that is too large is read to its end and thrown away,
// so that the client gets to see the answer.
async function readBody(req) {
	const chunks = []
	let size = 0
	for await (const chunk of req) {
		size += chunk.length
		if (size <= MAX_BODY) chunks.push(chunk)
	}
	if (size > MAX_BODY) throw refusal(413, 'the body is too large')
	try {
		const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
		if (!text.includes('\0')) return text
	} catch {}
	throw refusal(400, 'the body is not UTF-8 text')
}

// One statement, and the ctx an argument of it: nothing is left in a connection that
// the next request, which may be another user's, comes by.
async function answer(req) {
	const body = await readBody(req)
	const ctx = await authenticate(req)
	if (typeof ctx !== 'object' || Array.isArray(ctx)) throw new Error('authenticate gave no ctx')
	const values = [req.method, req.url, body, JSON.stringify(req.headers)]
	if (ctx !== null) values.push(JSON.stringify(ctx))
	const placeholders = values.map((_, i) => `$${i + 1}`).join(', ')
	const { rows } = await pool.query(`SELECT * FROM plasma.http(${placeholders})`, values)
	return rows[0]
}

// An error that plasma raised, or no database: 503 where a retry may help.
function failure(error) {
	const json = { 'content-type': 'application/json; charset=utf-8' }
	if (error.status)
		return { status: error.status, headers: json, body: JSON.stringify({ error: error.message }) }
	console.error(error)
	const fromDatabase = error instanceof pg.DatabaseError
	if (fromDatabase ? RETRYABLE.test(error.code) : error.syscall || /connect/i.test(error.message))
		return { status: 503, headers: { ...json, 'retry-after': '1' }, body: '{"error":"try again"}' }
	return { status: 500, headers: json, body: '{"error":"internal error"}' }
}

const server = createServer(async (req, res) => {
	res.setHeader('access-control-allow-origin', CORS_ORIGIN)
	if (req.method === 'OPTIONS') {
		res.writeHead(204, {
			'access-control-allow-methods': 'GET, POST',
			'access-control-allow-headers': 'authorization, content-type',
			'access-control-max-age': '86400'
		})
		return res.end()
	}
	const { status, headers, body } = await answer(req).catch(failure)
	res.writeHead(status, headers).end(body)
})
server.listen(PORT, () => console.log(`listening on port ${server.address().port}`))

for (const signal of ['SIGINT', 'SIGTERM'])
	process.once(signal, () => {
		server.close(() => pool.end())
		server.closeIdleConnections()
	})

// A database of its own, the example server over it, and clients of both.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const pg = createRequire(here('../../examples/package.json'))('pg')

export const DATABASE = 'plasma_http_test'
export const ROLE = 'plasma_http_test_gateway'
export const VERSION = 'http-test-v1'

const DECLARATION = {
	version: VERSION,
	tables: {
		todos: {
			columns: {
				id: { kind: 'id' },
				title: { kind: 'text' },
				rank: { kind: 'int', nullable: true },
				owner: { kind: 'text' }
			},
			auth: { read: "owner = plasma.ctx()->>'sub'", write: "owner = plasma.ctx()->>'sub'" }
		}
	}
}

const MUTATORS = `
CREATE FUNCTION public.create_todo(id text, title text) RETURNS void LANGUAGE sql AS
	$$ INSERT INTO public.todos (id, title, owner) VALUES (id, title, plasma.ctx()->>'sub') $$;
CREATE FUNCTION public.touch_both(first text, second text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.todos SET rank = COALESCE(rank, 0) + 1 WHERE todos.id = first;
	UPDATE public.todos SET rank = COALESCE(rank, 0) + 1 WHERE todos.id = second;
END $$;
SELECT plasma.register_mutator('createTodo', 'public.create_todo(text,text)');
SELECT plasma.register_mutator('touchBoth', 'public.touch_both(text,text)');
`

export async function connect(database = DATABASE) {
	const client = new pg.Client({ database })
	await client.connect()
	return client
}

async function onMaintenance(...statements) {
	const client = await connect(process.env.PGDATABASE ?? 'postgres')
	for (const statement of statements) await client.query(statement)
	await client.end()
}

export async function createDatabase() {
	await dropDatabase()
	await onMaintenance(
		`CREATE ROLE ${ROLE} LOGIN`,
		`CREATE DATABASE ${DATABASE} ENCODING 'UTF8' TEMPLATE template0`
	)
	const client = await connect()
	await client.query('CREATE EXTENSION plasma')
	await client.query('SELECT plasma.ensure_schema($1)', [JSON.stringify(DECLARATION)])
	await client.query(MUTATORS)
	await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON public.todos TO ${ROLE}`)
	await client.query(`SELECT plasma.grant_access('${ROLE}', 'gateway')`)
	await client.end()
}

export async function dropDatabase() {
	await onMaintenance(
		`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`,
		`DROP ROLE IF EXISTS ${ROLE}`
	)
}

export async function startServer() {
	const env = {
		...process.env,
		PGDATABASE: DATABASE,
		PGUSER: ROLE,
		PORT: '0',
		AUTHENTICATE: here('./auth.mjs')
	}
	const child = spawn(process.execPath, [here('../../examples/server.mjs')], {
		env,
		stdio: ['ignore', 'pipe', 'pipe']
	})
	let errors = ''
	child.stderr.on('data', (data) => (errors += data))
	for await (const line of createInterface({ input: child.stdout })) {
		const port = /port (\d+)/.exec(line)?.[1]
		if (port) return { child, url: `http://localhost:${port}`, errors: () => errors }
	}
	throw new Error(`the server did not start: ${errors}`)
}

export async function stopServer({ child }) {
	child.kill('SIGTERM')
	const [code] = await once(child, 'exit')
	return code
}

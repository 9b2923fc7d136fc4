// PostgreSQL's driver, which is a module of the example.
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const pg = createRequire(fileURLToPath(new URL('../../examples/package.json', import.meta.url)))('pg')

// What goes wrong with a connection between two queries is told by the next one.
export async function connect(options) {
	const client = new pg.Client(options)
	client.on('error', () => {})
	await client.connect()
	return client
}

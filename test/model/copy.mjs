// What a client holds: the rows, as the patches of its pulls made them.
import { isDeepStrictEqual } from 'node:util'

export class Copy {
	tables = new Map()
	operations = 0
	resets = 0
	clears = 0
	partialClears = 0

	table(name) {
		if (!this.tables.has(name)) this.tables.set(name, new Map())
		return this.tables.get(name)
	}

	apply({ op, table, id, value, where }) {
		this.operations++
		if (op === 'put') this.table(table).set(id, value)
		else if (op === 'del') this.table(table).delete(id)
		else if (where !== undefined) {
			this.partialClears++
			for (const [held, row] of this.table(table)) if (isWithin(row, where)) this.table(table).delete(held)
		} else if (table !== undefined) {
			this.clears++
			this.table(table).clear()
		} else {
			this.resets++
			this.tables.clear()
		}
	}

	/** The first row in which it differs from the tables, or null. */
	firstDifference(truth, tables = [...truth.keys()]) {
		for (const table of tables) {
			const mine = this.tables.get(table) ?? new Map()
			for (const [id, row] of truth.get(table))
				if (!sameRow(mine.get(id), row))
					return `${table} ${id}: ${JSON.stringify(mine.get(id))} instead of ${JSON.stringify(row)}`
			for (const id of mine.keys())
				if (!truth.get(table).has(id)) return `${table} ${id}: should not be there`
		}
		return null
	}
}

function isWithin(row, where) {
	return Object.entries(where).every(([column, value]) => isDeepStrictEqual(row[column], value))
}

/** A column that is missing in a row is null. */
function sameRow(mine, row) {
	if (mine === undefined) return false
	return Object.keys(mine).every((column) => column in row) &&
		Object.keys(row).every((column) => isDeepStrictEqual(mine[column] ?? null, row[column]))
}

// What writers do to the tables: [weight, random → [SQL, parameters]].
const item = (r) => `i${r.below(80)}`

export const STATEMENTS = [
	[10, (r) => [`INSERT INTO items (id, n, big, body, meta) VALUES ($1, $2, $3, $4, '{"a":[1,null,"x"]}')
		ON CONFLICT (id) DO UPDATE SET n = items.n + 1, body = excluded.body`,
		[item(r), r.below(1000), String(r.below(1e9)), `text "${r.below(1e6)}" \\ \u00e9`]]],
	[6, (r) => [`UPDATE items SET n = n + 1, body = NULL WHERE id = $1`, [item(r)]]],
	[2, (r) => [`UPDATE items SET id = $2 WHERE id = $1
		AND NOT EXISTS (SELECT FROM parts WHERE item = $1)`, [item(r), item(r)]]],
	[3, (r) => [`UPDATE items SET n = n WHERE n < $1`, [r.below(1000)]]],
	[5, (r) => [`DELETE FROM items WHERE id = $1`, [item(r)]]],
	[6, (r) => [`INSERT INTO parts (id, item, done) SELECT $1, id, $2 FROM items ORDER BY id OFFSET $3 LIMIT 1
		ON CONFLICT (id) DO UPDATE SET done = NOT parts.done`, [r.below(60), r.below(2) === 0, r.below(20)]]],
	[3, (r) => [`DELETE FROM parts WHERE id % 7 = $1`, [r.below(7)]]],
	[6, (r) => [`INSERT INTO pairs SELECT 'p' || ($1::int + i) % 9, i, $1 FROM generate_series(1, 5) i
		ON CONFLICT (a, b) DO UPDATE SET n = excluded.n`, [r.below(9)]]],
	[3, (r) => [`WITH gone AS (DELETE FROM pairs WHERE b = $1 RETURNING a, b, n)
		INSERT INTO pairs SELECT 'q' || a, b, n FROM gone WHERE length(a) < 4
		ON CONFLICT (a, b) DO NOTHING`, [r.below(6)]]],
	[4, (r) => [`WITH gone AS (DELETE FROM pairs WHERE a = $1 RETURNING *)
		INSERT INTO pairs SELECT a, 5 - b, n FROM (SELECT * FROM gone OFFSET 0) g
		ON CONFLICT (a, b) DO UPDATE SET n = -1`, [`p${r.below(9)}`]]],
	[5, (r) => [`MERGE INTO items USING (SELECT 'i' || ($1::int + i) % 80 AS id, i FROM generate_series(1, 4) i) s
		ON items.id = s.id
		WHEN MATCHED AND n % 3 = 0 AND NOT EXISTS (SELECT FROM parts WHERE item = items.id) THEN DELETE
		WHEN MATCHED THEN UPDATE SET n = n + s.i, meta = '["merged"]'
		WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, s.i)`, [r.below(80)]]],
	[5, (r) => [`SELECT finish($1)`, [item(r)]]],
	[6, (r) => [`INSERT INTO events SELECT ($1::int + i * 7) % 30, 'e' || i, $1 FROM generate_series(1, 5) i
		ON CONFLICT (k, id) DO UPDATE SET n = events.n + 1`, [r.below(30)]]],
	[4, (r) => [`UPDATE events SET k = (k + $2) % 30, n = n + 1 WHERE k % 6 = $1`, [r.below(6), r.below(15)]]],
	[2, (r) => [`DELETE FROM events WHERE id = $1`, [`e${r.below(6)}`]]],
	[2, (r) => [`UPDATE events_1 SET n = -n WHERE k < $1`, [10 + r.below(10)]]],
	[1, (r) => [`TRUNCATE ${['pairs', 'parts', 'events', 'events_1', 'items, parts'][r.below(5)]}`, []]]
]

// Errors that writers cause each other; 23514: no partition while it is detached.
export const COLLISIONS = new Set(['23505', '23503', '23514', '40P01', '40001'])

-- name: find
SELECT body FROM record WHERE kind = ? AND id = ?

-- name: list_all
SELECT body FROM record WHERE kind = ? AND id > ? ORDER BY id LIMIT ?

-- name: list_owned
SELECT body FROM record WHERE kind = ? AND owner = ? AND id > ? ORDER BY id LIMIT ?

-- name: insert
-- Nothing is inserted where the record exists.
INSERT INTO record (kind, id, owner, expires_us, body) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING

-- name: replace
-- Nothing is replaced where the record is not the one that was read.
UPDATE record SET owner = ?, expires_us = ?, body = ? WHERE kind = ? AND id = ? AND body = ?

-- name: remove
DELETE FROM record WHERE kind = ? AND id = ? RETURNING body

-- name: expired
SELECT kind, id FROM record WHERE expires_us <= ? LIMIT 1000

-- name: note_use
UPDATE record SET used_us = ? WHERE kind = ? AND id = ? AND coalesce(used_us, 0) < ?

-- name: last_use
SELECT used_us FROM record WHERE kind = ? AND id = ?

-- name: note_change
INSERT INTO change (kind, id) VALUES (?, ?)

-- name: cut_changes
DELETE FROM change WHERE number <= (SELECT max(number) FROM change) - 10000

-- name: newest_change
SELECT coalesce(max(number), 0), coalesce(min(number), 0) FROM change

-- name: changes_after
SELECT kind, id FROM change WHERE number > ? ORDER BY number

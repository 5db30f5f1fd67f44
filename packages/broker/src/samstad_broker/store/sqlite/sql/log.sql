-- name: insert_row
-- Add one row; a number that is there already fails.
INSERT INTO row (number, time_us, kind, tenant, snapshot, subject, payload, matched, document, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: rows_after
-- Rows after a number up to another one, in order.
SELECT number, time_us, kind, tenant, snapshot, subject, payload, matched, document, checksum
FROM row
WHERE number > ? AND number <= ?
ORDER BY number
LIMIT ?

-- name: last_row
-- The last number and its time; no row when the stretch is empty.
SELECT number, time_us FROM row ORDER BY number DESC LIMIT 1

-- name: first_row
-- The first number and its time; no row when the stretch is empty.
SELECT number, time_us FROM row ORDER BY number LIMIT 1

-- name: put_entity
-- Save an entity; created again, it gets its new sequence.
INSERT INTO entity (tenant, snapshot, id, sequence, document)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id, tenant, snapshot) DO UPDATE SET sequence = excluded.sequence, document = excluded.document

-- name: delete_entity
-- Forget an entity, if it is there.
DELETE FROM entity WHERE (tenant, snapshot, id) IN (VALUES (?, ?, ?))

-- name: all_entities
-- Every entity in the order of creation.
SELECT tenant, snapshot, id, sequence, document FROM entity ORDER BY sequence

-- name: get_cursor
-- The last log row that the entities hold.
SELECT epoch, number FROM cursor

-- name: put_cursor
-- Move the cursor.
UPDATE cursor SET epoch = ?, number = ?

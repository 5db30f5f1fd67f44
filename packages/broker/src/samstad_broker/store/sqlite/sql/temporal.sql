-- name: get_cursor
-- The last log row that the index holds.
SELECT epoch, number FROM cursor

-- name: put_cursor
-- Move the cursor.
UPDATE cursor SET epoch = ?, number = ?

-- name: find_name
SELECT id FROM name WHERE text = ?

-- name: name_text
SELECT text FROM name WHERE id = ?

-- name: add_name
INSERT INTO name (text) VALUES (?) RETURNING id

-- name: find_space
SELECT id FROM space WHERE tenant = ? AND snapshot = ?

-- name: add_space
INSERT INTO space (tenant, snapshot) VALUES (?, ?) RETURNING id

-- name: find_entity
SELECT key, id, created_at, modified_at, deleted_at, types FROM known WHERE id = ? AND space = ?

-- name: last_entity_key
-- The last key that was ever given.
SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entity'), 0)

-- name: put_entity
-- What is known of an entity after a batch of rows; a new one begins with it.
INSERT INTO entity (key, space, id, created_at, modified_at, deleted_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET created_at = excluded.created_at, modified_at = excluded.modified_at,
                                deleted_at = excluded.deleted_at

-- name: add_type
INSERT INTO entity_type (space, type, entity, ordinal)
VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: add_attribute
INSERT INTO entity_attribute (space, attribute, entity)
VALUES (?, ?, ?) ON CONFLICT DO NOTHING

-- name: attributes_of
SELECT attribute, name.text FROM entity_attribute JOIN name ON name.id = attribute WHERE entity = ?

-- name: add_instance
INSERT INTO instance (entity, attribute, observed_us, epoch, position, ordinal,
                      dataset, created_us, modified_us, deleted_us, number, body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING

-- name: instance_at
-- One instance by its place in the log.
SELECT observed_us, body FROM instance INDEXED BY instance_by_place
WHERE epoch = ? AND position = ? AND ordinal = ? AND entity = ? AND attribute = ?

-- name: instances_after
-- A slice of one attribute in the order of the table, to be rewritten; times of observation stay.
SELECT observed_us, epoch, position, ordinal, body FROM instance NOT INDEXED
WHERE entity = ? AND attribute = ? AND (observed_us, epoch, position, ordinal) > (?, ?, ?, ?)
ORDER BY observed_us, epoch, position, ordinal LIMIT ?

-- name: forget_instance
DELETE FROM instance
WHERE entity = ? AND attribute = ? AND observed_us = ? AND epoch = ? AND position = ? AND ordinal = ?

-- name: forget_attribute
DELETE FROM instance WHERE entity = ? AND attribute = ?

-- name: forget_dataset
DELETE FROM instance WHERE entity = ? AND attribute = ? AND dataset = ?

-- name: forget_outdated
-- Instances of an attribute whose every time lies before one.
DELETE FROM instance
WHERE entity = ?1 AND attribute = ?2 AND observed_us < ?3 AND created_us < ?3 AND modified_us < ?3
  AND coalesce(deleted_us, ?3 - 1) < ?3

-- name: has_instances
SELECT EXISTS (SELECT 1 FROM instance WHERE entity = ? AND attribute = ?)

-- name: has_dataset
SELECT EXISTS (SELECT 1 FROM instance WHERE entity = ? AND attribute = ? AND dataset = ?)

-- name: forget_entity_attribute
DELETE FROM entity_attribute WHERE entity = ? AND attribute = ?

-- name: forget_entity_types
DELETE FROM entity_type WHERE entity = ?

-- name: forget_entity
DELETE FROM entity WHERE key = ?

-- name: all_entities
-- A page of entities as one JSON text: a statement lets go of the interpreter at every row that it yields.
SELECT json_group_array(json_array(key, id, created_at, modified_at, deleted_at, types)) FROM (
    SELECT * FROM known WHERE space = ?1 AND key > ?2 ORDER BY key LIMIT ?3
)

-- name: entities_of_type
-- The same, of one type; of those with one of the attributes in ?5, where it is given.
SELECT json_group_array(json_array(key, id, created_at, modified_at, deleted_at, types)) FROM (
    SELECT known.* FROM entity_type CROSS JOIN known ON known.key = entity_type.entity
    WHERE entity_type.space = ?1 AND entity_type.type = ?4 AND entity_type.entity > ?2
      AND (?5 IS NULL OR EXISTS (
          SELECT 1 FROM entity_attribute AS has
          WHERE has.entity = entity_type.entity AND has.attribute IN (SELECT value FROM json_each(?5))
      ))
    ORDER BY entity_type.entity LIMIT ?3
)

-- name: entities_of_attribute
SELECT json_group_array(json_array(key, id, created_at, modified_at, deleted_at, types)) FROM (
    SELECT known.* FROM entity_attribute CROSS JOIN known ON known.key = entity_attribute.entity
    WHERE entity_attribute.space = ?1 AND entity_attribute.attribute = ?4 AND entity_attribute.entity > ?2
    ORDER BY entity_attribute.entity LIMIT ?3
)

-- name: has_one_attribute
SELECT EXISTS (
    SELECT 1 FROM entity_attribute WHERE entity = ? AND attribute IN (SELECT value FROM json_each(?))
)

-- name: window
-- Instances of one attribute in a window as one JSON array. $TIME and $ORDER are put in from a fixed table:
-- a column, and ASC or DESC.
SELECT '[' || group_concat(text, ',') || ']' FROM (
    SELECT '{"instanceId":"urn:ngsi-ld:AttributeInstance:' || epoch || '-' || position || '-' || ordinal
           || '",' || substr(body, 2) AS text
    FROM instance
    WHERE entity = ?1 AND attribute = ?2 AND $TIME >= ?3 AND $TIME < ?4
      AND (?5 IS NULL OR dataset IN (SELECT value FROM json_each(?5)))
    ORDER BY $TIME $ORDER, epoch $ORDER, position $ORDER, ordinal $ORDER LIMIT ?6
)

-- name: numbers
-- Times and numbers of an attribute in a window, as JSON arrays, the first and last of the datasets, and how
-- many are no numbers.
SELECT min(dataset), max(dataset), count(*) - count(number), '[' || group_concat(time_us, ',') || ']',
       '[' || group_concat(number, ',') || ']'
FROM (
    SELECT dataset, $TIME AS time_us, number FROM instance
    WHERE entity = ?1 AND attribute = ?2 AND $TIME >= ?3 AND $TIME < ?4
      AND (?5 IS NULL OR dataset IN (SELECT value FROM json_each(?5)))
    ORDER BY $TIME, epoch, position, ordinal
)

-- name: all_numbers
-- The same by observedAt and of all datasets, which most who aggregate ask for, in two thirds of the time: the
-- table itself stands in this order, and NOT INDEXED makes it be read in its own.
SELECT min(dataset), max(dataset), count(*) - count(number), '[' || group_concat(observed_us, ',') || ']',
       '[' || group_concat(number, ',') || ']'
FROM instance NOT INDEXED
WHERE entity = ?1 AND attribute = ?2 AND observed_us >= ?3 AND observed_us < ?4

-- name: dataset_numbers
-- The same, for each dataset.
SELECT dataset, count(*) - count(number), '[' || group_concat(time_us, ',') || ']',
       '[' || group_concat(number, ',') || ']'
FROM (
    SELECT dataset, $TIME AS time_us, number FROM instance
    WHERE entity = ?1 AND attribute = ?2 AND $TIME >= ?3 AND $TIME < ?4
      AND (?5 IS NULL OR dataset IN (SELECT value FROM json_each(?5)))
    ORDER BY dataset, $TIME, epoch, position, ordinal
)
GROUP BY dataset

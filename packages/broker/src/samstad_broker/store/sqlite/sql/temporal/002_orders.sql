-- Windows by each temporal property are read in its order, ties in the order of the log, without sorting.

DROP INDEX instance_by_modified;

CREATE INDEX instance_by_modified ON instance (entity, attribute, modified_us, epoch, position, ordinal);

CREATE INDEX instance_by_created ON instance (entity, attribute, created_us, epoch, position, ordinal);

DROP INDEX instance_by_deleted;

CREATE INDEX instance_by_deleted ON instance (entity, attribute, deleted_us, epoch, position, ordinal)
WHERE deleted_us IS NOT NULL;

"""The administration of a node over HTTP: ``/admin/v1``, for those who may administer."""

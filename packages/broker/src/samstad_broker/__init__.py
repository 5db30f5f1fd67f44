"""The NGSI-LD context broker: one durable change log, everything else a projection of it."""

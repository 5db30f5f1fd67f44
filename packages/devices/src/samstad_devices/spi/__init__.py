"""The ports of the service: what it asks of the world, as narrow as it needs it."""

"""What the service asks of what surrounds it."""

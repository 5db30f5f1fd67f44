"""What the service needs of others, as small protocols that it owns."""

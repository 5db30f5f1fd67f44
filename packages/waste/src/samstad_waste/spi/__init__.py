"""What the service needs of the world around it."""

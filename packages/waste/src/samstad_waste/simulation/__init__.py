"""The simulated street: bins that fill, vehicles that drive."""

"""What the service does with what it hears: one fleet of controllers, written out as entities."""

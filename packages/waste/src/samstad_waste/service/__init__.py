"""Use cases: what is done with bins when something is told or asked."""

"""The demo: an invented district that lives, fed into a node from outside over its HTTP API."""

"""Pages at the node's address."""

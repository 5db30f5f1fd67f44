"""Import of files: read and checked whole, then written in batches over the HTTP API of a node."""

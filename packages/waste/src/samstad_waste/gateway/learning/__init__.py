"""Learning from tables of emptyings; the libraries for it are imported when something is learned."""

"""LwM2M 1.1 without its sockets: objects, values and their forms, what a client says of itself."""

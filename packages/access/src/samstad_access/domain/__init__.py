"""What access is about, without I/O, clock or randomness: principals, roles, credentials, audit."""

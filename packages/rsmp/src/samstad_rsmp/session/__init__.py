"""Sessions of both roles without I/O: bytes and time in, events and bytes out."""

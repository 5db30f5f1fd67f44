"""The thin shells around the sessions: sockets, TLS, disk, clock and chance, on asyncio."""

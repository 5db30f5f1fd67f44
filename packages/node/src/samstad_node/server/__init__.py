"""The node's HTTP server: the plain application and other ASGI apps on one port."""

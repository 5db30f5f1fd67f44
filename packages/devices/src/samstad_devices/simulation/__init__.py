"""Devices that are not there: they speak with a node over real sockets, each by a way of its own."""

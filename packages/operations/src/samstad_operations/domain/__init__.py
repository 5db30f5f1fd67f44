"""Decisions without I/O: rules, hours, and how an incident goes on."""

"""Incidents and messages in SQLite."""

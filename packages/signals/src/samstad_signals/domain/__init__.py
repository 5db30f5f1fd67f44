"""Decisions about signals as pure functions; every time is an argument (I7)."""

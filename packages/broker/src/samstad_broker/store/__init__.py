"""Stores: in memory and SQLite; both pass the same contract tests."""

"""Distributed operations: sources asked at once, their answers joined."""

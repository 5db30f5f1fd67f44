"""Batch operations: many entities in one request (clauses 5.6.7 to 5.6.10 and 5.6.20)."""

"""The stores of access: in memory, and in SQLite."""

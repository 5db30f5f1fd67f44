"""Use cases: one operation of the standard per file."""

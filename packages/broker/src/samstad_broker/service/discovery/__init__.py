"""Which types and attributes there are (clauses 5.7.5 to 5.7.10), answered from counts, without a scan."""

"""The query languages of NGSI-LD: parsers, evaluators and what an index can use of them (no I/O)."""

"""Entities at the edge: read into documents and represented again (CIM 009 v1.9.1, clause 4.5)."""

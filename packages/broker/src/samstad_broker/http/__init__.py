"""The HTTP binding (CIM 009 clause 6) as plain functions under adapters."""

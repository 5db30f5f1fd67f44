"""The use cases: identify, decide, administer keys and principals, log in, keep the audit trail."""

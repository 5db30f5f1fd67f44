"""What access needs from elsewhere: a store, a source of keys, sinks for audit and attention."""

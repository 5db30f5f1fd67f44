"""Pure rules of the broker: rows, state, matching. No I/O, no clock."""

"""Where messages come in and commands go out: one adapter for each protocol and network."""

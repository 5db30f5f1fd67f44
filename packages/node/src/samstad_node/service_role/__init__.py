"""A service in a process of its own: what the contract of ``samstad_plugin`` promises it."""

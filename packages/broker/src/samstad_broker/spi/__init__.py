"""Ports that the broker owns and others fill: Store, Authorizer, Forwarder, Clock."""

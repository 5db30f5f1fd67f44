"""The policy: Cedar with a schema that is always enforced."""

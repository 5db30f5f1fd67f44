"""What a node keeps of devices beside their entities: raw frames, when each was heard, credentials."""

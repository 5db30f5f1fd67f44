"""What others may ask: messages and duty."""

"""Takes alerts in, and plans and sends messages."""

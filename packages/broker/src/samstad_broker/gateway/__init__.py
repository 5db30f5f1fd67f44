"""The broker's way out: notifications over HTTP and MQTT, and the rules for where they may go."""

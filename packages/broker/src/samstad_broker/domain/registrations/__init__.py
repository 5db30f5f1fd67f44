"""Context source registrations: what they say, whom they concern, which exclude each other (5.2.9, 5.12)."""

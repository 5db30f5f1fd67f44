"""Alerts to people: who is told what, when, by which way; kept until it was sent."""
